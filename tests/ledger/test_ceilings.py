"""What may be granted, to the fen: budgets, annual caps, and what counts towards them."""

from decimal import Decimal
from itertools import permutations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Department, Role
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.models import Entry
from companies import figures
from companies.figures import chosen_figure
from companies.models import Agreement, Company, SourceRule, YearlyFigure
from companies.profile.kinds import Measure
from subsidies.ledger import services
from subsidies.ledger.services import AboveAnswer, BudgetExhausted
from subsidies.ledger.settlement import settle
from subsidies.models import (
    Adjustment,
    Award,
    BudgetLine,
    CompanyYear,
    Freeze,
    LedgerEntry,
    PolicyDocument,
    SettlementLine,
)
from tests import domain
from tests.factories import (
    BudgetLineFactory,
    CompanyFactory,
    PastAwardFactory,
    YearlyFigureFactory,
)
from tests.fixtures_domain import MORNING
from tests.ledger.granting import grant

JB22 = "jb22-1b"  # 100,000.00 yuan, under a document without an annual cap


def contribution(value):
    YearlyFigure.objects.filter(measure="fiscal_contribution").update(value=Decimal(value))


@pytest.fixture
def budget22(world):
    return BudgetLineFactory(document=PolicyDocument.objects.get(code="jb22"))


def test_an_award_may_use_a_budget_up_to_the_last_fen(company):
    line = BudgetLineFactory(total=Decimal("10000.00"))

    grant(domain.filed(company))

    line.refresh_from_db()
    assert (line.granted, line.left) == (Decimal("10000.00"), Decimal("0.00"))


def test_one_fen_too_much_is_refused_and_the_sentence_names_what_is_left(company):
    BudgetLineFactory(total=Decimal("9999.99"))

    with pytest.raises(BudgetExhausted) as refusal:
        grant(domain.filed(company))

    assert refusal.value.messages == [
        "预算余额不足：“工业政策资金”剩余 9,999.99 元，本次需要 10,000.00 元。"
    ]
    assert not Award.objects.exists()
    assert not LedgerEntry.objects.exists()


def test_the_claims_of_an_application_are_granted_all_or_none(company):
    BudgetLineFactory(total=Decimal("399999.99"))
    claims = [domain.claim("jb24-12", subject=name) for name in ("甲", "乙")]

    with pytest.raises(BudgetExhausted, match="本次需要"):
        grant(domain.filed(company, *claims))

    assert not Award.objects.exists()
    assert BudgetLine.objects.get().granted == 0


def test_a_cancelled_award_gives_its_money_back_once(company):
    BudgetLineFactory(total=Decimal("10000.00"))
    (award,) = grant(domain.filed(company))

    services.cancel(award, by=award.granted_by)
    with pytest.raises(services.StateChanged):
        services.cancel(award, by=award.granted_by)

    assert BudgetLine.objects.get().granted == CompanyYear.objects.get().capped == 0
    grant(domain.filed(domain.company_with_everything()))
    assert BudgetLine.objects.get().left == 0


def test_the_most_specific_budget_line_is_drawn_on(company):
    lead = Department.objects.get(district=company.district, short_name="区经信局")
    other = Department.objects.get(district=company.district, short_name="区科技局")
    lines = [
        BudgetLineFactory(),
        BudgetLineFactory(department=lead),
        BudgetLineFactory(item_code=domain.ALONE),
        BudgetLineFactory(department=lead, item_code=domain.ALONE),
    ]
    BudgetLineFactory(department=other, item_code=domain.ALONE)
    BudgetLineFactory(department=lead, item_code=domain.LADDER)
    BudgetLineFactory(year=2025, department=lead, item_code=domain.ALONE)
    application = domain.filed(company)

    while lines:
        assert services.budget_line_for(application) == lines[-1]
        lines.pop().delete()
    assert services.budget_line_for(application) is None


def test_the_budget_of_the_year_of_approval_is_drawn_on_and_the_cap_of_the_event(company, budget):
    (award,) = grant(domain.filed(company))

    assert (award.budget_line.year, award.policy_year) == (2026, 2025)
    assert CompanyYear.objects.get().year == 2025


@pytest.mark.parametrize(("left", "paid"), [("10000.00", "10000.00"), ("9999.99", "9999.99")])
def test_an_award_that_meets_the_annual_cap_is_cut_to_the_fen(company, budget, left, paid):
    contribution(left)

    (award,) = grant(domain.filed(company))

    assert award.amount == Decimal(paid)
    assert CompanyYear.objects.get().left == 0


def test_nothing_above_the_answer_is_granted(company, budget):
    application = domain.filed(company)

    with pytest.raises(AboveAnswer, match=r"现在最多可兑现 10,000\.00 元，不能批准 10,000\.01 元"):
        grant(application, "10000.01")


def test_less_than_the_answer_may_be_granted(company, budget):
    (award,) = grant(domain.filed(company), "0.01")

    assert award.amount == Decimal("0.01")


def test_an_award_is_never_rounded_up(company, budget):
    claim = domain.investment("98765432.10")
    application = domain.filed(company, claim)

    with pytest.raises(ValueError, match="part of a fen"):
        grant(application, "740740.735")

    assert not Award.objects.exists()


def test_the_answer_itself_is_rounded_down(company, budget):
    # 6 % of it is 740,740.734.
    (award,) = grant(domain.filed(company, domain.investment("12345678.90")))

    assert award.amount == Decimal("740740.73")


@pytest.mark.parametrize("amount", ["0.00", "-1.00"])
def test_nothing_or_less_is_not_granted(company, budget, amount):
    with pytest.raises(IntegrityError, match=r"above_zero|overdrawn"), transaction.atomic():
        grant(domain.filed(company), amount)


class TestCapAcrossDocuments:
    """jb22 has no annual cap: its awards use the year up and are never cut by it."""

    def test_an_uncapped_award_leaves_less_for_capped_ones(self, company, budget, budget22):
        contribution("105000.00")
        grant(domain.filed(company, domain.claim(JB22)))

        (award,) = grant(domain.filed(company))

        assert award.amount == Decimal("5000.00")

    def test_an_uncapped_award_that_used_the_year_up_leaves_nothing(
        self, company, budget, budget22
    ):
        contribution("100000.00")
        grant(domain.filed(company, domain.claim(JB22)))

        with pytest.raises(AboveAnswer):
            grant(domain.filed(company), "0.01")

    def test_an_uncapped_award_is_not_cut_by_a_year_that_is_used_up(
        self, company, budget, budget22
    ):
        contribution("10000.00")
        grant(domain.filed(company))

        (award,) = grant(domain.filed(company, domain.claim(JB22)))

        year = CompanyYear.objects.get()
        assert award.amount == Decimal("100000.00")
        assert (year.capped, year.uncapped, year.left) == (10000, 100000, 0)

    def test_an_uncapped_award_needs_no_known_contribution(self, company, budget22):
        YearlyFigure.objects.filter(measure="fiscal_contribution").delete()

        (award,) = grant(domain.filed(company, domain.claim(JB22)))

        assert award.amount == Decimal("100000.00")
        assert CompanyYear.objects.get().cap is None

    def test_the_database_refuses_a_capped_award_behind_an_uncapped_one(
        self, company, budget, budget22
    ):
        contribution("105000.00")
        grant(domain.filed(company, domain.claim(JB22)))

        rows = CompanyYear.objects.filter(company=company)
        with pytest.raises(IntegrityError, match="within_cap"), transaction.atomic():
            rows.update(cap=Decimal("105000.00"), capped=Decimal("5000.01"))
        assert rows.update(cap=Decimal("105000.00"), capped=Decimal("5000.00"))

    def test_the_database_refuses_a_capped_award_without_a_known_cap(self, company):
        year = CompanyYear.objects.create(company=company, district=company.district, year=2025)

        with pytest.raises(IntegrityError, match="within_cap"), transaction.atomic():
            CompanyYear.objects.filter(pk=year.pk).update(capped=Decimal("0.01"))


class TestSettledContribution:
    """A contribution that turns out to be another one after awards were granted on it."""

    @pytest.fixture
    def granted(self, company, budget, budget22):
        contribution("105000.00")
        return grant(domain.filed(company, domain.claim(domain.LADDER)))[0]

    @pytest.fixture
    def figure(self, company, granted):
        return company.figures.get(measure="fiscal_contribution")

    def test_the_figure_can_no_longer_be_changed_or_deleted(self, figure):
        table = "companies_yearlyfigure"
        for statement in (f"UPDATE {table} SET value = 1", f"DELETE FROM {table}"):
            with pytest.raises(domain.REFUSED_BY_TRIGGER, match=r"Cannot (update|delete)"):
                domain.execute(f"{statement} WHERE id = {figure.pk}")

    @pytest.mark.parametrize("value", ["50000.00", "900000.00"])
    def test_a_correction_waits_and_the_cap_stays(self, company, granted, figure, value):
        correct(figure, value)

        (award,) = grant(domain.filed(company))

        assert award.amount == Decimal("5000.00")
        assert CompanyYear.objects.get().cap == Decimal("105000.00")

    @pytest.mark.parametrize(
        ("value", "amount"), [("103000.00", "3000.00"), ("150000.00", "50000.00")]
    )
    def test_what_a_settlement_took_in_holds_for_the_next_grant(
        self, company, granted, figure, value, amount
    ):
        correct(figure, value)
        settle(company, company.district, 2025, by=None)
        assert not Adjustment.objects.exists()

        (award,) = grant(domain.filed(company, domain.claim("jb24-12")))

        assert award.amount == Decimal(amount)
        assert CompanyYear.objects.get().cap == Decimal(value)

    def test_after_a_settlement_below_what_was_granted_nothing_more_is_granted(
        self, company, granted, figure
    ):
        correct(figure, "50000.00")
        settle(company, company.district, 2025, by=None)

        with pytest.raises(AboveAnswer):
            grant(domain.filed(company), amount="0.01")

        assert CompanyYear.objects.get().cap == Decimal("105000.00")

    def test_what_another_source_tells_later_waits_too(self, company, granted, figure):
        contribution_from("statistics", company, "900000.00")
        SourceRule.objects.create(
            district=company.district,
            measure="fiscal_contribution",
            first="statistics",
            second="tax",
            third="declared",
        )

        assert grant(domain.filed(company))[0].amount == Decimal("5000.00")

    def test_a_later_agreement_does_not_lift_the_settled_cap(self, company, granted):
        Agreement.objects.create(company=company, kind="cultivation", yearly_amount=Decimal(900000))

        with pytest.raises(AboveAnswer, match="年度总量已锁定"):
            grant(domain.filed(company))

        assert CompanyYear.objects.get().cap == Decimal("105000.00")

    def test_an_uncapped_award_is_still_granted(self, company, granted, figure):
        correct(figure, "50000.00")

        grant(domain.filed(company, domain.claim(JB22)))

        year = CompanyYear.objects.get()
        assert (year.cap, year.capped, year.uncapped) == (105000, 100000, 100000)

    def test_the_correction_says_why_and_the_audit_log_not_how_much(self, figure):
        correct(figure, "51234.00")

        correction = figure.corrections.get()
        assert (correction.value, correction.reason) == (Decimal("51234.00"), "税务年终清算")
        entry = Entry.objects.about(correction).get()
        assert entry.action == "figure.corrected"
        assert "51234" not in str(entry.data)

    def test_nobody_but_finance_corrects_it(self, company, figure):
        for person in (
            domain.official(Department.objects.get(code="jb-industry"), Role.LEAD),
            domain.clerk_of(company),
        ):
            with pytest.raises(NotAllowed, match="财政"):
                correct(figure, "1.00", by=person)

    def test_only_the_figure_that_spoke_is_frozen_and_goes_on_speaking(self, company, budget):
        contribution_from("statistics", company, "4000.00")
        contribution_from("declared", company, "5000.00")
        grant(domain.filed(company))

        SourceRule.objects.create(
            district=company.district,
            measure="fiscal_contribution",
            first="statistics",
            second="declared",
            third="tax",
        )

        frozen = company.figures.get(frozen_at__isnull=False)
        assert frozen.source == "tax"
        assert chosen_figure(company, 2025, Measure.FISCAL_CONTRIBUTION) == frozen

    def test_only_the_figure_that_speaks_is_corrected(self, company, figure):
        silent = YearlyFigureFactory(
            company=company,
            year=2025,
            measure="fiscal_contribution",
            source="declared",
            frozen_at=timezone.now(),
        )

        with pytest.raises(Refused, match="采用的那一条"):
            correct(silent, "1.00")
        correct(figure, "1.00")

    @pytest.mark.parametrize("order", list(permutations(("tax", "statistics", "declared"))))
    def test_of_several_frozen_together_the_rules_first_speaks_and_is_corrected(
        self, company, order
    ):
        company.figures.filter(measure="fiscal_contribution").delete()
        rows = {
            source: YearlyFigureFactory(
                company=company,
                year=2025,
                measure="fiscal_contribution",
                source=source,
                value=value,
                frozen_at=timezone.now(),
            )
            for source, value in zip(order, (100, 200, 300), strict=True)
        }

        assert chosen_figure(company, 2025, Measure.FISCAL_CONTRIBUTION) == rows["tax"]
        for silent in ("statistics", "declared"):
            with pytest.raises(Refused, match="采用的那一条"):
                correct(rows[silent], "1.00")
        correct(rows["tax"], "51234.00")
        assert services.corrected_cap(company, 2025) == Decimal("51234.00")

    def test_an_open_year_is_not_corrected_but_imported_anew(self, company):
        figure = company.figures.get(measure="fiscal_contribution")

        with pytest.raises(StateChanged, match="还没有锁定"):
            correct(figure, "1.00")


def correct(figure, value, *, by=None):
    department = Department.objects.get(district=figure.company.district, is_finance=True)
    return figures.correct_figure(
        figure,
        value=Decimal(value),
        as_of=domain.TODAY,
        reason="税务年终清算",
        by=by or domain.official(department, Role.FINANCE),
    )


def contribution_from(source, company, value):
    YearlyFigure.objects.create(
        company=company, year=2025, measure="fiscal_contribution", value=value, source=source
    )


def test_a_cultivation_agreement_stands_in_for_the_contribution(company, budget):
    Agreement.objects.create(company=company, kind="cultivation", yearly_amount=Decimal("4000.00"))

    (award,) = grant(domain.filed(company))

    assert award.amount == Decimal("4000.00")


def test_the_most_trusted_source_speaks_for_the_contribution(company, budget):
    contribution("4000.00")
    YearlyFigure.objects.create(
        company=company, year=2025, measure="fiscal_contribution", value=9000, source="declared"
    )

    assert grant(domain.filed(company))[0].amount == Decimal("4000.00")


def test_an_award_from_before_the_system_counts_towards_the_cap(company, budget):
    contribution("35000.00")
    PastAwardFactory(company=company, amount=Decimal("30000.00"))

    assert grant(domain.filed(company))[0].amount == Decimal("5000.00")


def test_every_policy_year_has_its_own_cap(company, budget):
    contribution("10000.00")
    YearlyFigure.objects.create(
        company=company, year=2024, measure="fiscal_contribution", value=200000, source="tax"
    )
    grant(domain.filed(company))
    claim = domain.claim("jb24-12", event_date=domain.EVENT.replace(year=2024))

    assert grant(domain.filed(company, claim))[0].amount == Decimal("200000.00")


@pytest.mark.parametrize("amounts", [{}, {"amount": "0.005"}])
def test_nothing_is_granted_without_an_amount_in_whole_fen(company, budget, amounts):
    application = domain.filed(company)

    with pytest.raises((Refused, ValueError), match=r"还没有核定金额|no part of a fen"):
        grant_as(application, amounts)
    assert not Award.objects.exists()


def grant_as(application, amounts):
    claims = application.claims.all()
    given = {claim.pk: Decimal(amounts["amount"]) for claim in claims if amounts}
    with transaction.atomic():
        services.grant_application(application, given, by=application.created_by)


def test_nothing_is_granted_to_a_row_that_was_merged_into_another(company, budget):
    application = domain.filed(company)
    Company.objects.filter(pk=company.pk).update(merged_into=CompanyFactory())

    with pytest.raises(Refused, match="已并入另一行"):
        grant_as(application, {"amount": "100.00"})


def test_without_a_cap_nobody_knows_what_is_left_of_it():
    assert CompanyYear(cap=None).left is None


def test_every_row_of_the_ledger_has_a_name():
    company = Company(name="甲公司")

    assert str(Award(company=company, item_code="jb24-13a", amount=1)) == "甲公司 jb24-13a 1"
    assert str(LedgerEntry(kind="pay", amount=2)) == "拨付 2"
    assert str(Freeze(at=MORNING, reason="计数不符")).endswith("计数不符")
    assert str(SettlementLine(rank=3, settled=4)) == "3 4"
    assert str(Adjustment(kind="more", amount=5)).endswith(" 5")
