"""Counters and entries must say the same; where they do not, nothing more is granted."""

import pytest

from accounts.models import Role
from accounts.refusals import Refused
from disbursements import services as disbursements
from reviews import services as reviews
from reviews.models import StageKind
from subsidies.ledger import reconciliation, services
from subsidies.models import BudgetLine, CompanyYear, Freeze
from tests import domain
from tests.factories import PastAwardFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def award(company, budget):
    return domain.notified_award(company)


def past_the_triggers(statement):
    domain.execute(
        f"SET LOCAL session_replication_role = replica; {statement};"
        "SET LOCAL session_replication_role = origin"
    )


def test_a_ledger_that_was_moved_by_its_services_has_no_differences(award):
    assert reconciliation.reconcile() == []
    services.cancel(award, by=award.granted_by)

    assert reconciliation.reconcile() == []
    assert not Freeze.objects.exists()


@pytest.mark.parametrize("stage", [StageKind.FINANCE, StageKind.APPROVAL])
def test_a_counter_that_was_edited_is_named_and_freezes_approvals(award, company, stage):
    other = domain.at_stage(stage, domain.company_with_everything())
    BudgetLine.objects.update(granted=award.amount + 1)
    CompanyYear.objects.update(uncapped=1)

    found = reconciliation.reconcile()

    assert [line.split(" ")[0] for line in found] == ["budget", "company-year"]
    with pytest.raises(Refused, match="已暂停"):
        domain.advance(other)


@pytest.mark.parametrize(
    ("stage", "lock"),
    [(StageKind.FINANCE, "_locked_lines"), (StageKind.APPROVAL, "_locked_company_year")],
)
def test_a_freeze_that_came_while_an_approval_waited_stops_it(
    company, budget, monkeypatch, stage, lock
):
    application = domain.at_stage(stage, company)
    take = getattr(services, lock)

    def frozen_meanwhile(*given):
        Freeze.objects.get_or_create(lifted_at=None, defaults={"reason": "计数不符"})
        return take(*given)

    monkeypatch.setattr(services, lock, frozen_meanwhile)

    with pytest.raises(Refused, match="已暂停"):
        domain.advance(application)


@pytest.mark.parametrize(
    "moved", [{"capped": 0, "uncapped": "10000.00"}, {"carried": "0.01"}], ids=["split", "carried"]
)
def test_each_counter_of_a_companys_year_is_compared_by_itself(award, moved):
    CompanyYear.objects.update(**moved)

    assert [line.split(" ")[0] for line in reconciliation.differences()] == ["company-year"]


def test_what_was_carried_may_lag_behind_what_came_to_light_later(award):
    PastAwardFactory(company=award.company, policy_year=2025)

    assert reconciliation.differences() == []


def test_money_held_for_what_is_not_in_review_is_named(award):
    other = domain.at_stage(StageKind.APPROVAL, domain.company_with_everything())
    past_the_triggers(
        f"UPDATE subsidies_application SET status = 'returned' WHERE id = '{other.pk}'"
    )

    assert reconciliation.differences() == [
        f"application {other.pk}: returned; entries say reserved 10000.00"
    ]


def test_an_award_whose_status_is_not_what_its_entries_say_is_named(award):
    past_the_triggers("UPDATE subsidies_award SET status = 'cancelled'")

    assert [line.split(" ")[0] for line in reconciliation.differences()] == ["award"]


def test_a_second_run_opens_no_second_freeze(award):
    BudgetLine.objects.update(granted=award.amount + 1)
    reconciliation.reconcile()
    reconciliation.reconcile()

    assert Freeze.objects.count() == 1


def test_approvals_go_on_after_the_freeze_was_lifted(award):
    BudgetLine.objects.update(granted=award.amount + 1)
    reconciliation.reconcile()
    BudgetLine.objects.update(granted=award.amount)
    reconciliation.lift(Freeze.objects.get(), reason="已更正", by=award.granted_by)

    other = domain.approved(domain.company_with_everything())

    assert other.status == "approved"
    assert reconciliation.reconcile() == []


@pytest.fixture
def paid(award):
    department = reviews.finance_department(award.district)
    finance = [domain.official(department, Role.FINANCE, number) for number in (1, 2)]
    batch = disbursements.make_batch(award.district, [award], by=finance[0])
    disbursements.approve_batch(batch, by=finance[1])
    return disbursements.mark_paid(batch, on=domain.TODAY, by=finance[0])


def test_a_paid_award_reconciles(paid):
    assert reconciliation.differences() == []


@pytest.mark.parametrize(
    "change",
    [
        "disbursements_batch SET status = 'cancelled', paid_on = NULL",
        "disbursements_batch SET status = 'approved', paid_on = NULL",
        "disbursements_paymentline SET is_live = false",
        "disbursements_paymentline SET amount = amount + 1",
    ],
)
def test_an_award_that_its_batch_tells_otherwise_of_is_named(paid, change):
    past_the_triggers(f"UPDATE {change}")

    assert [line.split(" ")[0] for line in reconciliation.reconcile()] == ["award"]
    assert Freeze.objects.exists()


def test_an_award_that_is_neither_sent_nor_paid_stands_on_no_live_line(paid):
    past_the_triggers(
        "INSERT INTO subsidies_ledgerentry (award_id, budget_line_id, company_year_id, kind,"
        " credit, debit, amount, at, by_id) SELECT award_id, budget_line_id, company_year_id,"
        " 'fail', 'paid', 'granted', amount, at, by_id FROM subsidies_ledgerentry"
        " WHERE kind = 'pay'"
    )
    past_the_triggers("UPDATE subsidies_award SET status = 'payment_failed', paid_on = NULL")
    BudgetLine.objects.update(paid=0)

    (line,) = reconciliation.differences()
    assert "payment_failed 10000.00; on live payment lines 10000.00" in line


def test_what_is_held_and_for_what_is_one_question(company, budget, django_assert_num_queries):
    """Between two, an approval that commits would look like a difference and freeze everything."""
    domain.at_stage(StageKind.APPROVAL, company)

    with django_assert_num_queries(1):
        assert reconciliation._application_differences() == []
