from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviews import calendar

PROVISIONAL = "按周末推算，待按放假安排更正"


class Command(BaseCommand):
    help = (
        "Enter the working days of a year: as published, or with --weekends as a first draft "
        "that the administrator corrects when the State Council's notice is out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("year", type=int)
        parser.add_argument("--weekends", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        year = options["year"]
        if options["weekends"]:
            count = calendar.fill_by_weekends(year, source=PROVISIONAL)
            self.stdout.write(f"{year}: {count} days entered by weekends; correct them by hand.")
            return
        try:
            calendar.ensure_year(year)
        except calendar.CalendarMissing as error:
            raise CommandError(f"{error} (--weekends enters a first draft of the year.)") from error
        self.stdout.write(f"{year}: complete.")
