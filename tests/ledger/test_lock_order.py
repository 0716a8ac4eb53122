"""The rows that each act locks, in the one order of `accounts.locks`."""

import re
from decimal import Decimal
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from disbursements import adjustments
from disbursements import services as disbursements
from disbursements.models import Batch
from reviews.models import Alert, StageKind, Verdict
from reviews.services import VERDICTS, finance_department
from subsidies.applications.enums import Status
from subsidies.ledger.settlement import settle
from subsidies.models import Adjustment, Receipt
from tests import domain
from tests.ledger.granting import grant

ORDER = [
    "subsidies_application",
    "reviews_case",
    "reviews_task",
    "reviews_publicnotice",
    "disbursements_batch",
    "disbursements_clawback",
    "accounts_user",
    "subsidies_award",
    "subsidies_budgetline",
    "companies_company",
    "subsidies_companyyear",
    "subsidies_adjustment",
    "accounts_numberseries",
    "reviews_alert",
    "audit_head",
]
TAKEN = re.compile(r'FROM "(\w+)".*FOR (?:NO KEY )?UPDATE|^UPDATE "(\w+)"', re.DOTALL)


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
    assert settling == [
        "companies_company",
        "subsidies_companyyear",
        "subsidies_adjustment",
        "audit_head",
    ]
    assert agreeing == [
        "accounts_user",
        "subsidies_award",
        "subsidies_budgetline",
        "companies_company",
        "subsidies_companyyear",
        "subsidies_adjustment",
        "audit_head",
    ]


def raise_alert(application):
    receipt = Receipt.objects.filter(application=application).latest("pk")
    Alert.objects.create(case=domain.case_of(application), changes=[], receipt=receipt)


def test_every_decision_takes_its_locks_in_order_and_the_audit_chain_last(company, budget):
    application = domain.filed(company, domain.claim(domain.JOINED, subject="工程技术中心"))
    seen = set()
    while application.status != Status.APPROVED:
        stage = domain.case_of(application).stage.kind
        if stage == StageKind.PUBLIC_NOTICE:
            domain.end_public_notice(application)
            continue
        if not Alert.objects.open().exists() and Receipt.objects.exists():
            raise_alert(application)
        (task, *_others) = domain.open_tasks(application)

        taken = locks_of(partial(domain.decide, task))

        assert taken == sorted(taken, key=ORDER.index), stage
        assert taken[-1] == "audit_head"
        seen.add(stage)
        application.refresh_from_db()
    assert seen == set(VERDICTS) - {StageKind.PUBLIC_NOTICE}


@pytest.mark.parametrize(
    "verdict", [each for each in VERDICTS[StageKind.APPROVAL] if each != Verdict.AGREE]
)
def test_what_lets_go_of_money_takes_its_locks_in_order(company, budget, verdict):
    application = domain.at_stage(StageKind.APPROVAL, company)
    raise_alert(application)
    (task,) = domain.open_tasks(application)

    taken = locks_of(lambda: domain.decide(task, verdict))

    assert taken == sorted(taken, key=ORDER.index)
    assert taken[-1] == "audit_head"


def test_what_finance_does_takes_its_locks_in_order(company, budget):
    award = domain.notified_award(company)
    finance = finance_department(company.district)
    maker, second = (domain.official(finance, Role.FINANCE, number) for number in (1, 2))

    made = locks_of(lambda: disbursements.make_batch(award.district, [award], by=maker))
    batch = Batch.objects.get()
    acts = [
        made,
        locks_of(lambda: disbursements.approve_batch(batch, by=second)),
        locks_of(lambda: disbursements.mark_paid(batch, on=domain.TODAY, by=maker)),
        locks_of(lambda: disbursements.fail_line(batch.lines.get(), reason="账号有误", by=maker)),
    ]

    for taken in acts:
        assert taken == sorted(taken, key=ORDER.index)
        assert taken[-1] == "audit_head"
