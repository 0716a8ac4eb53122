"""The working days on which the demo's past happened."""

from bisect import bisect_left
from datetime import date, datetime, timedelta
from random import Random

from django.utils import timezone

from reviews import calendar
from reviews.models import CalendarDay

PROVISIONAL = "演示：按周末推算"
HISTORY = timedelta(days=420)


class Workdays:
    """The working days around today, each known by its place in their row."""

    def __init__(self, today: date) -> None:
        # The next year too: a demo that is kept over New Year goes on counting days.
        for year in range((today - HISTORY).year, today.year + 2):
            ensure_calendar(year)
        self._days = list(
            CalendarDay.objects.filter(is_workday=True, date__gte=today - HISTORY)
            .order_by("date")
            .values_list("date", flat=True)
        )
        # Today, or the first working day after it. What happened has a smaller place.
        self.today = bisect_left(self._days, today)

    def day(self, place: int) -> date:
        return self._days[place]

    def moment(self, place: int, random: Random) -> datetime:
        """Some minute of the office hours of a working day."""
        opening = datetime.combine(
            self.day(place), datetime.min.time(), timezone.get_default_timezone()
        )
        return opening + timedelta(minutes=random.randint(8 * 60 + 40, 16 * 60))


def ensure_calendar(year: int) -> None:
    """Fill a year's calendar; one that the State Council has not published yet by its weekends,
    which only a demo may do: a time limit that a holiday moves would be wrong."""
    try:
        calendar.ensure_year(year)
    except calendar.CalendarMissing:
        calendar.fill_by_weekends(year, source=PROVISIONAL)
