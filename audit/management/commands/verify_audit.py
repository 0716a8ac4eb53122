from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.anchors import read_lines
from audit.models import Entry
from audit.verification import verify_chain


class Command(BaseCommand):
    help = (
        "Verify the audit chain: every entry's hash, its place behind the one before it, and "
        "whether the chain keeps what its anchors saw."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--anchor",
            type=Path,
            metavar="FILE",
            help="other anchors than those of AUDIT_ANCHOR_FILE, such as the lines of the mails",
        )

    def handle(self, *args: Any, anchor: Path | None, **options: Any) -> None:
        if anchor and not anchor.is_file():
            raise CommandError(f"There is no file {anchor}.")
        if faults := verify_chain(read_lines(anchor) if anchor else None):
            raise CommandError("\n".join(fault[0].upper() + fault[1:] + "." for fault in faults))
        self.stdout.write(f"The audit chain is whole: {Entry.objects.count()} entries.")
