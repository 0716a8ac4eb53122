from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.refusals import Refused
from subsidies.ledger.models import CompanyYear
from subsidies.ledger.settlement import settle, stored_differences


class Command(BaseCommand):
    help = (
        "Settle every company's policy year under its annual cap. Run again, it makes nothing "
        "new where no figure has changed. Then SQL works all of them out once more and compares."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--year", type=int, help="the policy year; left out: all")
        parser.add_argument("--uscc", help="one company's code; left out: all")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = CompanyYear.objects.filter(company__merged_into__isnull=True)
        rows = rows.select_related("company", "district").order_by("pk")
        if options["year"]:
            rows = rows.filter(year=options["year"])
        if options["uscc"]:
            rows = rows.filter(company__uscc=options["uscc"])
        new = same = 0
        for row in rows:
            newest = row.settlements.first()
            try:
                settlement = settle(row.company, row.district, row.year, by=None)
            except Refused as refusal:
                self.stderr.write(str(refusal))
                continue
            if settlement == newest:
                same += 1
                continue
            new += 1
            for adjustment in settlement.adjustments.all():
                self.stdout.write(f"{row}: {adjustment} {adjustment.award}")
        self.stdout.write(f"{new} settled anew, {same} as before.")
        if differences := stored_differences():
            raise CommandError("\n".join(differences))
