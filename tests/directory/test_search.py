"""Companies are found by name, code and the first letters of their pinyin."""

import importlib

import pytest
from django.apps import apps

from companies.imports.kinds import KINDS
from companies.initials import initials_of, pattern_of
from companies.models import Company
from tests.factories import CompanyFactory, DistrictFactory, UserFactory, uscc


def found(typed):
    return {company.name for company in Company.objects.search(typed)}


@pytest.mark.parametrize(
    ("name", "kept"),
    [("宁波", "nz|b"), ("重庆", "cz|q"), ("（ABC）12号", "a|b|c|1|2|h"), ("", "")],
)
def test_every_reading_of_a_sign_is_kept(name, kept):
    letters = initials_of(name).split("|")

    assert len(letters) == len(kept.split("|"))
    assert all(set(want) <= set(have) for want, have in zip(kept.split("|"), letters, strict=True))


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("nb", "宁波甬澄精密机械有限公司"),
        ("NBYC", "宁波甬澄精密机械有限公司"),
        ("ycjm", "宁波甬澄精密机械有限公司"),
        ("ｎｂｙｃ", "宁波甬澄精密机械有限公司"),
        ("cqcx", "重庆长行贸易有限公司"),
        ("zqzh", "重庆长行贸易有限公司"),
        ("cqch", "重庆长行贸易有限公司"),
        ("a1kj", "A1科技（宁波）有限公司"),
        ("kjnb", "A1科技（宁波）有限公司"),
        ("精密", "宁波甬澄精密机械有限公司"),
        (" 重庆 ", "重庆长行贸易有限公司"),
    ],
)
def test_a_company_is_found_by_what_people_type(db, typed, name):
    district = DistrictFactory()
    names = ("宁波甬澄精密机械有限公司", "重庆长行贸易有限公司", "A1科技（宁波）有限公司")
    for each in names:
        CompanyFactory(name=each, district=district)

    assert name in found(typed)
    if typed not in ("nb",):
        assert found(typed) == {name}


def test_a_company_is_found_by_a_part_of_its_code_however_it_is_typed(db):
    company = CompanyFactory(district=DistrictFactory())
    CompanyFactory(district=company.district)

    assert found(company.uscc[8:].lower()) == {company.name}
    assert found(f" {company.uscc[:9]} {company.uscc[9:]}") == {company.name}


@pytest.mark.parametrize("typed", ["n", "宁b", "n.*b", "n|b", "b n", "", "x" * 31])
def test_what_cannot_be_initials_is_not_taken_for_them(typed):
    assert pattern_of(typed) is None


def test_a_renamed_company_is_found_by_its_new_initials(db):
    company = CompanyFactory(name="宁波木公司", district=DistrictFactory())
    company.name = "宁波山公司"
    company.save()

    assert found("nbsg") == {"宁波山公司"}
    assert not found("nbmg")


def test_an_import_brings_the_initials(db):
    district = DistrictFactory()
    company = CompanyFactory(name="宁波甲公司", district=district)

    built = KINDS["companies"].build({"uscc": uscc(77), "name": "宁波丙公司"}, None, district)
    Company.objects.bulk_create([built])
    company.name = "宁波丁公司"
    written = KINDS["companies"].sign(company, UserFactory())

    assert built.initials == initials_of("宁波丙公司")
    assert "initials" in written
    assert company.initials == initials_of("宁波丁公司")


def test_rows_from_before_are_filled(db):
    CompanyFactory.create_batch(3, district=DistrictFactory())
    Company.objects.update(initials="")

    importlib.import_module("companies.migrations.0011_fill_initials").fill(apps, None)

    assert all(company.initials == initials_of(company.name) for company in Company.objects.all())


@pytest.mark.django_db
def test_a_code_typed_in_groups_is_found_and_a_lone_hyphen_finds_nobody():
    company = CompanyFactory(name="宁波甬澄精密机械有限公司", district=DistrictFactory())

    assert found(f"{company.uscc[:2]}-{company.uscc[2:8]}-{company.uscc[8:]}") == {company.name}
    assert found("-") == set()
