from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.inspections import note
from audit.models import Subject
from operations.backup import back_up
from operations.postgres import ProgramFailed


class Command(BaseCommand):
    help = "Back up the database and all files, while the installation runs, into a new folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("target", type=Path, help="a folder that does not exist yet")

    def handle(self, *args: Any, target: Path, **options: Any) -> None:
        if target.exists():
            raise CommandError(f"{target} exists already; a backup is never written over another.")
        try:
            missing = back_up(target)
        except ProgramFailed as error:
            raise CommandError(str(error)) from error
        gone = [f"file {name} is gone" for name in missing]
        note(Subject.BACKUP, faults=gone)
        if missing:
            raise CommandError(
                "\n".join([f"{target} is written, but rows name files that are gone:", *missing])
            )
        self.stdout.write(f"Backed up into {target}.")
