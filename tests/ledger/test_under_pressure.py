"""Grants while somebody lowers what there is, and while somebody holds the lock."""

import threading
import time
from decimal import Decimal
from random import Random

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from companies.models import YearlyFigure
from reviews.models import StageKind
from subsidies.applications.enums import Status
from subsidies.ledger.reconciliation import differences
from subsidies.ledger.services import AboveAnswer, BudgetExhausted
from subsidies.models import Award, BudgetLine, CompanyYear, LedgerEntry
from tests import domain
from tests.factories import BudgetLineFactory
from tests.ledger.granting import grant
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("seed", range(6))
def test_whoever_is_first_no_ceiling_is_passed(world, seed):
    """C05: two grants, a lower cap and a lower budget at the same moment."""
    random = Random(seed)
    BudgetLineFactory(total=Decimal("400000.00"))
    company = domain.company_with_everything(fiscal_contribution="300000.00")
    applications = [
        domain.filed(company, domain.claim("jb24-12", subject=name)) for name in ("甲", "乙")
    ]
    cap = Decimal(random.randrange(0, 300_000_00)) / 100
    total = Decimal(random.randrange(0, 400_000_00)) / 100

    def lower_cap():
        YearlyFigure.objects.filter(measure="fiscal_contribution").update(value=cap)

    def lower_budget():
        with transaction.atomic():
            BudgetLine.objects.update(total=total)

    acts = [*(lambda each=each: grant(each) for each in applications), lower_cap, lower_budget]
    random.shuffle(acts)
    refused = [each for each in at_once(*acts) if isinstance(each, Exception)]

    assert all(
        isinstance(
            error, (AboveAnswer, BudgetExhausted, IntegrityError, *domain.REFUSED_BY_TRIGGER)
        )
        for error in refused
    )
    line, granted = BudgetLine.objects.get(), sum(award.net for award in Award.objects.all())
    assert granted == line.granted <= line.total
    assert granted <= 300_000
    assert all(year.capped <= year.cap for year in CompanyYear.objects.exclude(capped=0))
    assert differences() == []


def test_a_cap_is_met_to_the_fen_and_a_budget_too(world):
    """C04: a fen more than the cap is cut to it, a fen more than the budget is refused."""
    line = BudgetLineFactory(total=Decimal("10000.00"))
    company = domain.company_with_everything(fiscal_contribution="9999.99")

    (award,) = grant(domain.filed(company))

    assert award.amount == Decimal("9999.99")
    with pytest.raises(BudgetExhausted, match=r"剩余 0\.01 元"):
        grant(domain.filed(domain.company_with_everything()), "0.02")
    grant(domain.filed(domain.company_with_everything()), "0.01")
    line.refresh_from_db()
    assert line.left == 0


def test_whoever_waits_too_long_is_told_to_try_again_and_nothing_is_written(client, world):
    """C14: a lock that somebody keeps is waited for five seconds, not longer."""
    application = domain.at_stage(StageKind.APPROVAL, domain.company_with_everything())
    (task,) = domain.open_tasks(application)
    client.force_login(domain.someone_fresh(task))
    held, over = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            list(BudgetLine.objects.select_for_update())
            held.set()
            over.wait(timeout=30)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(timeout=10)
        began = time.monotonic()
        answer = client.post(
            reverse("case_decide", args=[domain.case_of(application).pk]),
            {"task": task.pk, "revision": application.revision, "verdict": "agree", "text": ""},
        )
        waited = time.monotonic() - began
    finally:
        over.set()
        holder.join()

    assert answer.status_code == 503
    assert "系统繁忙" in answer.content.decode()
    assert waited < 9
    application.refresh_from_db()
    assert application.status == Status.IN_REVIEW
    assert not LedgerEntry.objects.filter(kind="grant").exists()
