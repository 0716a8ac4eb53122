from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from audit.anchors import drop_anchor
from audit.models import Inspection, Subject


class Command(BaseCommand):
    help = "Write the head of the audit chain to AUDIT_ANCHOR_FILE and mail it, once a day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--anew",
            action="store_true",
            help="go on although the file has lost anchors, once it is known why",
        )

    def handle(self, *args: Any, anew: bool, **options: Any) -> None:
        anchor = drop_anchor(anew=anew)
        if anchor is None:
            self.stdout.write("There is no act to anchor yet.")
            return
        if fault := Inspection.objects.get(subject=Subject.ANCHOR).first_fault:
            raise CommandError(f"{fault}.")
        self.stdout.write(f"Anchored at entry {anchor.seq} in {settings.AUDIT_ANCHOR_FILE}.")
