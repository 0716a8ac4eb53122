"""Working days, by the table that the administrator keeps. A year that is not in it is filled
from the published calendar; where none is published yet, nothing is guessed."""

from datetime import date, timedelta

import chinese_calendar
from django.utils.translation import gettext as _

from accounts.refusals import Refused
from reviews.models import CalendarDay

SATURDAY = 5
SOURCE = "国务院办公厅放假安排（chinesecalendar）"


class CalendarMissing(Refused):
    """The working days of a year are not known yet."""


def ensure_year(year: int) -> None:
    """Fill what is missing of a year; days that the administrator entered stay as they are.

    A year is known when all its days are in the table: one corrected day is no calendar.
    Raises CalendarMissing if it is neither entered nor published.
    """
    days = _days_of(year)
    if CalendarDay.objects.filter(date__year=year).count() == len(days):
        return
    try:
        rows = [
            CalendarDay(
                date=day,
                is_workday=chinese_calendar.is_workday(day),
                name=chinese_calendar.get_holiday_detail(day)[1] or "",
                source=SOURCE,
            )
            for day in days
        ]
    except NotImplementedError:
        raise CalendarMissing(
            _("%(year)s 年的工作日历还没有录入，不能计算工作日。请系统管理员先录入。")
            % {"year": year}
        ) from None
    CalendarDay.objects.bulk_create(rows, ignore_conflicts=True)


def fill_by_weekends(year: int, *, source: str) -> int:
    """Enter a year that is not published: weekends are free, all else is to be corrected by hand.
    Days that are there stay. Gives the number of days entered; `source` says who did it."""
    before = CalendarDay.objects.filter(date__year=year).count()
    CalendarDay.objects.bulk_create(
        (
            CalendarDay(date=day, is_workday=day.weekday() < SATURDAY, source=source)
            for day in _days_of(year)
        ),
        ignore_conflicts=True,
    )
    return CalendarDay.objects.filter(date__year=year).count() - before


def _days_of(year: int) -> list[date]:
    first, last = date(year, 1, 1), date(year, 12, 31)
    return [first + timedelta(days=place) for place in range((last - first).days + 1)]


def add_workdays(start: date, days: int, *, count_start: bool) -> date:
    """The last of `days` working days. `count_start` says whether the first day may be `start`
    itself (公示: the first day counts) or is the day after (time limits)."""
    first = start if count_start else start + timedelta(days=1)
    year = first.year
    while True:
        # Year after year: a later one may be known while this one is not.
        ensure_year(year)
        found = list(
            CalendarDay.objects.filter(date__gte=first, date__year__lte=year, is_workday=True)
            .order_by("date")
            .values_list("date", flat=True)[:days]
        )
        if len(found) == days:
            return found[-1]
        year += 1
