"""大中小微 by 国统字〔2017〕213号."""

from decimal import Decimal

import pytest

from companies.profile.kinds import Measure
from companies.profile.size import LARGE, MEDIUM, MICRO, SMALL, measures_of, size_of

WAN = 10_000


def size(industry, staff=None, revenue=None, assets=None):
    """Staff in persons, revenue and assets in 万元."""
    given = {
        Measure.STAFF: staff,
        Measure.REVENUE: None if revenue is None else revenue * WAN,
        Measure.ASSETS: None if assets is None else assets * WAN,
    }
    figures = {name: Decimal(value) for name, value in given.items() if value is not None}
    return size_of(industry, figures)


@pytest.mark.parametrize(
    ("staff", "revenue", "expected"),
    [
        (1500, 3000, MEDIUM),
        (1500, 1000, SMALL),
        (10, 50000, MICRO),
        (1000, 40000, LARGE),
        (999, 40000, MEDIUM),
        (1000, 39999, MEDIUM),
        (300, 2000, MEDIUM),
        (299, 2000, SMALL),
        (20, 300, SMALL),
        (19, 300, MICRO),
        (20, 299, MICRO),
    ],
)
def test_an_industrial_company_meets_every_bound_of_its_size(staff, revenue, expected):
    assert size("C3912", staff, revenue).size == expected


@pytest.mark.parametrize(
    ("industry", "staff", "revenue", "assets", "expected"),
    [
        ("A0111", None, 20000, None, LARGE),
        ("A0111", None, 49, None, MICRO),
        ("E4710", None, 80000, 79999, MEDIUM),
        ("F5111", 200, 40000, None, LARGE),
        ("F5211", 49, 20000, None, SMALL),
        ("G5431", 1000, 30000, None, LARGE),
        ("G5920", 100, 1000, None, MEDIUM),
        ("G6020", 20, 100, None, SMALL),
        ("H6110", 300, 10000, None, LARGE),
        ("I6410", 2000, 100000, None, LARGE),
        ("I6513", 300, 10000, None, LARGE),
        ("I6513", 9, 10000, None, MICRO),
        ("K7010", None, 200000, 10000, LARGE),
        ("K7010", None, 200000, 1999, MICRO),
        ("K7020", 1000, 5000, None, LARGE),
        ("K7030", 300, None, None, LARGE),
        ("L7211", 300, None, 120000, LARGE),
        ("M7452", 100, None, None, MEDIUM),
        ("Q8512", 10, None, None, SMALL),
        ("39", 1500, 3000, None, MEDIUM),
        ("3912", 1500, 3000, None, MEDIUM),
    ],
)
def test_every_industry_has_its_own_bounds(industry, staff, revenue, assets, expected):
    assert size(industry, staff, revenue, assets).size == expected


@pytest.mark.parametrize("industry", ["G5311", "J6621", "K7040", "P8310", "Q8411", "S9100"])
def test_an_industry_that_the_rule_leaves_out_has_no_size(industry):
    found = size(industry, 5000, 900000, 900000)

    assert (found.size, found.applies) == (None, False)


@pytest.mark.parametrize("industry", ["", "70", "K70"])
def test_an_industry_told_too_roughly_is_asked_for_and_not_guessed(industry):
    found = size(industry, 5000, 900000, 900000)

    assert (found.size, found.needs_class, found.applies) == (None, True, True)


def test_what_is_not_known_is_missing_and_not_micro():
    found = size("C3912", staff=1500)

    assert (found.size, found.missing) == (None, (Measure.REVENUE,))
    assert size("C3912").missing == (Measure.STAFF, Measure.REVENUE)


def test_a_known_figure_that_fails_the_lowest_bound_decides_alone():
    assert size("C3912", staff=19).size == MICRO


def test_the_bounds_stand_beside_the_figures_they_were_compared_with():
    staff, revenue = size("C3912", 1500, 3000).bounds

    assert (staff.measure, staff.large, staff.medium, staff.small) == (
        Measure.STAFF,
        1000,
        300,
        20,
    )
    assert (revenue.large, revenue.small, revenue.value) == (400_000_000, 3_000_000, 30_000_000)
    assert measures_of("C3912") == (Measure.STAFF, Measure.REVENUE)
