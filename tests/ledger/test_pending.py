"""Whether money is on its way to a company."""

import pytest

from companies.pending import has_pending_money, pending_money
from subsidies.ledger import services as ledger
from subsidies.models import Award
from tests import domain
from tests.factories import CompanyFactory
from tests.ledger.granting import approver, grant

pytestmark = pytest.mark.usefixtures("budget")


def test_money_is_pending_from_the_grant_on_for_that_company_alone(company):
    application = domain.filed(company)
    assert not has_pending_money(company)

    grant(application)

    assert pending_money(company) == [application.number]
    assert not has_pending_money(CompanyFactory())


def test_nothing_is_pending_after_a_cancelled_grant(company):
    application = domain.filed(company)
    grant(application)

    ledger.cancel(Award.objects.get(), by=approver(application))

    assert not has_pending_money(company)
