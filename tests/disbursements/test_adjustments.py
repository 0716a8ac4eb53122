"""What becomes of a settlement's proposals: two people, an entry, or a clawback."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from accounts.models import District, Role
from accounts.refusals import NotAllowed, Refused, StateChanged
from companies.models import FigureCorrection
from disbursements import adjustments, services
from disbursements.models import Clawback
from outbox.models import Job
from reviews.services import finance_department
from subsidies.ledger import services as ledger
from subsidies.ledger.models import AwardStatus
from subsidies.ledger.reconciliation import differences
from subsidies.ledger.settlement import settle
from subsidies.models import Adjustment, Award, BudgetLine, CompanyYear, PolicyDocument
from tests import domain
from tests.factories import MemberFactory, YearlyFigureFactory
from tests.ledger.granting import grant


@pytest.fixture
def people(world):
    finance = finance_department(District.objects.get(code="330205"))
    return [domain.official(finance, Role.FINANCE, number) for number in (1, 2)]


@pytest.fixture
def award(company, budget):
    """200,000.00 yuan, not yet paid."""
    (award,) = grant(domain.filed(company, domain.claim("jb24-12")))
    return ledger.move_award(award, AwardStatus.NOTIFIED)


def corrected(company, value):
    domain.set_contribution(value)
    settle(company, company.district, 2025, by=None)
    return Adjustment.objects.open().get()


def test_an_unpaid_award_is_reduced_when_two_have_agreed(company, award, people):
    adjustment = corrected(company, "150000")
    adjustments.agree(adjustment, by=people[0])
    with pytest.raises(NotAllowed, match="须由另一人确认"):
        adjustments.agree(adjustment, by=people[0])

    adjustment = adjustments.agree(adjustment, by=people[1])

    assert (adjustment.status, adjustment.agreed_by, adjustment.done_by) == ("done", *people)
    award.refresh_from_db()
    assert (award.amount, award.payable) == (Decimal("200000.00"), Decimal("150000.00"))
    assert BudgetLine.objects.get().granted == CompanyYear.objects.get().capped == 150000
    assert differences() == []


def test_the_payment_line_pays_what_is_left(company, award, people):
    adjustment = corrected(company, "150000")
    for by in people:
        adjustments.agree(adjustment, by=by)

    batch = services.make_batch(award.district, [award], by=people[0])
    services.approve_batch(batch, by=people[1])
    services.mark_paid(batch, on=domain.TODAY, by=people[0])

    assert batch.total == BudgetLine.objects.get().paid == Decimal("150000.00")
    assert differences() == []


def test_settling_again_after_the_adjustment_asks_for_nothing(company, award, people):
    adjustment = corrected(company, "150000")
    for by in people:
        adjustments.agree(adjustment, by=by)

    settle(company, company.district, 2025, by=None)

    assert not Adjustment.objects.open().exists()


def test_what_was_paid_too_much_of_becomes_a_clawback(company, award, people):
    batch = services.make_batch(award.district, [award], by=people[0])
    services.approve_batch(batch, by=people[1])
    services.mark_paid(batch, on=domain.TODAY, by=people[0])

    adjustment = adjustments.agree(corrected(company, "150000"), by=people[0])

    assert adjustment.status == "demanded"
    clawback = Clawback.objects.get()
    assert (clawback.amount, clawback.demanded_by) == (Decimal("50000.00"), people[0])
    assert clawback.reason == (
        "按 2025 年度总量结算，这笔奖补应为 150,000.00 元，已兑现 200,000.00 元，"
        "多兑现 50,000.00 元。"
    )
    services.confirm_return(clawback, by=people[1])
    services.receive_return(clawback, clawback.amount, by=people[0])
    settle(company, company.district, 2025, by=None)
    assert not Adjustment.objects.open().exists()
    assert differences() == []


def test_a_supplement_stays_within_cap_and_budget(company, budget, people):
    domain.set_contribution("150000")
    domain.approved(company, domain.claim("jb24-12"))
    adjustment = corrected(company, "180000")
    assert (adjustment.kind, adjustment.amount) == ("supplement", Decimal("30000.00"))

    for by in people:
        adjustments.agree(adjustment, by=by)

    award = Award.objects.get()
    assert (award.amount, award.net) == (Decimal("150000.00"), Decimal("180000.00"))
    assert differences() == []


def test_what_is_in_a_batch_waits_for_the_batch(company, award, people):
    services.make_batch(award.district, [award], by=people[0])

    with pytest.raises(Refused, match="等批次办结"):
        adjustments.agree(corrected(company, "150000"), by=people[0])


def test_an_adjustment_that_was_dropped_is_over(company, award, people):
    adjustment = adjustments.drop(corrected(company, "150000"), by=people[0])

    with pytest.raises(StateChanged, match="已放弃"):
        adjustments.agree(adjustment, by=people[1])
    assert Award.objects.get().adjusted == 0


def test_only_finance_and_nobody_of_the_company(company, award, people):
    adjustment = corrected(company, "150000")
    MemberFactory(company=company, user=people[0])

    with pytest.raises(NotAllowed):
        adjustments.agree(adjustment, by=people[0])
    with pytest.raises(NotAllowed):
        adjustments.agree(adjustment, by=domain.clerk_of(company))


def test_the_database_wants_a_second_person(company, award, people):
    adjustment = adjustments.agree(corrected(company, "150000"), by=people[0])

    for change in ({"done_by": people[0]}, {"status": "done"}):
        with pytest.raises(IntegrityError, match="adjustment_done"), transaction.atomic():
            Adjustment.objects.filter(pk=adjustment.pk).update(**change)


def test_the_database_keeps_one_open_adjustment_of_an_award(company, award):
    adjustment = corrected(company, "150000")
    adjustment.pk = None

    with pytest.raises(IntegrityError, match="one_open_adjustment"), transaction.atomic():
        adjustment.save(force_insert=True)


class TestSettlementThatNoLongerHolds:
    """Whatever a later grant, clawback or correction has moved, nothing is paid or asked back by
    what a settlement found before it."""

    @pytest.fixture
    def ladder(self, company, budget):
        """40,000.00 of 100,000.00 yuan: the first level of a ladder of 200,000.00, cut by the cap
        of 2024. The district had too low a contribution."""
        YearlyFigureFactory(
            company=company, year=2024, measure="fiscal_contribution", value="40000.00"
        )
        first = domain.claim(domain.LADDER, "factory-provincial", event_date=date(2024, 6, 1))
        (award,) = Award.objects.filter(claim__application=domain.approved(company, first))
        FigureCorrection.objects.create(
            figure=company.figures.get(year=2024, measure="fiscal_contribution"),
            value=Decimal(3000000),
            reason="税务年终清算",
            entered_by=domain.clerk_of(company),
        )
        return award

    def test_what_the_next_level_gives_back_is_not_given_twice(self, company, ladder, people):
        settle(company, company.district, 2024, by=None)
        supplement = Adjustment.objects.open().get()
        assert supplement.amount == Decimal("60000.00")
        domain.approved(company, domain.claim(domain.LADDER, "factory-national"))

        with pytest.raises(StateChanged, match="请重新结算"):
            adjustments.agree(supplement, by=people[0])

        newest = settle(company, company.district, 2024, by=None)
        assert not Adjustment.objects.open().exists()
        assert [line.before for line in newest.lines.all()] == [Decimal("40000.00")]
        awards = Award.objects.order_by("granted_at")
        assert [award.net for award in awards] == [Decimal("40000.00"), Decimal("160000.00")]

    def test_what_the_cap_cut_off_comes_back_where_nothing_else_gave_it(
        self, company, ladder, people
    ):
        settle(company, company.district, 2024, by=None)
        supplement = Adjustment.objects.open().get()

        for by in people:
            supplement = adjustments.agree(supplement, by=by)

        ladder.refresh_from_db()
        assert ladder.net == Decimal("100000.00")
        domain.approved(company, domain.claim(domain.LADDER, "factory-national"))
        assert Award.objects.latest("granted_at").net == Decimal("100000.00")
        assert differences() == []

    def test_what_came_back_meanwhile_is_not_asked_for_again(self, company, award, people):
        batch = services.make_batch(award.district, [award], by=people[0])
        services.approve_batch(batch, by=people[1])
        services.mark_paid(batch, on=domain.TODAY, by=people[0])
        adjustments.agree(corrected(company, "150000"), by=people[0])
        later = corrected(company, "140000")
        clawback = Clawback.objects.get()
        services.confirm_return(clawback, by=people[1])
        services.receive_return(clawback, clawback.amount, by=people[0])

        with pytest.raises(StateChanged, match="请重新结算"):
            adjustments.agree(later, by=people[0])

        settle(company, company.district, 2025, by=None)
        assert Adjustment.objects.open().get().amount == Decimal("10000.00")

    def test_a_figure_corrected_once_more_is_settled_first(self, company, award, people):
        adjustment = corrected(company, "150000")
        domain.set_contribution("170000")

        with pytest.raises(StateChanged, match="请重新结算"):
            adjustments.agree(adjustment, by=people[0])

    def test_the_others_of_one_settlement_do_not_stand_in_each_others_way(
        self, company, budget, people
    ):
        domain.set_contribution("300000")
        for subject in ("甲", "乙"):
            domain.approved(company, domain.claim("jb24-12", subject=subject))
        PolicyDocument.objects.update(allocation="proportional")
        settle(company, company.district, 2025, by=None)

        for adjustment in Adjustment.objects.open().order_by("kind"):
            for by in people:
                adjustments.agree(adjustment, by=by)

        assert [award.net for award in Award.objects.all()] == [Decimal("150000.00")] * 2


class TestDroppedClawback:
    @pytest.fixture
    def adjustment(self, company, award, people):
        """A reduction of what was paid, on its way to be asked back."""
        batch = services.make_batch(award.district, [award], by=people[0])
        services.approve_batch(batch, by=people[1])
        services.mark_paid(batch, on=domain.TODAY, by=people[0])
        return adjustments.agree(corrected(company, "150000"), by=people[0])

    def test_it_is_proposed_again(self, adjustment, people):
        services.drop_return(Clawback.objects.get(), by=people[1])

        adjustment.refresh_from_db()
        assert adjustment.status == "proposed"
        adjustments.agree(adjustment, by=people[1])
        assert Clawback.objects.open().get().adjustment == adjustment

    def test_it_is_not_where_a_later_settlement_has_spoken(self, company, adjustment, people):
        domain.set_contribution("140000")
        settle(company, company.district, 2025, by=None)
        later = Adjustment.objects.open().get()

        services.drop_return(Clawback.objects.get(), by=people[1])

        assert Adjustment.objects.open().get() == later
        assert later.amount == Decimal("60000.00")

    def test_a_clawback_of_its_own_proposes_nothing(self, company, award, people):
        batch = services.make_batch(award.district, [award], by=people[0])
        services.approve_batch(batch, by=people[1])
        services.mark_paid(batch, on=domain.TODAY, by=people[0])
        clawback = services.demand_return(award, Decimal(1), reason="发票作废", by=people[0])

        services.drop_return(clawback, by=people[1])

        assert not Adjustment.objects.exists()

    def test_its_adjustment_stays(self, adjustment):
        with pytest.raises(domain.REFUSED_BY_TRIGGER), transaction.atomic():
            Clawback.objects.update(adjustment=None)


class TestTelling:
    def test_the_company_hears_what_its_award_comes_to_and_why(self, company, award, people):
        adjustment = corrected(company, "150000")
        adjustments.agree(adjustment, by=people[0])
        assert not Job.objects.filter(key__contains="adjusted:").exists()

        adjustments.agree(adjustment, by=people[1])

        mail = Job.objects.get(key__contains="adjusted:").args
        assert mail["to"] == [domain.clerk_of(company).email]
        assert "核减 50,000.00 元，现为 150,000.00 元" in mail["body"]
        assert "年度总量" in mail["body"]

    def test_an_award_of_which_nothing_is_left_comes_to_nothing(self, company, award, people):
        adjustment = corrected(company, "0")
        for by in people:
            adjustments.agree(adjustment, by=by)

        assert "现为 0.00 元" in Job.objects.get(key__contains="adjusted:").args["body"]
