"""The rows that each act locks, in the one order of `accounts.locks`."""

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from disbursements import adjustments
from reviews.services import finance_department
from subsidies.ledger.settlement import settle
from subsidies.models import Adjustment
from tests import domain
from tests.ledger.granting import grant

ORDER = [
    "subsidies_award",
    "subsidies_budgetline",
    "companies_company",
    "subsidies_companyyear",
    "subsidies_adjustment",
]
TAKEN = re.compile(r'FROM "(\w+)".*FOR NO KEY UPDATE|^UPDATE "(\w+)"', re.DOTALL)


def locks_of(act):
    """The tables whose rows the act locks or changes, each where it comes first."""
    with CaptureQueriesContext(
        connection,
    ) as queries:
        act()
    found = [TAKEN.search(query["sql"]) for query in queries]
    names = [hit.group(1) or hit.group(2) for hit in found if hit]
    return [name for name in dict.fromkeys(names) if name in ORDER]


@pytest.fixture
def award(company, budget):
    (award,) = grant(domain.filed(company, domain.claim("jb24-12")))
    return award


def test_settling_and_agreeing_take_their_locks_in_the_same_order(company, award):
    finance = finance_department(company.district)
    people = [domain.official(finance, Role.FINANCE, number) for number in (1, 2)]
    domain.set_contribution("150000")
    settle(company, company.district, 2025, by=None)
    domain.set_contribution("160000")

    settling = locks_of(lambda: settle(company, company.district, 2025, by=people[0]))
    adjustment = Adjustment.objects.open().get()
    assert adjustment.amount == Decimal("40000.00")
    adjustments.agree(adjustment, by=people[0])
    agreeing = locks_of(lambda: adjustments.agree(adjustment, by=people[1]))

    for taken in (settling, agreeing):
        assert taken == sorted(taken, key=ORDER.index)
    assert settling == ORDER[2:]
    assert agreeing == ORDER
