"""The classification as data, and how one finds one's own place in it."""

import importlib
from collections import Counter

import pytest
from django.apps import apps

from companies.models import Company
from companies.profile.industries import (
    SECTIONS,
    code_of,
    divisions,
    industries,
    industry_of,
    search,
    sections,
)
from demo.registry import TRADES
from tests.factories import CompanyFactory, DistrictFactory, uscc


def test_the_classification_is_whole():
    assert Counter(row.level for row in industries().values()) == {1: 20, 2: 97, 3: 473, 4: 1381}


def test_every_section_has_its_name_in_the_readers_language():
    assert {row.name for row in sections()} == SECTIONS


def test_every_row_has_the_row_above_it():
    rows = industries()
    for digits, row in rows.items():
        if row.level == 2:
            assert row.section in rows
        elif row.level > 2:
            assert rows[digits[:-1]].section == row.section


@pytest.mark.parametrize(
    ("code", "name"), [("203", "木质制品制造"), ("7289", "其他会议、会展及相关服务")]
)
def test_names_are_those_of_2017_and_not_of_the_edition_before(code, name):
    assert industries()[code].name == name


@pytest.mark.parametrize(
    ("section", "first", "last"),
    [
        ("A", "01", "05"),
        ("B", "06", "12"),
        ("C", "13", "43"),
        ("D", "44", "46"),
        ("E", "47", "50"),
        ("F", "51", "52"),
        ("G", "53", "60"),
        ("H", "61", "62"),
        ("I", "63", "65"),
        ("J", "66", "69"),
        ("K", "70", "70"),
        ("L", "71", "72"),
        ("M", "73", "75"),
        ("N", "76", "79"),
        ("O", "80", "82"),
        ("P", "83", "83"),
        ("Q", "84", "85"),
        ("R", "86", "90"),
        ("S", "91", "96"),
        ("T", "97", "97"),
    ],
)
def test_a_section_holds_its_divisions_without_a_gap(section, first, last):
    expected = [f"{number:02}" for number in range(int(first), int(last) + 1)]

    assert [row.digits for row in divisions(section)] == expected


def test_every_code_is_one_that_the_registry_takes():
    (pattern,) = Company._meta.get_field("industry").validators[:1]

    for row in industries().values():
        if row.level > 1:
            pattern(row.code)


def test_a_code_is_found_however_it_is_written():
    names = {industry_of(code).name for code in ("C3912", "3912")}

    assert names == {"计算机零部件制造"}
    assert industry_of("39").name == "计算机、通信和其他电子设备制造业"


@pytest.mark.parametrize("code", ["", "C", "A3912", "3910", "98"])
def test_a_code_that_the_standard_does_not_have_is_none(code):
    assert industry_of(code) is None
    assert code_of(code) == ""


@pytest.mark.parametrize(("typed", "kept"), [("3912", "C3912"), ("C3912", "C3912"), ("39", "C39")])
def test_a_company_keeps_its_industry_as_the_picker_does(typed, kept):
    company = Company(uscc=uscc(1), industry=typed)

    company.clean()

    assert company.industry == kept


def test_industries_from_before_get_their_section(db):
    district = DistrictFactory()
    for typed in ("3912", "C3525", "", "9999"):
        CompanyFactory(district=district, industry=typed)

    name = "companies.migrations.0019_industry_with_its_section"
    importlib.import_module(name).add_sections(apps, None)

    kept = Company.objects.order_by("pk").values_list("industry", flat=True)
    assert list(kept) == ["C3912", "C3525", "", "9999"]


def test_the_demo_works_in_industries_that_there_are():
    assert all(industry_of(code) for _trade, code in TRADES)


@pytest.mark.parametrize(
    ("text", "first"), [("3912", "C3912"), ("c391", "C3911"), ("零部件", "C3484"), ("39", "C39")]
)
def test_one_searches_by_code_or_by_name(text, first):
    assert first in [row.code for row in search(text)]


def test_a_search_is_narrowed_to_a_section_and_a_division():
    assert {row.section for row in search("制造", section="C")} == {"C"}
    assert [row.code for row in search("", section="C", division="42")] == [
        "C42",
        "C4210",
        "C4220",
    ]
    assert search("  ") == []
    assert len(sections()) == 20
