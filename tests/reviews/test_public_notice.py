"""The public notice: when it runs, who stands on it, and how it ends."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import NumberSeries
from audit.models import Entry
from reviews import services
from reviews.calendar import CalendarMissing
from reviews.models import Case, PublicNotice, PublicNoticeEntry, StageKind
from tests import domain
from tests.factories import BudgetLineFactory
from tests.reviews.test_calendar import NOTICES
from tests.threads import Meeting, at_once


@pytest.fixture
def application(company):
    return domain.at_stage(StageKind.PUBLIC_NOTICE, company)


@pytest.fixture
def notice(application):
    return PublicNotice.objects.get()


@pytest.mark.parametrize(("start", "days", "end"), NOTICES)
def test_a_notice_runs_as_the_districts_notices_run(company, clock, start, days, end):
    clock.move_to(timezone.make_aware(datetime(start.year, start.month, start.day, 9)))
    day = min(start, domain.EVENT)
    # Events of the years before jb24: only the days are asked here.
    application = domain.filed(company, domain.claim(event_date=day))
    case = domain.case_of(application)
    case.route.stages.filter(kind=StageKind.PUBLIC_NOTICE).update(days=days)
    stage = case.route.stages.get(kind=StageKind.PUBLIC_NOTICE)

    services._enter(case, stage)

    notice = PublicNotice.objects.get()
    assert (notice.starts_on, notice.ends_on, notice.days) == (start, end, days)
    assert case.due_on == end


def test_a_notice_begins_on_a_working_day(company, clock):
    application = domain.at_stage(StageKind.FINANCE, company)
    clock.move_to(timezone.make_aware(datetime(2026, 3, 14, 9)))  # a Saturday

    domain.advance(application)

    notice = PublicNotice.objects.get()
    assert (notice.starts_on, notice.ends_on) == (date(2026, 3, 16), date(2026, 3, 20))


def test_a_notice_shows_what_was_determined(company, application):
    entry = PublicNoticeEntry.objects.get()

    assert (entry.company_name, entry.uscc) == (company.name, company.uscc)
    assert entry.amount == Decimal("10000.00")
    assert entry.matter == f"{application.item.title}·{application.claims.get().level.title}"
    assert entry.clause == application.item.clause


def test_cases_of_one_department_document_and_day_share_a_notice(notice):
    for _company in range(2):
        domain.at_stage(StageKind.PUBLIC_NOTICE, domain.company_with_everything())

    assert PublicNotice.objects.count() == 1
    assert notice.entries.count() == 3
    assert NumberSeries.objects.get(kind="public_notice").last == 1


@pytest.mark.parametrize("other", [domain.JOINED, domain.TWO_LEADS])
def test_another_department_or_document_has_its_own_notice(notice, other):
    company = domain.company_with_everything()

    domain.at_stage(StageKind.PUBLIC_NOTICE, company, domain.claim(other))

    assert sorted(PublicNotice.objects.values_list("number", flat=True)) == [1, 2]


def test_another_day_has_its_own_notice(notice, clock):
    clock.shift(86400)
    domain.at_stage(StageKind.PUBLIC_NOTICE, domain.company_with_everything())

    assert PublicNotice.objects.count() == 2


def test_a_notice_does_not_end_before_its_last_day_is_over(application, notice):
    for day in (notice.starts_on, notice.ends_on):
        assert services.end_due_public_notices(day) == 0

    notice.refresh_from_db()
    assert notice.closed_at is None
    assert domain.case_of(application).stage.kind == StageKind.PUBLIC_NOTICE


def test_a_notice_that_is_over_sends_its_cases_on(application, notice):
    other = domain.at_stage(StageKind.PUBLIC_NOTICE, domain.company_with_everything())

    assert services.end_due_public_notices(notice.ends_on + timedelta(days=1)) == 1

    for each in (application, other):
        assert domain.case_of(each).stage.kind == StageKind.APPROVAL
        assert len(domain.open_tasks(each)) == 1


def test_closing_a_notice_twice_does_nothing(application, notice):
    after = notice.ends_on + timedelta(days=1)
    services.end_due_public_notices(after)
    closed_at = PublicNotice.objects.get().closed_at

    assert services.end_due_public_notices(after) == 0
    assert services.end_public_notice(notice.pk, after) is False

    assert PublicNotice.objects.get().closed_at == closed_at
    assert Entry.objects.filter(action="public_notice.ended").count() == 1
    assert len(domain.open_tasks(application)) == 1


def test_the_clock_ends_a_notice_by_itself(application, notice, clock):
    clock.move_to(timezone.make_aware(datetime(2026, 3, 17, 23, 59)))
    assert services.end_due_public_notices() == 0
    clock.move_to(timezone.make_aware(datetime(2026, 3, 18, 0, 0)))
    assert services.end_due_public_notices() == 1


def test_a_case_that_is_in_a_later_round_is_not_sent_on_by_an_earlier_notice(application, notice):
    Case.objects.filter(application=application).update(round=2)

    services.end_due_public_notices(notice.ends_on + timedelta(days=1))

    assert domain.case_of(application).stage.kind == StageKind.PUBLIC_NOTICE


def test_a_withdrawn_case_stays_closed_when_its_notice_ends(application, notice, clerk):
    services.applications.withdraw_application(application, by=clerk)

    services.end_due_public_notices(notice.ends_on + timedelta(days=1))

    assert domain.case_of(application).stage is None


def test_in_a_year_without_a_calendar_there_is_no_time_limit(company, clock):
    clock.move_to(timezone.make_aware(datetime(2026, 12, 30, 9)))

    application = domain.filed(company)

    assert domain.case_of(application).due_on is None
    assert [task.due_on for task in domain.open_tasks(application)] == [None]


def test_in_a_year_without_a_calendar_no_notice_is_published(company, clock):
    application = domain.at_stage(StageKind.FINANCE, company)
    clock.move_to(timezone.make_aware(datetime(2027, 1, 4, 9)))

    with pytest.raises(CalendarMissing, match="2027 年的工作日历还没有录入"), transaction.atomic():
        domain.advance(application)

    assert domain.case_of(application).stage.kind == StageKind.FINANCE
    assert not PublicNotice.objects.exists()


def test_the_database_keeps_one_open_notice_of_a_department_and_document_a_day(notice):
    notice.pk = None

    with pytest.raises(IntegrityError, match="one_open_public_notice_a_day"), transaction.atomic():
        notice.save(force_insert=True)


def test_the_database_shows_a_case_once_in_a_round(application, notice):
    entry = PublicNoticeEntry.objects.get()
    entry.pk = None

    with pytest.raises(IntegrityError, match="public_notice_entry_once"), transaction.atomic():
        entry.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_two_finance_officers_at_once_open_one_notice(company, monkeypatch):
    # Two budget lines: on one the second would wait for the first anyway.
    tasks = []
    for code in (domain.ALONE, domain.LADDER):
        BudgetLineFactory(item_code=code)
        application = domain.at_stage(StageKind.FINANCE, company, domain.claim(code))
        tasks += domain.open_tasks(application)
    meeting = Meeting(2)
    monkeypatch.setattr(NumberSeries, "next", meeting.before(NumberSeries.next))

    results = at_once(*(lambda task=task: domain.decide(task) for task in tasks))

    assert [result.verdict for result in results] == ["agree", "agree"]
    assert meeting.held
    assert PublicNotice.objects.get().entries.count() == 2
    assert NumberSeries.objects.get(kind="public_notice").last == 1
