"""Counters and entries must say the same; where they do not, nothing more is granted."""

import pytest
from django.db import connection

from accounts.models import Role
from accounts.refusals import Refused
from disbursements import services as disbursements
from reviews import services as reviews
from reviews.models import StageKind
from subsidies.ledger import reconciliation, services
from subsidies.models import BudgetLine, CompanyYear, Freeze
from tests import domain

pytestmark = pytest.mark.django_db


@pytest.fixture
def award(company, budget):
    return domain.notified_award(company)


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


def test_money_held_for_what_is_not_in_review_is_named(award):
    other = domain.at_stage(StageKind.APPROVAL, domain.company_with_everything())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE subsidies_application SET status = 'returned' WHERE id = %s", [other.pk]
        )

    assert reconciliation.differences() == [
        f"application {other.pk}: returned; entries say reserved 10000.00"
    ]


def test_an_award_whose_status_is_not_what_its_entries_say_is_named(award):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE subsidies_award SET status = 'cancelled'")

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


def test_a_paid_award_reconciles(award):
    department = reviews.finance_department(award.district)
    finance = [domain.official(department, Role.FINANCE, number) for number in (1, 2)]
    batch = disbursements.make_batch(award.district, [award], by=finance[0])
    disbursements.approve_batch(batch, by=finance[1])
    disbursements.mark_paid(batch, on=domain.TODAY, by=finance[0])

    assert reconciliation.differences() == []


def test_what_is_held_and_for_what_is_one_question(company, budget, django_assert_num_queries):
    """Between two, an approval that commits would look like a difference and freeze everything."""
    domain.at_stage(StageKind.APPROVAL, company)

    with django_assert_num_queries(1):
        assert reconciliation._application_differences() == []
