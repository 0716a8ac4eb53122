"""Working days, by the table that the administrator keeps. A year that is not in it is filled
from the published calendar; where none is published yet, nothing is guessed."""

from datetime import date, timedelta

import chinese_calendar
from django.utils.translation import gettext as _

from accounts.refusals import Refused
from reviews.models import CalendarDay

SOURCE = "国务院办公厅放假安排（chinesecalendar）"


class CalendarMissing(Refused):
    """The working days of a year are not known yet."""


def ensure_year(year: int) -> None:
    """Fill a year that is not in the table. Raises CalendarMissing if it is not published."""
    if CalendarDay.objects.filter(date__year=year).exists():
        return
    days = (date(year, 1, 1) + timedelta(days=place) for place in range(366))
    try:
        rows = [
            CalendarDay(
                date=day,
                is_workday=chinese_calendar.is_workday(day),
                name=chinese_calendar.get_holiday_detail(day)[1] or "",
                source=SOURCE,
            )
            for day in days
            if day.year == year
        ]
    except NotImplementedError:
        raise CalendarMissing(
            _("%(year)s 年的工作日历还没有录入，不能计算工作日。请系统管理员先录入。")
            % {"year": year}
        ) from None
    CalendarDay.objects.bulk_create(rows, ignore_conflicts=True)


def is_workday(day: date) -> bool:
    ensure_year(day.year)
    return CalendarDay.objects.get(date=day).is_workday


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


def workdays_left(today: date, due_on: date) -> int:
    """Working days from today to the last day, both counted; 0 or less when it is over: minus
    the working days that passed since."""
    if due_on >= today:
        return CalendarDay.objects.filter(
            date__gte=today, date__lte=due_on, is_workday=True
        ).count()
    return -CalendarDay.objects.filter(date__gt=due_on, date__lte=today, is_workday=True).count()
