"""Which rows are shown as one company, and why."""

import pytest

from companies.merging.pairs import MOST, find_pairs, load_pairs
from companies.models import Contact
from companies.uscc import check_sign
from tests.factories import BankAccountFactory, CompanyFactory, DistrictFactory, uscc


@pytest.fixture
def district(db):
    return DistrictFactory()


def callable_at(phone, **given):
    company = CompanyFactory(**given)
    Contact.objects.create(company=company, name="周敏", phone=phone)
    return company


@pytest.fixture
def reasons(district):
    """Makes the pairs of the district by name, each with its reasons."""
    return lambda: {
        (pair.first.name, pair.second.name): list(map(str, pair.reasons))
        for pair in load_pairs(find_pairs([district.pk]))
    }


@pytest.mark.parametrize(
    "written",
    [
        "宁波甬澄（江北）机械有限公司",
        "宁波甬澄(江北)机械有限责任公司",
        "宁波甬澄【江北】机械股份公司",
        "宁波甬澄 （江北） 机械股份有限公司",
        "宁波甬澄江北机械公司",
    ],
)
def test_brackets_spaces_and_legal_form_say_nothing(district, reasons, written):
    CompanyFactory(district=district, name="宁波甬澄江北机械")
    CompanyFactory(district=district, name=written)

    assert reasons() == {("宁波甬澄江北机械", written): ["名称相同"]}


def test_another_name_is_another_name(district, reasons):
    CompanyFactory(district=district, name="宁波甬澄机械有限公司")
    CompanyFactory(district=district, name="宁波甬澄电子有限公司")

    assert reasons() == {}


def test_capitals_and_width_say_nothing(district, reasons):
    CompanyFactory(district=district, name="宁波ＡＢｃ有限公司")
    CompanyFactory(district=district, name="宁波abC公司")

    assert len(reasons()) == 1


def test_rows_of_another_district_and_those_that_were_merged_are_no_pair(district, reasons):
    one, two = CompanyFactory.create_batch(2, district=district, name="甲公司")
    CompanyFactory(district=DistrictFactory(), name="甲公司")
    assert len(reasons()) == 1

    two.merged_into = one
    two.save()
    assert reasons() == {}


def test_the_same_name_is_a_reason(district, reasons):
    CompanyFactory(district=district, name="宁波甲（集团）有限公司")
    CompanyFactory(district=district, name="宁波甲(集团)公司")
    CompanyFactory(district=district, name="宁波乙有限公司")

    assert reasons() == {("宁波甲（集团）有限公司", "宁波甲(集团)公司"): ["名称相同"]}


def test_the_same_organisation_code_under_another_area_is_a_reason(district, reasons):
    code = uscc(4711)
    moved = f"91330206{code[8:17]}"
    CompanyFactory(district=district, name="甲", uscc=code)
    CompanyFactory(district=district, name="乙", uscc=moved + check_sign(moved))

    assert reasons() == {("甲", "乙"): ["组织机构代码相同"]}


def test_the_same_account_and_phone_are_reasons(district, reasons):
    one = callable_at("0574-87650000", district=district, name="甲")
    two = callable_at("(0574)87650000", district=district, name="乙")
    for company in (one, two):
        BankAccountFactory(company=company, number="1234567890123")

    assert reasons() == {("甲", "乙"): ["收款账号相同", "联系电话相同"]}


def test_what_is_empty_or_shared_by_many_is_no_reason(district, reasons):
    for number in range(MOST + 1):
        callable_at("0574-12345678", district=district, name=f"第{number}家")
    CompanyFactory.create_batch(2, district=district)

    assert reasons() == {}


def test_a_name_tells_however_many_rows_share_it(district, reasons):
    CompanyFactory.create_batch(MOST + 1, district=district, name="甲公司", above_scale=False)

    assert reasons() == {("甲公司", "甲公司"): ["名称相同"]}


def test_the_most_reasons_stand_first(district, reasons):
    CompanyFactory(district=district, name="甲公司")
    CompanyFactory(district=district, name="甲有限公司")
    for name in ("乙公司", "乙有限公司"):
        callable_at("0574-11112222", district=district, name=name)

    assert [names[0] for names in reasons()] == ["乙公司", "甲公司"]
