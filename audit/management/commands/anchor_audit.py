from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from audit.anchors import drop_anchor


class Command(BaseCommand):
    help = "Write the head of the audit chain to AUDIT_ANCHOR_FILE and mail it, once a day."

    def handle(self, *args: Any, **options: Any) -> None:
        if anchor := drop_anchor():
            self.stdout.write(f"Anchored at entry {anchor.seq} in {settings.AUDIT_ANCHOR_FILE}.")
        else:
            self.stdout.write("There is no act to anchor yet.")
