"""Which dated facts a question quotes, for which policy year."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from companies.facts import company_facts
from companies.models import Agreement, Recognition, ScaleYear
from tests.factories import CompanyFactory


@pytest.fixture
def bare(world):
    """A company of which nothing dated is known."""
    return CompanyFactory(above_scale=False, recognised=False)


def fact(company, name, year=2025):
    return company_facts(company, year=year).get(name, "left out")


def test_what_nobody_told_is_left_out(bare):
    facts = company_facts(bare, year=2025)

    assert facts.keys().isdisjoint({"above_scale", "high_tech", "rd_institution"})
    assert facts["comprehensive_support"] is False
    assert "cultivation_cap" not in facts


def test_a_scale_status_counts_for_its_year_alone(bare):
    ScaleYear.objects.create(company=bare, year=2024, above_scale=True)
    ScaleYear.objects.create(company=bare, year=2026, above_scale=False)

    assert [fact(bare, "above_scale", year) for year in (2023, 2024, 2025, 2026)] == [
        "left out",
        True,
        "left out",
        False,
    ]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2025, 12, 31), None, True),
        (date(2026, 1, 1), None, "left out"),
        (date(2022, 1, 2), date(2025, 1, 1), True),
        (date(2022, 1, 2), date(2024, 12, 31), "left out"),
        (None, None, True),
    ],
)
def test_a_certificate_counts_for_a_year_in_which_it_was_in_force_for_a_day(
    bare, first, last, expected
):
    Recognition.objects.create(company=bare, kind="high_tech", valid_from=first, valid_until=last)

    assert fact(bare, "high_tech") == expected


def test_a_year_known_to_be_without_says_no(bare):
    Recognition.objects.create(
        company=bare, kind="high_tech", holds=False, valid_from=date(2025, 1, 1)
    )
    Recognition.objects.create(
        company=bare, kind="rd_institution", holds=False, valid_from=date(2025, 1, 1)
    )

    assert fact(bare, "high_tech") is False
    assert fact(bare, "rd_institution") is None


def test_of_several_institutions_the_highest_counts(bare):
    for level in ("provincial", "municipal"):
        Recognition.objects.create(company=bare, kind="rd_institution", level=level)

    assert fact(bare, "rd_institution") == "provincial"


def test_agreements_count_for_the_years_of_their_period(bare):
    period = {"valid_from": date(2024, 7, 1), "valid_until": date(2025, 6, 30)}
    Agreement.objects.create(company=bare, kind="comprehensive", **period)
    Agreement.objects.create(
        company=bare, kind="cultivation", yearly_amount=Decimal("500000.00"), **period
    )

    assert [fact(bare, "comprehensive_support", year) for year in (2023, 2024, 2025, 2026)] == [
        False,
        True,
        True,
        False,
    ]
    assert [fact(bare, "cultivation_cap", year) for year in (2025, 2026)] == [
        "500000.00",
        "left out",
    ]


def test_of_two_agreements_in_a_year_the_later_one_counts(bare):
    for first, amount in ((date(2025, 7, 1), 200000), (date(2022, 1, 1), 100000)):
        Agreement.objects.create(
            company=bare, kind="cultivation", yearly_amount=amount, valid_from=first
        )

    assert fact(bare, "cultivation_cap") == "200000.00"


@pytest.mark.parametrize(
    "row",
    [
        lambda company: Recognition(company=company, kind="rd_institution"),
        lambda company: Recognition(company=company, kind="high_tech", level="municipal"),
        lambda company: Recognition(
            company=company,
            kind="high_tech",
            valid_from=date(2025, 1, 2),
            valid_until=date(2025, 1, 1),
        ),
        lambda company: Agreement(company=company, kind="cultivation"),
        lambda company: Agreement(company=company, kind="cultivation", yearly_amount=-1),
    ],
)
def test_the_database_refuses_facts_that_cannot_be(bare, row):
    with pytest.raises(IntegrityError), transaction.atomic():
        row(bare).save()
