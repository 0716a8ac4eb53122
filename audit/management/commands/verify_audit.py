from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.models import Entry
from audit.services import first_broken_entry


class Command(BaseCommand):
    help = "Verify the audit chain: every entry's hash and its place behind the one before it."

    def handle(self, *args: Any, **options: Any) -> None:
        if broken := first_broken_entry():
            raise CommandError(f"The audit chain is broken at entry {broken}.")
        self.stdout.write(f"The audit chain is whole: {Entry.objects.count()} entries.")
