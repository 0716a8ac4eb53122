from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from demo.clock import moved_clock
from demo.workdays import PROVISIONAL, ensure_calendar
from outbox.models import Job
from reviews.models import CalendarDay

THEN = datetime(2026, 3, 2, 1, 30, tzinfo=timezone.get_default_timezone())


def test_django_takes_the_moved_time_also_where_a_field_kept_its_function() -> None:
    with moved_clock(THEN) as clock:
        assert timezone.now() == THEN
        assert timezone.localdate() == date(2026, 3, 2)
        assert Job().run_at == THEN
        clock.time += timedelta(days=1)
        assert timezone.localdate() == date(2026, 3, 3)
    assert timezone.now() > THEN


def test_a_datetime_stays_a_datetime_while_the_clock_is_moved() -> None:
    with moved_clock(THEN):
        assert timezone.template_localtime(THEN) == THEN
        assert isinstance(timezone.now(), datetime)


@pytest.mark.django_db
def test_a_year_without_a_calendar_is_filled_by_its_weekends_and_says_so() -> None:
    ensure_calendar(2031)
    ensure_calendar(2031)
    days = CalendarDay.objects.filter(date__year=2031)
    assert days.count() == 365
    assert set(days.values_list("source", flat=True)) == {PROVISIONAL}
    assert not days.get(date=date(2031, 1, 4)).is_workday
    assert days.get(date=date(2031, 1, 6)).is_workday


@pytest.mark.django_db
def test_a_published_year_is_taken_as_published() -> None:
    ensure_calendar(2026)
    assert not CalendarDay.objects.filter(source=PROVISIONAL).exists()
