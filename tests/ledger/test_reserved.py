"""What finance's consent holds for a case, and every way by which it becomes free again."""

from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, transaction

from reviews.models import StageKind, Verdict
from subsidies.applications import services as applications
from subsidies.ledger.reconciliation import differences
from subsidies.ledger.services import BudgetExhausted
from subsidies.models import Award, BudgetLine, LedgerEntry
from tests import domain
from tests.factories import BudgetLineFactory
from tests.ledger.granting import grant

AMOUNT = Decimal("10000.00")


def counters():
    return list(BudgetLine.objects.order_by("year").values_list("reserved", "granted"))


@pytest.fixture
def application(company, budget):
    """Its public notice runs: finance has agreed, nobody has approved."""
    application = domain.at_stage(StageKind.PUBLIC_NOTICE, company)
    assert counters() == [(AMOUNT, 0)]
    return application


def test_finances_consent_holds_the_determined_amount(application, budget):
    entry = LedgerEntry.objects.get()

    assert (entry.kind, entry.credit, entry.debit) == ("reserve", "budget", "reserved")
    assert (entry.amount, entry.filing, entry.award) == (AMOUNT, application, None)
    budget.refresh_from_db()
    assert budget.left == budget.total - AMOUNT
    assert differences() == []


def test_the_approval_grants_what_was_held(application):
    domain.advance(application)
    domain.advance(application)

    assert counters() == [(0, AMOUNT)]
    assert list(LedgerEntry.objects.values_list("kind", flat=True)) == ["reserve", "grant"]
    assert differences() == []


@pytest.mark.parametrize("verdict", [Verdict.RETURN, Verdict.REDETERMINE, Verdict.REJECT])
def test_whoever_sends_a_case_back_lets_go_of_its_money(application, verdict):
    domain.advance(application)

    domain.decide(domain.open_tasks(application)[0], verdict)

    assert counters() == [(0, 0)]
    assert differences() == []


def test_a_withdrawal_lets_go_of_the_money(application, clerk):
    applications.withdraw_application(application, by=clerk)

    assert counters() == [(0, 0)]
    assert LedgerEntry.objects.last().by == clerk
    assert differences() == []


def test_a_corrected_application_may_claim_less_than_was_held_for_it(company, budget):
    claims = [domain.claim("jb24-12", subject=name) for name in ("甲", "乙")]
    application = domain.at_stage(StageKind.APPROVAL, company, *claims)
    domain.decide(domain.open_tasks(application)[0], Verdict.RETURN)

    domain.submit(application, claims[0])
    while domain.case_of(application).closed_at is None:
        domain.advance(application)

    assert counters() == [(0, Decimal("200000.00"))]
    assert differences() == []


def test_finance_hears_in_time_that_nothing_is_left(company):
    BudgetLineFactory(total=Decimal("9999.99"))
    application = domain.at_stage(StageKind.FINANCE, company)

    with pytest.raises(BudgetExhausted) as refusal:
        domain.advance(application)

    assert refusal.value.messages == [
        "预算余额不足：“工业政策资金”剩余 9,999.99 元，本次需要 10,000.00 元。"
    ]
    assert domain.case_of(application).stage.kind == StageKind.FINANCE
    assert not LedgerEntry.objects.exists()


def test_what_is_held_for_one_is_not_left_for_another(application):
    BudgetLine.objects.update(total=AMOUNT)
    other = domain.filed(domain.company_with_everything())

    with pytest.raises(BudgetExhausted, match=r"剩余 0\.00 元"):
        grant(other)


def test_a_grant_after_the_years_end_draws_on_the_new_years_line(application):
    BudgetLineFactory(year=2027)
    with time_machine.travel("2027-01-04T10:00+08:00", tick=False):
        grant(application)

    assert counters() == [(0, 0), (0, AMOUNT)]
    assert Award.objects.get().budget_line.year == 2027
    assert differences() == []


def test_a_grant_of_less_lets_go_of_the_rest(application):
    grant(application, "4000.00")

    assert counters() == [(0, Decimal("4000.00"))]
    assert differences() == []


@pytest.mark.parametrize(
    "change",
    [
        {"reserved": Decimal("-0.01")},
        {"total": AMOUNT - Decimal("0.01")},
    ],
)
def test_the_database_holds_what_is_reserved_within_the_budget(application, change):
    with pytest.raises(IntegrityError, match="budget_not_overdrawn"), transaction.atomic():
        BudgetLine.objects.update(**change)


def test_the_database_knows_entries_of_an_award_or_of_what_is_held_only(application):
    entry = LedgerEntry.objects.get()
    entry.pk, entry.kind, entry.credit, entry.debit = None, "grant", "reserved", "granted"

    with (
        pytest.raises(IntegrityError, match="entry_of_an_award_or_of_what_is_held"),
        transaction.atomic(),
    ):
        entry.save(force_insert=True)
