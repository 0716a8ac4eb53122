"""What the demo district promises to whoever looks at it."""

from collections import Counter
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F, Sum
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from audit.models import Entry
from audit.services import first_broken_entry
from companies import uscc
from companies.models import AccountChange, BankAccount, Company, Source, YearlyFigure
from companies.profile.page import Profile
from demo.people import PASSWORD, SIGN_INS, made_up_name
from demo.registry import COMPANIES, demo_companies
from disbursements.models import Batch, BatchStatus
from outbox.models import Job, State
from reviews.models import Case, Opinion, PublicNotice, StageKind, Task, TaskState
from subsidies.applications.answers import answer, answer_application, question_about
from subsidies.applications.enums import Status
from subsidies.ledger.models import AwardStatus
from subsidies.models import Application, Award, BudgetLine, CompanyYear, Item, Receipt

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("district")]


def make(**options: int) -> str:
    out = StringIO()
    call_command("make_demo_district", stdout=out, **options)
    return out.getvalue()


def of(username: str) -> list[Application]:
    return list(
        Application.objects.filter(company__members__user__username=username).order_by("created_at")
    )


# The command


def test_made_again_it_changes_nothing() -> None:
    before = Entry.objects.count(), Application.objects.count(), Company.objects.count()
    assert "没有改动" in make(seed=7, applications=30)
    assert (Entry.objects.count(), Application.objects.count(), Company.objects.count()) == before


def test_it_refuses_where_passwords_must_not_be_public(settings: Settings) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="密码是公开的"):
        make()


# Companies and people


def test_the_companies_are_valid_and_made_up() -> None:
    companies = demo_companies()
    assert len(companies) == COMPANIES == len({company.name for company in companies})
    for company in companies:
        assert uscc.verdict(company.uscc) is uscc.Verdict.ACCEPT
        assert company.uscc.startswith("91330205DM")  # a real one has MA there
        company.full_clean()


def test_the_bank_codes_end_with_their_check_digit() -> None:
    def is_whole(code: str) -> bool:
        product = 10
        for digit in code[:11]:
            product = 2 * ((product + int(digit)) % 10 or 10) % 11
        return (product + int(code[11])) % 10 == 1

    assert is_whole("313651027012")  # as published by its bank
    assert not is_whole("313651027013")
    for account in BankAccount.objects.select_related("company"):
        account.full_clean()
        assert is_whole(account.cnaps)
        assert account.holder == account.company.name


def test_the_figures_leave_some_things_open_and_some_in_dispute() -> None:
    contribution = YearlyFigure.objects.filter(measure="fiscal_contribution", year=2025)
    assert COMPANIES - 40 < contribution.values("company").distinct().count() < COMPANIES
    assert YearlyFigure.objects.filter(measure="rd_spend", value=0).exists()
    disputed = YearlyFigure.objects.filter(
        source=Source.DECLARED,
        company__figures__year=F("year"),
        company__figures__measure=F("measure"),
        company__figures__source__in=[Source.TAX, Source.STATISTICS],
    )
    assert disputed.exists()


@pytest.mark.parametrize(
    "fact",
    [
        {"credit_entries__repaired_on__isnull": False},
        {"credit_entries__listed_on__isnull": False, "credit_entries__repaired_on": None},
        {"incidents__isnull": False},
        {"agreements__kind": "comprehensive"},
        {"agreements__kind": "cultivation"},
        {"scale_years": None},
        {"industry__startswith": "I65"},
    ],
)
def test_some_companies_are_difficult(fact: dict[str, object]) -> None:
    assert demo_companies()[0] not in Company.objects.filter(**fact)
    assert 0 < Company.objects.filter(**fact).distinct().count() < 30


def test_everybody_of_the_short_list_can_sign_in() -> None:
    people = User.objects.in_bulk([username for username, _use in SIGN_INS], field_name="username")
    assert len(people) == len(SIGN_INS) < 20
    for user in people.values():
        assert user.check_password(PASSWORD)
        assert user.is_demo
        assert user.is_official != user.memberships.exists()
    assert len({user.name for user in people.values()}) == len(people)


def test_names_of_people_do_not_repeat() -> None:
    assert len({made_up_name(place) for place in range(500)}) == 500


# Applications


def test_there_is_an_application_in_every_state() -> None:
    assert set(Application.objects.values_list("status", flat=True)) == set(Status)
    assert set(Case.objects.exclude(stage=None).values_list("stage__kind", flat=True)) == set(
        StageKind
    )
    states = set(Award.objects.exclude(claim=None).values_list("status", flat=True))
    assert states == {
        AwardStatus.GRANTED,
        AwardStatus.NOTIFIED,
        AwardStatus.SCHEDULED,
        AwardStatus.PAID,
    }
    assert set(Batch.objects.values_list("status", flat=True)) == set(BatchStatus)


def test_time_limits_are_over_near_and_far() -> None:
    today = timezone.localdate()
    due = Counter(
        (day > today) - (day < today)
        for day in Case.objects.exclude(due_on=None).values_list("due_on", flat=True)
    )
    assert due[-1]
    assert due[1] > due[-1]
    assert Case.objects.filter(due_on__range=(today, today + timedelta(days=2))).exists()


def test_some_departments_of_a_joint_review_have_answered() -> None:
    waiting = Case.objects.filter(stage__kind=StageKind.JOINT)
    answered = Opinion.objects.filter(case__in=waiting, task__stage__kind=StageKind.JOINT)
    assert answered.exists()
    assert Task.objects.filter(case__in=answered.values("case"), state=TaskState.OPEN).exists()


def test_public_notices_are_open_and_closed() -> None:
    assert PublicNotice.objects.filter(closed_at=None).exists()
    assert PublicNotice.objects.exclude(closed_at=None).exists()
    assert not PublicNotice.objects.over(timezone.localdate()).exists()


def test_every_filing_was_checked_and_nothing_happens_in_the_future() -> None:
    filed = Application.objects.exclude(submitted_at=None)
    assert not filed.filter(receipts__isnull=True).exists()
    now = timezone.now()
    assert not Receipt.objects.filter(created_at__gt=now).exists()
    assert not Job.objects.filter(run_at__gt=now).exists()
    # The catalogue was loaded today, before the past was made.
    acts = Entry.objects.exclude(action="edition.published").order_by("seq")
    times = list(acts.values_list("at", flat=True))
    assert times == sorted(times)
    assert times[-1] <= now
    assert times[0] < now - timedelta(days=60)


def test_only_notices_and_what_people_just_sent_wait_in_the_outbox() -> None:
    waiting = Job.objects.exclude(state=State.DONE)
    granted = Award.objects.filter(status=AwardStatus.GRANTED)
    notices = waiting.filter(kind="reviews.render_notice")
    assert {job.key for job in notices} == {str(award.notice.pk) for award in granted}
    assert {job.kind for job in waiting} == {
        "reviews.render_notice",
        "companies.mail_invitation",
        "companies.examine_file",
    }
    assert not waiting.exclude(attempts=0).exists()


# Money


def test_no_ceiling_is_passed() -> None:
    for line in BudgetLine.objects.all():
        granted = Award.objects.standing().filter(budget_line=line).aggregate(sum=Sum("amount"))
        assert line.granted == (granted["sum"] or 0) <= line.total
    capped = CompanyYear.objects.exclude(capped=0)
    assert capped.exists()
    for row in capped:
        assert row.cap is not None
        assert row.capped + row.uncapped_seen <= row.cap


def test_the_budgets_are_filled_in_every_way() -> None:
    fills = [line.bound / line.total for line in BudgetLine.objects.all() if line.bound]
    assert any(fill > 0.9 for fill in fills)
    assert any(0.7 < fill <= 0.9 for fill in fills)
    assert any(fill < 0.7 for fill in fills)


def test_the_audit_chain_is_whole() -> None:
    assert first_broken_entry() is None


# What a newcomer finds


def test_the_first_company_has_one_of_each_to_look_at() -> None:
    assert {application.status for application in of("qiye")} == {
        Status.APPROVED,
        Status.RETURNED,
        Status.IN_REVIEW,
        Status.DRAFT,
    }
    award = Award.objects.get(claim__application__company__members__user__username="qiye")
    assert award.status == AwardStatus.PAID
    assert award.notice.pdf
    assert award.payment_lines.get(is_live=True).batch.status == BatchStatus.PAID


def test_the_second_company_meets_a_refusal_and_an_open_question() -> None:
    rejected = next(one for one in of("qiye-2") if one.status == Status.REJECTED)
    assert rejected.case.opinions.last().text
    open_questions = [
        answer_application(one)["claims"][0]["missing"]
        for one in of("qiye-2")
        if one.status == Status.IN_REVIEW
    ]
    assert ["company.years.2025.fiscal_contribution"] in open_questions


def test_the_first_company_gets_paid_for_an_investment_at_once() -> None:
    company = demo_companies()[0]
    claim = {
        "id": "1",
        "item": "jb24-03",
        "level": "key",
        "event_date": "2025-06-30",
        "subject": "精密压铸线自动化改造",
        "recognised_investment": "12345678.90",
        "eligible_investment": "12345678.90",
        "other_support": "100000.00",
    }
    question = question_about(company, [claim], year=2025, found=[])
    given = answer(question, Item.objects.current().get(code="jb24-03").edition)
    assert given["total"] == "640740.73"


def test_finance_has_a_changed_account_to_check() -> None:
    change = AccountChange.objects.open().get()

    assert not change.account.is_current
    assert change.company.current_account is not None


def test_the_newcomers_company_has_a_profile_with_figures_in_dispute() -> None:
    profile = Profile(demo_companies()[0], person_of_the_first())

    assert profile.size.size == "medium"
    assert profile.industry is not None
    assert any(figures and figures.differ for row in profile.years for _m, figures in row.rows)


def person_of_the_first() -> User:
    return User.objects.get(username="qiye")
