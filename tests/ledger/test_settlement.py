"""The settlement of a company's policy year: to the fen, in Python and in SQL, again and again."""

from decimal import Decimal
from fractions import Fraction
from io import StringIO
from random import Random

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.models import Role
from accounts.refusals import NotAllowed, Refused
from audit.models import Entry
from companies.models import Agreement, SourceRule, YearlyFigure
from reviews.models import StageKind
from reviews.services import finance_department
from subsidies.catalogue.models import Allocation
from subsidies.ledger import services
from subsidies.ledger.reconciliation import differences
from subsidies.ledger.settlement import (
    Asked,
    Row,
    settle,
    settle_amounts,
    settle_in_sql,
    stored_differences,
)
from subsidies.models import (
    Adjustment,
    Award,
    BudgetLine,
    CompanyYear,
    Freeze,
    PolicyDocument,
    Settlement,
    SettlementLine,
)
from tests import domain
from tests.factories import (
    BudgetLineFactory,
    MemberFactory,
    PastAwardFactory,
    StandInFactory,
    UserFactory,
    YearlyFigureFactory,
)
from tests.ledger.granting import grant

BIG = 2**63


def amounts(asked, cap, carried=0, allocation=Allocation.IN_ORDER):
    lines = [Asked(before, counts) for before, counts in asked]
    return [
        each.amount
        for each in settle_amounts(lines, cap=cap, carried=carried, allocation=allocation)
    ]


class TestAmounts:
    """Fen; True where the claim counts against the cap."""

    def test_in_order_the_claim_that_meets_the_cap_is_cut_to_what_is_left(self):
        """C02, C04"""
        assert amounts([(60, True), (60, True), (60, True)], 100) == [60, 40, 0]
        assert amounts([(60, True), (40, True)], 100) == [60, 40]
        assert amounts([(60, True), (41, True)], 100) == [60, 40]

    def test_what_is_not_capped_uses_room_and_is_never_cut(self):
        assert amounts([(80, False), (60, True), (70, False)], 100) == [80, 20, 70]
        assert amounts([(60, True), (150, False), (60, True)], 100) == [60, 150, 0]

    def test_what_was_carried_uses_room(self):
        assert amounts([(60, True)], 100, carried=70) == [30]
        assert amounts([(60, True)], 100, carried=170) == [0]

    def test_in_proportion_the_shares_are_exactly_what_is_left(self):
        """M01: thirds; the fen left over goes to the earlier on a tie."""
        shares = amounts([(100, True)] * 3, 100, allocation=Allocation.PROPORTIONAL)
        assert shares == [34, 33, 33]
        mixed = [(100, True), (40, False), (200, True)]
        assert amounts(mixed, 100, allocation=Allocation.PROPORTIONAL) == [20, 40, 40]

    def test_in_proportion_enough_for_all_is_all(self):
        assert amounts([(10, True), (0, True)], 100, allocation=Allocation.PROPORTIONAL) == [10, 0]


FEN = st.one_of(st.integers(0, 4), st.integers(0, 10**4), st.integers(0, 10**15))
YEARS = st.lists(
    st.tuples(
        st.lists(st.tuples(FEN, st.booleans()), max_size=7), FEN, FEN, st.sampled_from(Allocation)
    ),
    max_size=4,
)


@settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example([([(BIG, True), (BIG - 1, True), (3, True)], BIG, 0, Allocation.PROPORTIONAL)])
@example([([(100, True)] * 3, 100, 0, Allocation.PROPORTIONAL)])
@example([([(5, True), (5, False)], 0, 0, Allocation.IN_ORDER)])
@example([([], 1, 0, Allocation.IN_ORDER)])
@given(YEARS)
def test_python_and_sql_settle_alike_to_the_fen(db, years):
    """M01: ties, zeros, caps of zero, uncapped claims, the carried, products beyond 64 bits."""
    expected, rows = [], []
    for group, (asked, cap, carried, allocation) in enumerate(years):
        settled = amounts(asked, cap, carried, allocation)
        expected += settled
        rows += [
            Row(group, place, before, counts, cap, carried, allocation == "proportional")
            for place, (before, counts) in enumerate(asked)
        ]
        capped = sum(fen for (_b, counts), fen in zip(asked, settled, strict=True) if counts)
        free = sum(before for before, counts in asked if not counts)
        if allocation == Allocation.PROPORTIONAL:
            room = max(cap - carried - free, 0)
            assert capped == min(room, sum(before for before, counts in asked if counts))
        assert capped <= max(cap - carried, 0)

    assert settle_in_sql(reversed(rows)) == expected


def test_a_hundred_thousand_claims_are_settled_alike_and_as_fractions_have_it(db):
    """M01: each proportional share is less than a fen from the exact fraction."""
    random = Random(20260311)
    expected, rows = [], []
    for group in range(20_000):
        scale = random.choice((4, 10**4, 10**9, 10**15))
        asked = [(random.randint(0, scale), random.random() < 0.8) for _claim in range(5)]
        cap, carried = random.randint(0, 3 * scale), random.randint(0, scale)
        allocation = random.choice(list(Allocation))
        settled = amounts(asked, cap, carried, allocation)
        expected += settled
        rows += [
            Row(group, place, before, counts, cap, carried, allocation == "proportional")
            for place, (before, counts) in enumerate(asked)
        ]
        if allocation == Allocation.PROPORTIONAL:
            wanted = sum(before for before, counts in asked if counts)
            free = sum(before for before, counts in asked if not counts)
            left = min(max(cap - carried - free, 0), wanted)
            for (before, counts), share in zip(asked, settled, strict=True):
                exact = Fraction(before * left, wanted or 1) if counts else Fraction(before)
                assert abs(share - exact) < 1

    assert settle_in_sql(rows) == expected


def settled(company, by=None):
    return settle(company, company.district, 2025, by=by)


def lines_of(settlement):
    return [(line.before, line.room, line.settled, line.granted) for line in settlement.lines.all()]


def yuan(*amounts):
    return tuple(None if each is None else Decimal(each) for each in amounts)


@pytest.fixture
def projects(company, budget):
    """Two projects of 200,000.00 yuan each, and 300,000.00 for the year: cut to it."""
    domain.set_contribution("300000")
    return [
        domain.approved(company, domain.claim("jb24-12", subject=subject))
        for subject in ("甲", "乙")
    ]


def test_a_settlement_of_what_was_granted_in_order_asks_for_nothing(company, projects):
    settlement = settled(company)

    assert lines_of(settlement) == [
        yuan(200000, 300000, 200000, 200000),
        yuan(200000, 100000, 100000, 100000),
    ]
    assert (settlement.cap, settlement.cap_source) == (Decimal("300000"), "contribution")
    assert not Adjustment.objects.exists()


def test_running_again_changes_nothing(company, projects):
    first = settled(company)

    assert settled(company) == first
    assert Settlement.objects.count() == 1


def test_a_figure_corrected_later_proposes_adjustments_and_edits_nothing(company, projects):
    settled(company)
    domain.set_contribution("250000")
    settled(company)
    domain.set_contribution("350000")
    newest = settled(company)

    assert Settlement.objects.count() == 3
    assert list(Adjustment.objects.order_by("pk").values_list("kind", "amount", "status")) == [
        ("reduce", Decimal("50000.00"), "superseded"),
        ("supplement", Decimal("50000.00"), "proposed"),
    ]
    assert lines_of(newest)[1] == yuan(200000, 150000, 150000, 100000)
    assert [award.amount for award in Award.objects.order_by("granted_at")] == [
        Decimal("200000.00"),
        Decimal("100000.00"),
    ]
    assert differences() == []


def test_claims_that_are_determined_and_not_yet_granted_take_their_place(company, budget):
    domain.set_contribution("250000")
    first = domain.at_stage(StageKind.FINANCE, company, domain.claim("jb24-12", subject="甲"))
    second = domain.filed(company, domain.claim("jb24-12", subject="乙"))
    domain.filed(company)  # not yet determined: no place
    grant(second)

    settlement = settled(company)

    assert [line.claim.application for line in settlement.lines.all()] == [first, second]
    assert lines_of(settlement) == [
        yuan(200000, 250000, 200000, 0),
        yuan(200000, 50000, 50000, 200000),
    ]


def test_awards_of_the_other_document_and_of_before_use_room(company, budget):
    BudgetLineFactory(document=PolicyDocument.objects.get(code="jb22"))
    domain.set_contribution("300000")
    PastAwardFactory(company=company, amount=Decimal("30000.00"))
    domain.approved(company, domain.claim("jb22-1b"))
    domain.approved(company, domain.claim("jb24-12"))

    assert lines_of(settled(company)) == [
        yuan(100000, None, 100000, 100000),
        yuan(200000, 170000, 170000, 170000),
    ]


def test_what_an_official_reduced_stays_reduced(company, budget):
    application = domain.at_stage(StageKind.DETERMINATION, company)
    (task,) = domain.open_tasks(application)
    domain.decide(task, amounts=domain.amounts_of(application, "4000.00"), text="核减")
    while domain.case_of(application).closed_at is None:
        domain.advance(application)

    assert lines_of(settled(company))[0][2:] == yuan(4000, 4000)


def test_in_proportion_as_the_document_has_it(company, projects):
    PolicyDocument.objects.update(allocation=Allocation.PROPORTIONAL)

    settlement = settled(company)

    assert [line.settled for line in settlement.lines.all()] == [Decimal("150000.00")] * 2
    assert {row.kind: row.amount for row in Adjustment.objects.all()} == {
        "reduce": Decimal("50000.00"),
        "supplement": Decimal("50000.00"),
    }


def test_without_the_cap_nothing_is_settled(company, budget):
    domain.at_stage(StageKind.FINANCE, company)
    YearlyFigure.objects.filter(measure="fiscal_contribution").delete()
    CompanyYear.objects.create(company=company, district=company.district, year=2025)

    with pytest.raises(Refused, match="还没有录入，不能结算"):
        settled(company)
    said = StringIO()
    call_command("settle_caps", stdout=StringIO(), stderr=said)
    assert "不能结算" in said.getvalue()


def contribution(company):
    return company.figures.get(measure="fiscal_contribution", source="tax")


def test_a_settlement_freezes_the_figure_it_rests_on(company, budget):
    domain.at_stage(StageKind.FINANCE, company)
    assert not contribution(company).is_frozen

    settled(company)

    assert contribution(company).is_frozen
    # What another source tells later stands beside it and does not speak.
    YearlyFigureFactory(
        company=company, year=2025, measure="fiscal_contribution", value="1.00", source="statistics"
    )
    SourceRule.objects.create(
        district=company.district,
        measure="fiscal_contribution",
        first="statistics",
        second="tax",
        third="declared",
    )
    assert settled(company).cap == Decimal("3000000.00")


def test_a_settlement_that_rests_on_an_agreement_or_on_nothing_freezes_nothing(company, budget):
    settled(company)
    assert not contribution(company).is_frozen
    Agreement.objects.create(company=company, kind="cultivation", yearly_amount=Decimal(400000))
    domain.at_stage(StageKind.FINANCE, company)

    settled(company)

    assert not contribution(company).is_frozen


def test_nobody_settles_the_own_company(company, projects):
    finance = finance_department(company.district)
    person, deputy = [domain.official(finance, Role.FINANCE, number) for number in (1, 2)]
    MemberFactory(company=company, user=person)

    with pytest.raises(NotAllowed, match="须由另一人办理"):
        settled(company, by=person)
    settled(company, by=deputy)


def test_a_stand_ins_settlement_bears_both_names_and_is_of_no_member(company, projects):
    principal = domain.official(finance_department(company.district), Role.FINANCE)
    deputy = domain.official(domain.item("jb24-12").leads[0], Role.REVIEWER)
    StandInFactory(appointment=principal.appointments.get(), deputy=deputy)

    settled(company, by=deputy)

    entry = Entry.objects.get(action="year.settled")
    assert (entry.actor, entry.data["on_behalf_of"]) == (deputy, principal.pk)
    MemberFactory(company=company, user=principal)
    with pytest.raises(NotAllowed, match="须由另一人办理"):
        settled(company, by=deputy)


def test_the_agreement_goes_before_the_contribution(company, projects):
    Agreement.objects.create(company=company, kind="cultivation", yearly_amount=Decimal(400000))

    settlement = settled(company)

    assert (settlement.cap, settlement.cap_source) == (Decimal("400000.00"), "agreement")


def test_the_command_settles_all_and_sql_agrees(company, projects):
    said = StringIO()
    call_command("settle_caps", year=2025, uscc=company.uscc, stdout=said)
    call_command("settle_caps", stdout=said)

    assert said.getvalue().splitlines() == [
        "1 settled anew, 0 as before.",
        "0 settled anew, 1 as before.",
    ]


def test_the_command_names_a_line_that_sql_works_out_otherwise(company, projects):
    settled(company)
    domain.execute(
        "SET LOCAL session_replication_role = replica;"
        "UPDATE subsidies_settlementline SET settled = settled - 1 WHERE rank = 2;"
        "SET LOCAL session_replication_role = origin"
    )

    assert len(stored_differences()) == 1
    with pytest.raises(CommandError, match="SQL says 100000"):
        call_command("settle_caps", stdout=StringIO())


@pytest.mark.parametrize("table", ["settlement", "settlementline"])
@pytest.mark.parametrize("act", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_database_keeps_settlements_as_they_are(company, projects, table, act):
    settled(company)

    with pytest.raises(domain.REFUSED_BY_TRIGGER):
        domain.execute(act.format(f"subsidies_{table}"))


def test_the_database_settles_no_more_than_was_asked(company, projects):
    line = SettlementLine.objects.filter(settlement=settled(company)).first()
    line.pk, line.rank, line.settled = None, 9, line.before + 1

    with pytest.raises(IntegrityError, match="settled_within_claim"), transaction.atomic():
        line.save(force_insert=True)


class TestAdjusting:
    """An award of 200,000.00 yuan that is not yet paid."""

    @pytest.fixture
    def award(self, company, budget):
        domain.set_contribution("300000")
        (award,) = grant(domain.filed(company, domain.claim("jb24-12")))
        return award

    def test_less_goes_back_to_budget_and_year(self, award):
        award = services.adjust(award, Decimal("-50000.00"), by=UserFactory())

        assert (award.amount, award.payable) == (Decimal("200000.00"), Decimal("150000.00"))
        assert BudgetLine.objects.get().granted == CompanyYear.objects.get().capped == 150000
        entry = award.entries.last()
        assert (entry.kind, entry.credit, entry.debit) == ("adjust", "granted", "budget")
        assert award.as_history()["amount"] == "150000.00"
        assert differences() == []

    def test_more_comes_from_the_budget_within_the_cap(self, award):
        award = services.adjust(award, Decimal("100000.00"), by=UserFactory())

        assert award.net == Decimal("300000.00")
        entry = award.entries.last()
        assert (entry.credit, entry.debit) == ("budget", "granted")
        assert differences() == []

    def test_the_cap_holds(self, award):
        with pytest.raises(Refused, match="不够补差"):
            services.adjust(award, Decimal("100000.01"), by=UserFactory())

    def test_the_budget_holds(self, award):
        BudgetLine.objects.update(total=Decimal("200000.00"))

        with pytest.raises(services.BudgetExhausted, match="剩余"):
            services.adjust(award, Decimal("0.01"), by=UserFactory())

    def test_while_the_ledger_is_frozen_nothing_is_added(self, award):
        Freeze.objects.create(reason="x")

        with pytest.raises(Refused, match="已暂停"):
            services.adjust(award, Decimal("1.00"), by=UserFactory())
        assert services.adjust(award, Decimal("-1.00"), by=UserFactory()).net == Decimal(
            "199999.00"
        )

    def test_less_by_all_of_it_cancels_the_award(self, award):
        assert services.adjust(award, Decimal("-200000.00"), by=UserFactory()).status == "cancelled"
        assert differences() == []

    def test_an_award_on_its_way_to_the_bank_is_not_adjusted(self, award):
        services.move_award(award, "notified")
        services.move_award(award, "scheduled")

        with pytest.raises(services.StateChanged):
            services.adjust(award, Decimal("-1.00"), by=UserFactory())
