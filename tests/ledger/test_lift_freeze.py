"""`manage.py lift_freeze`: who answers for it, and what it says where it refuses."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Role
from audit.models import Entry
from reviews.services import finance_department
from subsidies.ledger import reconciliation
from subsidies.models import BudgetLine, Freeze
from tests import domain
from tests.factories import UserFactory


@pytest.fixture
def frozen(company, budget):
    BudgetLine.objects.update(granted=1)
    reconciliation.reconcile()
    BudgetLine.objects.update(granted=0)
    return Freeze.objects.get()


@pytest.fixture
def finance(company):
    return domain.official(finance_department(company.district), Role.FINANCE)


def lift(by, reason="误改已更正"):
    said = StringIO()
    call_command("lift_freeze", by=by, reason=reason, stdout=said)
    return said.getvalue()


@pytest.mark.parametrize("role", [Role.FINANCE, Role.ADMINISTRATOR])
def test_finance_and_administrators_let_approvals_go_on(frozen, company, role):
    person = domain.official(finance_department(company.district), role)

    assert frozen.reason in lift(person.username)

    frozen.refresh_from_db()
    assert frozen.lifted_by == person
    entry = Entry.objects.about(frozen).latest("seq")
    assert (entry.actor, entry.data) == (person, {"reason": "误改已更正"})


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.LEAD, Role.AUDITOR, Role.POLICY_OFFICER])
def test_others_do_not(frozen, company, role):
    person = domain.official(finance_department(company.district), role)

    with pytest.raises(CommandError, match="neither finance nor administrator"):
        lift(person.username)
    frozen.refresh_from_db()
    assert frozen.lifted_at is None


def test_a_person_without_office_or_unknown_does_not(frozen):
    with pytest.raises(CommandError, match="neither finance"):
        lift(UserFactory().username)
    with pytest.raises(CommandError, match="nobody with the username nobody-here"):
        lift("nobody-here")


def test_a_reason_is_given(frozen, finance):
    with pytest.raises(CommandError, match="Give the reason"):
        lift(finance.username, reason="  ")


def test_what_still_differs_is_named_and_stays_frozen(frozen, finance):
    BudgetLine.objects.update(granted=1)

    with pytest.raises(CommandError, match="budget line"):
        lift(finance.username)


def test_without_a_freeze_there_is_nothing_to_lift(company, finance):
    with pytest.raises(CommandError, match="not frozen"):
        lift(finance.username)
