"""Many who grant at the same moment. The locks hold the ceilings without the constraints, the
constraints hold them without the locks, and without both the tests see them pass."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Sum

from companies.models import YearlyFigure
from reviews.models import StageKind
from subsidies.ledger import services, settlement
from subsidies.ledger.reconciliation import differences
from subsidies.ledger.services import AboveAnswer, BudgetExhausted
from subsidies.models import Award, BudgetLine, CompanyYear, PolicyDocument
from tests import domain
from tests.factories import BudgetLineFactory
from tests.ledger.granting import grant, unlock, without_constraint
from tests.threads import Meeting, at_once

pytestmark = pytest.mark.django_db(transaction=True)


def total():
    return Award.objects.aggregate(total=Sum("amount"))["total"]


def grant_at_once(applications, monkeypatch):
    """Let all of them read before any of them writes, if nothing holds them apart."""
    meeting = Meeting(len(applications))
    monkeypatch.setattr(services, "_hold", meeting.before(services._hold))
    results = at_once(*(lambda each=each: grant(each) for each in applications))
    refused = [result for result in results if isinstance(result, Exception)]
    return refused, meeting


class TestBudget:
    """Four companies, each with 10,000.00 yuan to get, and 10,000.00 yuan left."""

    @pytest.fixture
    def applications(self, world):
        BudgetLineFactory(total=Decimal("10000.00"))
        return [domain.filed(domain.company_with_everything()) for _company in range(4)]

    def test_the_locks_alone_hold_the_budget(self, applications, monkeypatch):
        with without_constraint(BudgetLine, "budget_not_overdrawn"):
            refused, meeting = grant_at_once(applications, monkeypatch)

            assert not meeting.held
            assert [type(error) for error in refused] == [BudgetExhausted] * 3
            assert total() == BudgetLine.objects.get().granted == Decimal("10000.00")
            assert differences() == []

    def test_the_constraint_alone_holds_the_budget(self, applications, monkeypatch):
        unlock(monkeypatch)

        refused, meeting = grant_at_once(applications, monkeypatch)

        assert meeting.held
        assert [type(error) for error in refused] == [IntegrityError] * 3
        assert all("budget_not_overdrawn" in str(error) for error in refused)
        assert total() == BudgetLine.objects.get().granted == Decimal("10000.00")
        assert differences() == []

    def test_without_both_the_budget_is_overdrawn(self, applications, monkeypatch):
        unlock(monkeypatch)
        with without_constraint(BudgetLine, "budget_not_overdrawn"):
            refused, meeting = grant_at_once(applications, monkeypatch)

            assert meeting.held
            assert refused == []
            assert total() == Decimal("40000.00")


class TestAnnualCap:
    """Two projects of a company with 200,000.00 yuan each, and 300,000.00 yuan for the year."""

    @pytest.fixture
    def applications(self, company, budget):
        YearlyFigure.objects.filter(measure="fiscal_contribution").update(value=300000)
        CompanyYear.objects.create(
            company=company, district=company.district, year=2025, cap=Decimal("300000.00")
        )
        return [
            domain.filed(company, domain.claim("jb24-12", subject=name)) for name in ("甲", "乙")
        ]

    def test_the_locks_alone_hold_the_cap(self, applications, monkeypatch):
        with without_constraint(CompanyYear, "company_year_within_cap"):
            refused, meeting = grant_at_once(applications, monkeypatch)

            assert not meeting.held
            assert [type(error) for error in refused] == [AboveAnswer]
            assert total() == CompanyYear.objects.get().capped == Decimal("200000.00")

    def test_the_constraint_alone_holds_the_cap(self, applications, monkeypatch):
        unlock(monkeypatch)

        refused, meeting = grant_at_once(applications, monkeypatch)

        assert meeting.held
        assert [type(error) for error in refused] == [IntegrityError]
        assert "company_year_within_cap" in str(refused[0])
        assert total() == CompanyYear.objects.get().capped == Decimal("200000.00")

    def test_without_both_the_cap_is_passed(self, applications, monkeypatch):
        unlock(monkeypatch)
        with without_constraint(CompanyYear, "company_year_within_cap"):
            refused, meeting = grant_at_once(applications, monkeypatch)

            assert meeting.held
            assert refused == []
            assert total() == Decimal("400000.00")


class TestLadder:
    """Two levels of one ladder in two policy years: 100,000.00 and, less that, 200,000.00."""

    @pytest.fixture
    def applications(self, company, budget):
        YearlyFigure.objects.create(
            company=company, year=2024, measure="fiscal_contribution", value=3000000, source="tax"
        )
        return [
            domain.filed(company, domain.claim(domain.LADDER, level, event_date=day))
            for level, day in (
                ("factory-provincial", domain.EVENT.replace(year=2024)),
                ("factory-national", domain.EVENT),
            )
        ]

    def test_the_locks_hold_a_ladder(self, applications, monkeypatch):
        refused, meeting = grant_at_once(applications, monkeypatch)

        assert not meeting.held
        # Both were answered before either was granted; whoever is second is told to look again.
        assert [type(error) for error in refused] == [AboveAnswer]
        assert total() in (Decimal("100000.00"), Decimal("200000.00"))

    def test_without_the_locks_a_ladder_pays_twice(self, applications, monkeypatch):
        unlock(monkeypatch)

        refused, meeting = grant_at_once(applications, monkeypatch)

        assert meeting.held
        assert refused == []
        assert total() == Decimal("300000.00")


class TestExclusive:
    """An institute that two documents reward, once only: two budgets, two policy years. Nothing
    but the company's row is common to both."""

    @pytest.fixture
    def applications(self, company, budget):
        BudgetLineFactory(document=PolicyDocument.objects.get(code="jb22"))
        return [
            domain.filed(company, domain.claim(code, "city-tech-centre", **given))
            for code, given in {
                "jb24-08a": {"subject": "研究院"},
                "jb22-5": {"subject": "研究院", "event_date": domain.EVENT.replace(year=2024)},
            }.items()
        ]

    def test_the_companys_lock_holds_them_apart(self, applications, monkeypatch):
        refused, meeting = grant_at_once(applications, monkeypatch)

        assert not meeting.held
        assert [type(error) for error in refused] == [AboveAnswer]
        assert total() == Decimal("100000.00")

    def test_without_the_locks_both_documents_pay(self, applications, monkeypatch):
        unlock(monkeypatch)

        refused, meeting = grant_at_once(applications, monkeypatch)

        assert meeting.held
        assert refused == []
        assert total() == Decimal("200000.00")


def test_finance_at_once_shares_what_is_left_and_losers_are_told(world):
    """C01: of four consents at the same moment two hold the money; the others' cases stay."""
    BudgetLineFactory(total=Decimal("10000.00"))
    claim = domain.claim(requested=Decimal("4000.00"))
    applications = [
        domain.at_stage(StageKind.FINANCE, domain.company_with_everything(), claim)
        for _company in range(4)
    ]
    tasks = [domain.open_tasks(application)[0] for application in applications]

    results = at_once(*(lambda task=task: domain.decide(task) for task in tasks))

    refused = [result for result in results if isinstance(result, Exception)]
    assert [str(error) for error in refused] == [
        "预算余额不足：“工业政策资金”剩余 2,000.00 元，本次需要 4,000.00 元。"
    ] * 2
    assert BudgetLine.objects.get().reserved == Decimal("8000.00")
    stages = [domain.case_of(application).stage.kind for application in applications]
    assert sorted(stages) == [StageKind.FINANCE] * 2 + [StageKind.PUBLIC_NOTICE] * 2
    assert differences() == []


def test_a_budget_is_not_lowered_below_what_is_granted_at_that_moment(company, monkeypatch):
    BudgetLineFactory(total=Decimal("10000.00"))
    application = domain.filed(company)
    meeting = Meeting(2)
    monkeypatch.setattr(services, "_hold", meeting.before(services._hold))

    def lower():
        meeting.wait()
        BudgetLine.objects.update(total=Decimal("9999.99"))

    granted, lowered = at_once(lambda: grant(application), lower)

    assert isinstance(lowered, IntegrityError)
    assert granted[0].amount == BudgetLine.objects.get().total == Decimal("10000.00")


class TestFreezing:
    """An import that comes just after the cap was read, and takes no lock of the company."""

    @pytest.fixture
    def imported(self):
        """What became of each import: it waits for the freeze, or for nobody."""
        return []

    def _let_in(self, module, name, monkeypatch, imported):
        def write():
            with transaction.atomic():
                domain.execute("SET LOCAL lock_timeout = '300ms'")
                figures = YearlyFigure.objects.filter(measure="fiscal_contribution")
                return figures.update(value=Decimal("4000.00"))

        read = getattr(module, name)

        def reading(*args):
            cap = read(*args)
            imported.extend(at_once(write))
            return cap

        monkeypatch.setattr(module, name, reading)

    def test_a_grant_freezes_what_it_was_measured_against(
        self, company, budget, monkeypatch, imported
    ):
        application = domain.filed(company)
        self._let_in(services, "annual_cap", monkeypatch, imported)

        grant(application)

        assert [type(result) for result in imported] == [OperationalError]
        self._assert_frozen(CompanyYear.objects.get().cap)

    def test_a_settlement_freezes_what_it_was_worked_out_from(
        self, company, budget, monkeypatch, imported
    ):
        domain.at_stage(StageKind.FINANCE, company)
        self._let_in(settlement, "corrected_cap", monkeypatch, imported)

        settled = settlement.settle(company, company.district, 2025, by=None)

        assert [type(result) for result in imported] == [OperationalError]
        self._assert_frozen(settled.cap)

    def _assert_frozen(self, cap):
        figure = YearlyFigure.objects.get(measure="fiscal_contribution")
        assert figure.is_frozen
        assert figure.value == cap == Decimal("3000000.00")
