"""Days left for people to read, counted for a whole page with one question to the calendar."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, timedelta

from reviews import calendar
from reviews.models import CalendarDay

SOON = 2  # working days after today; from there on a last day is shown in amber


def days_left(today: date, last_days: Iterable[date]) -> dict[date, int]:
    """For each last day the working days after today: 0 on the last day itself, below 0 when it
    is over. A last day that passed without a working day since is over all the same: -1."""
    days = set(last_days)
    if not days:
        return {}
    workdays = list(
        CalendarDay.objects.filter(
            date__range=(min(today, *days), max(today, *days)), is_workday=True
        )
        .order_by("date")
        .values_list("date", flat=True)
    )
    here = bisect_right(workdays, today)
    left = {day: bisect_right(workdays, day) - here for day in days}
    return {day: min(count, -1) if day < today else count for day, count in left.items()}


def last_soon_day(today: date) -> date:
    """The last day that still counts as soon."""
    try:
        return calendar.add_workdays(today, SOON, count_start=False)
    except calendar.CalendarMissing:
        return today + timedelta(days=SOON)


def workdays_between(start: date, end: date) -> int:
    """Working days after `start`, up to and with `end`."""
    return CalendarDay.objects.filter(date__gt=start, date__lte=end, is_workday=True).count()
