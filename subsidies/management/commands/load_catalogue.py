from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from subsidies.catalogue.files import load_catalogue_files
from subsidies.catalogue.loader import Outcome, load_catalogue
from subsidies.catalogue.schema import FOLDER, CatalogueProblems


class Command(BaseCommand):
    help = "Load the policy editions of a folder into the database, after checking all of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
        parser.add_argument(
            "--check",
            action="store_true",
            help="only check the files; needs no database",
        )

    def handle(self, *args: Any, folder: Path, check: bool, **options: Any) -> None:
        try:
            files = load_catalogue_files(folder)
        except CatalogueProblems as error:
            raise CommandError(str(error)) from error
        if check:
            self.stdout.write(_("%d 个版本，没有发现问题。") % len(files.editions))
            return
        loaded = load_catalogue(files)
        refused = [row.edition for row in loaded if row.outcome is Outcome.REFUSED]
        if refused:
            raise CommandError("\n".join(_refusal(edition.name) for edition in refused))
        for row in loaded:
            self.stdout.write(f"{row.edition.name}: {_said(row.outcome)} {row.edition.sha256[:12]}")


def _said(outcome: Outcome) -> str:
    return _("已发布") if outcome is Outcome.PUBLISHED else _("没有变化")


def _refusal(name: str) -> str:
    return _(
        "%(name)s: 已发布的版本不能改。请恢复原文件，把改动另存为新文件、改用新日期"
        "（即一个新版本）。全部文件都没有载入。"
    ) % {"name": name}
