"""What holds for every question, not only for the worked cases."""

from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from subsidies.rules.answer import Answer, Outcome
from subsidies.rules.edition import Formula, Scope
from subsidies.rules.question import (
    Allocation,
    Award,
    Claim,
    Company,
    DishonestyEntry,
    Incident,
    IncidentKind,
    Question,
    RdInstitution,
    YearFigures,
)
from subsidies.rules.settle import explain, share_out
from tests.rules.catalogue import catalogue

modest = settings(max_examples=120, deadline=None)

LEVELS = [
    (item.code, level)
    for item in catalogue().items.values()
    if item.formula is not Formula.UNSPECIFIED
    for level in item.levels
]
LADDERS = sorted(
    {
        (item.code, level.track)
        for item in catalogue().items.values()
        if item.formula is Formula.LADDER
        for level in item.levels.values()
    }
)
# Facts that may be left out and are then unknown.
COMPANY_FACTS = (
    "district",
    "industry",
    "above_scale",
    "high_tech",
    "rd_institution",
    "industry_rd_intensity",
)
CLAIM_FACTS = (
    "recognised_investment",
    "eligible_investment",
    "project_investment",
    "quantity",
    "fee_paid",
    "upper_grant",
    "proceeds",
    "invested_in_district",
)
YEAR_FACTS = ("rd_spend", "revenue", "fiscal_contribution")

# Most companies drawn are in order, or hardly a claim would ever be paid.
mostly = st.sampled_from([True, True, True, False])
fen = st.one_of(st.sampled_from([0, 1, 199_999_999, 200_000_000]), st.integers(0, 10**11))
days = st.dates(date(2023, 7, 1), date(2026, 6, 30))
subjects = st.sampled_from(["", "甲", "乙"])
figures = st.builds(
    YearFigures, rd_spend=fen, revenue=fen, fiscal_contribution=st.integers(0, 10**9)
)
companies = st.builds(
    Company,
    district=st.sampled_from(["宁波市江北区"] * 4 + ["宁波市鄞州区"]),
    industry=st.sampled_from(["C3912", "C3912", "B06", "4412", "I6513"]),
    above_scale=mostly,
    high_tech=mostly,
    rd_institution=st.sampled_from(RdInstitution),
    cultivation_cap=st.none() | st.integers(0, 10**9),
    industry_rd_intensity=st.sampled_from([Decimal("0"), Decimal("0.021"), Decimal("1.5")]),
    years=st.fixed_dictionaries(dict.fromkeys(range(2021, 2027), figures)),
    incidents=st.lists(
        st.builds(Incident, kind=st.sampled_from(IncidentKind), date=days), max_size=1
    ).map(tuple),
    dishonesty=st.just(())
    | st.just(())
    | st.lists(st.builds(DishonestyEntry, listed_on=days), max_size=1).map(tuple),
)


@st.composite
def claims(draw):
    item, level = draw(st.sampled_from(LEVELS))
    proceeds = draw(st.integers(1, 10**11))
    return Claim(
        id=str(draw(st.uuids())),
        item=item,
        level=level,
        event_date=draw(days),
        subject=draw(subjects),
        requested=draw(st.none() | fen),
        other_support=draw(st.sampled_from([0, 0, 1, 3_000_000])),
        match_required=draw(st.booleans()),
        recognised_investment=draw(fen),
        eligible_investment=draw(fen),
        project_investment=draw(fen),
        quantity=draw(st.decimals(0, 100, places=4)),
        fee_paid=draw(fen),
        upper_grant=draw(fen),
        proceeds=proceeds,
        invested_in_district=draw(st.integers(0, proceeds)),
    )


@st.composite
def awards(draw):
    item, level = draw(st.sampled_from(LEVELS))
    return Award(
        item,
        level,
        draw(st.integers(2021, 2026)),
        draw(st.integers(0, 10**8)),
        subject=draw(subjects),
    )


def questions(size=5, **parts):
    return st.builds(
        Question,
        as_of=days,
        company=companies,
        claims=st.lists(claims(), min_size=1, max_size=size).map(tuple),
        history=st.lists(awards(), max_size=3).map(tuple),
        allocation=st.sampled_from(Allocation),
        **parts,
    )


@st.composite
def questions_and_parts_of_them(draw, size=1):
    """A question that tells every fact, and the same with some of the facts not given."""
    whole = draw(questions(size))
    gone = draw(st.sets(st.sampled_from(COMPANY_FACTS)))
    years = {
        year: replace(
            found, **dict.fromkeys(draw(st.sets(st.sampled_from(YEAR_FACTS), max_size=2)))
        )
        for year, found in whole.company.years.items()
    }
    company = replace(whole.company, years=years, **dict.fromkeys(gone))
    told = tuple(
        replace(claim, **dict.fromkeys(draw(st.sets(st.sampled_from(CLAIM_FACTS), max_size=3))))
        for claim in whole.claims
    )
    return whole, replace(whole, company=company, claims=told)


def answered(question: Question) -> Answer:
    return explain(question, catalogue())


def paid(question: Question):
    """Each claim with what it is paid, in fen."""
    found = answered(question)
    return [
        (claim, told.payable or 0)
        for claim, told in zip(question.claims, found.claims, strict=True)
    ]


def subject_of(award_or_claim, level):
    return "" if level.per == "company" else award_or_claim.subject


@modest
@given(questions())
def test_no_entitlement_passes_the_amount_of_its_level(question):
    for claim, told in zip(question.claims, answered(question).claims, strict=True):
        item = catalogue().items[claim.item]
        if item.formula not in (Formula.PER_UNIT, Formula.MATCH):
            assert 0 <= told.entitlement <= item.levels[claim.level].amount


@modest
@given(questions())
def test_a_track_never_pays_more_than_its_highest_level_claimed(question):
    granted, highest = defaultdict(int), defaultdict(int)
    before = [(entry, entry.amount, entry.year) for entry in question.history]
    now = [(claim, amount, claim.policy_year) for claim, amount in paid(question)]
    for entry, amount, year in [*before, *now]:
        item = catalogue().items[entry.item]
        level = item.levels[entry.level]
        if item.formula not in (Formula.LADDER, Formula.LADDER_UP_TO):
            continue
        span = year if level.ladder_scope is Scope.YEAR else None
        track = (entry.item, level.track, subject_of(entry, level), span)
        if isinstance(entry, Claim):
            highest[track] = max(highest[track], level.amount)
            assert amount == 0 or granted[track] + amount <= highest[track]
        granted[track] += amount


@modest
@given(questions())
def test_the_cap_of_an_item_and_the_cap_of_a_year_hold(question):
    of_item, of_district = defaultdict(int), defaultdict(int)
    for entry in question.history:
        of_item[entry.item, entry.year] += entry.amount
        district = catalogue().items[entry.item].document.district
        of_district[district, entry.year] += entry.amount
    for claim, amount in paid(question):
        item, year = catalogue().items[claim.item], claim.policy_year
        of_item[claim.item, year] += amount
        of_district[item.document.district, year] += amount
        if not amount:
            continue
        cap = item.levels[claim.level].company_year_cap
        assert cap is None or of_item[claim.item, year] <= cap
        if "annual_cap" in item.document.rules:
            company = question.company
            contribution = company.years[year].fiscal_contribution
            limit = contribution if company.cultivation_cap is None else company.cultivation_cap
            assert of_district[item.document.district, year] <= limit


@modest
@given(questions())
def test_the_steps_only_ever_take_away_and_end_in_what_is_paid(question):
    for told in answered(question).claims:
        amounts = [step.amount for step in told.steps]
        assert amounts == sorted(amounts, reverse=True)
        assert all(step.cut >= 0 for step in told.steps)
        if told.eligible:
            assert told.payable == amounts[-1]


@modest
@given(st.sampled_from(LADDERS), st.data(), subjects)
def test_the_total_of_a_ladder_does_not_hang_on_the_order_of_filing(ladder, data, subject):
    code, track = ladder
    item = catalogue().items[code]
    levels = [level for level in item.levels.values() if level.track == track]
    chosen = data.draw(st.lists(st.sampled_from(levels), min_size=1, unique_by=lambda x: x.code))
    order = data.draw(st.permutations(chosen))
    company = Company(
        district=item.document.district,
        industry="C3912",
        above_scale=True,
        years={2024: YearFigures(rd_spend=1, fiscal_contribution=10**12)},
    )
    filed = tuple(
        Claim(level.code, code, level.code, date(2024, 6, 30), subject=subject) for level in order
    )

    total = answered(Question(date(2024, 12, 31), company, filed)).total

    assert total == max(level.amount for level in chosen)


@modest
@given(st.lists(st.integers(1, 10**15), min_size=1, max_size=8), st.data())
def test_shares_add_up_to_exactly_what_was_left(asked, data):
    room = data.draw(st.integers(0, sum(asked) - 1))

    shares = share_out(asked, room)

    assert sum(shares) == room
    for amount, share in zip(asked, shares, strict=True):
        exact = Fraction(amount * room, sum(asked))
        assert exact - 1 < share < exact + 1
        assert share <= amount


@modest
@given(questions(size=1), awards())
def test_more_history_never_pays_more(question, earlier):
    more = replace(question, history=(*question.history, earlier))

    assert answered(more).total <= answered(question).total


@modest
@given(questions_and_parts_of_them(size=4))
def test_an_unknown_fact_never_pays_and_holds_nothing_back(questions):
    _, part = questions
    told = answered(part).claims
    undecided = [entry for entry in told if entry.eligible is None]
    assert all(entry.payable is None and entry.missing for entry in undecided)
    decided = tuple(
        claim for claim, entry in zip(part.claims, told, strict=True) if entry.eligible is not None
    )

    alone = answered(replace(part, claims=decided)).claims

    assert alone == tuple(entry for entry in told if entry.eligible is not None)


@settings(max_examples=300, deadline=None)
@given(questions_and_parts_of_them())
def test_what_is_decided_without_a_fact_stands_whatever_the_fact_is(questions):
    whole, part = (answered(question).claims[0] for question in questions)

    for known, told in zip(whole.checks, part.checks, strict=True):
        assert known.outcome is not Outcome.UNKNOWN
        assert told.outcome in (known.outcome, Outcome.UNKNOWN)
        assert bool(told.missing) == (told.outcome is Outcome.UNKNOWN)
    if part.entitlement is not None:
        assert part.entitlement == whole.entitlement
    if part.eligible is not None:
        assert (part.eligible, part.payable) == (whole.eligible, whole.payable)


@modest
@given(questions())
def test_the_same_question_gets_the_same_answer(question):
    assert answered(question) == answered(question)


@modest
@given(st.sampled_from(["general", "key", "featured"]), fen)
def test_a_rate_is_rounded_down_to_the_fen_and_no_further(level, base):
    claim = Claim("a", "jb24-03", level, date(2024, 6, 30), eligible_investment=base)
    found = catalogue().items["jb24-03"].levels[level]

    told = answered(Question(date(2024, 12, 31), Company(), (claim,))).claims[0]

    exact = base * found.rate
    assert told.steps[0].before <= exact < told.steps[0].before + 1
    assert told.entitlement == min(told.steps[0].before, found.amount)
