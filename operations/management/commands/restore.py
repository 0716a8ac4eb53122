from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from operations.manifest import BackupRefused
from operations.postgres import ProgramFailed
from operations.restore import restore


class Command(BaseCommand):
    help = "Restore a backup into an empty installation and check that all is whole."
    # Without tables there is nothing to check yet.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, help="the folder that `backup` wrote")
        parser.add_argument(
            "--replace", action="store_true", help="delete what is here: the database and all files"
        )

    def handle(self, *args: Any, source: Path, replace: bool, **options: Any) -> None:
        try:
            done = restore(source, replace=replace)
        except (BackupRefused, ProgramFailed) as error:
            raise CommandError(str(error)) from error
        except OperationalError as error:
            raise CommandError(
                f"The database is in use ({error}): stop web, worker and beat first."
            ) from error
        if done.in_doubt:
            self.stdout.write(
                f"{done.in_doubt} mails that were open at the time of the backup may have gone out "
                "since and are not sent: decide on each on the page 失败的任务."
            )
        if done.faults:
            raise CommandError("\n".join(["Restored, but not everything is whole:", *done.faults]))
        self.stdout.write(
            "Restored; ledger, settlements, audit chain, anchors, receipts and files are whole."
        )
