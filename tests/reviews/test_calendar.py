"""Working days, with the holidays and the make-up days of the State Council's calendar."""

from datetime import date

import pytest

from reviews.calendar import CalendarMissing, add_workdays, ensure_year, fill_by_weekends
from reviews.models import CalendarDay

pytestmark = pytest.mark.django_db

# Notices that were published, both ends counted, and two of the 2026 calendar.
NOTICES = [
    (date(2023, 9, 22), 7, date(2023, 10, 8)),  # make-up Saturday and Sunday after the holidays
    (date(2023, 6, 20), 7, date(2023, 6, 29)),  # 端午, make-up Sunday
    (date(2023, 10, 10), 7, date(2023, 10, 18)),
    (date(2023, 2, 21), 5, date(2023, 2, 27)),
    (date(2024, 3, 27), 5, date(2024, 4, 2)),
    (date(2026, 2, 13), 5, date(2026, 2, 26)),
    (date(2026, 9, 28), 5, date(2026, 10, 9)),
]


@pytest.mark.parametrize(("start", "days", "end"), NOTICES)
def test_a_public_notice_counts_its_first_day(start, days, end):
    assert add_workdays(start, days, count_start=True) == end


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (date(2026, 3, 11), 1, date(2026, 3, 12)),
        (date(2026, 3, 11), 3, date(2026, 3, 16)),
        (date(2026, 3, 14), 1, date(2026, 3, 16)),
        (date(2026, 2, 13), 1, date(2026, 2, 14)),  # a make-up Saturday
        (date(2026, 9, 30), 2, date(2026, 10, 9)),
    ],
)
def test_a_time_limit_begins_with_the_day_after(start, days, end):
    assert add_workdays(start, days, count_start=False) == end


@pytest.mark.parametrize(
    ("day", "workday"),
    [
        (date(2026, 3, 11), True),
        (date(2026, 3, 14), False),
        (date(2026, 2, 14), True),
        (date(2026, 2, 17), False),
        (date(2024, 2, 29), True),
        (date(2024, 12, 31), True),
        (date(2025, 1, 1), False),
    ],
)
def test_a_day_is_a_working_day_or_not(day, workday):
    ensure_year(day.year)

    assert CalendarDay.objects.get(date=day).is_workday is workday


@pytest.mark.parametrize(("year", "days"), [(2024, 366), (2026, 365)])
def test_a_year_is_filled_whole_and_once(year, days):
    ensure_year(year)
    ensure_year(year)

    assert CalendarDay.objects.filter(date__year=year).count() == days


def test_what_the_administrator_entered_is_never_overwritten():
    CalendarDay.objects.create(date=date(2026, 3, 11), is_workday=False, source="区政府通知")

    ensure_year(2026)

    assert not CalendarDay.objects.get(date=date(2026, 3, 11)).is_workday
    assert CalendarDay.objects.filter(date__year=2026).count() == 365


def test_a_year_that_is_not_published_is_refused_by_name():
    with pytest.raises(CalendarMissing, match="2027 年的工作日历还没有录入"):
        ensure_year(2027)
    with pytest.raises(CalendarMissing, match="2027"):
        add_workdays(date(2026, 12, 30), 5, count_start=True)


def test_an_administrators_year_is_used_where_none_is_published():
    CalendarDay.objects.create(date=date(2027, 1, 1), is_workday=False, source="区政府通知")

    assert fill_by_weekends(2027, source="录入") == 364
    assert add_workdays(date(2026, 12, 31), 2, count_start=True) == date(2027, 1, 4)
    assert CalendarDay.objects.get(date=date(2027, 1, 1)).source == "区政府通知"


def test_a_few_days_entered_ahead_are_no_calendar_of_the_year():
    CalendarDay.objects.create(date=date(2027, 1, 1), is_workday=False, source="区政府通知")

    with pytest.raises(CalendarMissing, match="2027"):
        add_workdays(date(2026, 12, 30), 5, count_start=True)


def test_a_year_that_lies_between_known_ones_is_not_jumped_over():
    ensure_year(2024)
    ensure_year(2026)

    assert add_workdays(date(2024, 12, 31), 2, count_start=True) == date(2025, 1, 2)
