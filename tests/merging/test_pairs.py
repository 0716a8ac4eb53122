"""Which rows are shown as one company, and why."""

import pytest

from companies.merging.pairs import MOST, pairs_among, plain_name
from companies.models import Company, Contact
from companies.uscc import check_sign
from tests.factories import BankAccountFactory, CompanyFactory, DistrictFactory, uscc


@pytest.fixture
def district(db):
    return DistrictFactory()


def callable_at(phone, **given):
    company = CompanyFactory(**given)
    Contact.objects.create(company=company, name="周敏", phone=phone)
    return company


def reasons():
    return {
        (pair.first.name, pair.second.name): list(map(str, pair.reasons))
        for pair in pairs_among(Company.objects.all())
    }


@pytest.mark.parametrize(
    "written",
    [
        "宁波甬澄（江北）机械有限公司",
        "宁波甬澄(江北)机械有限责任公司",
        "宁波甬澄 （江北） 机械股份有限公司",
        "宁波甬澄江北机械公司",
    ],
)
def test_brackets_spaces_and_legal_form_say_nothing(written):
    assert plain_name(written) == "宁波甬澄江北机械"


def test_another_name_is_another_name():
    assert plain_name("宁波甬澄机械有限公司") != plain_name("宁波甬澄电子有限公司")


def test_the_same_name_is_a_reason(district):
    CompanyFactory(district=district, name="宁波甲（集团）有限公司")
    CompanyFactory(district=district, name="宁波甲(集团)公司")
    CompanyFactory(district=district, name="宁波乙有限公司")

    assert reasons() == {("宁波甲（集团）有限公司", "宁波甲(集团)公司"): ["名称相同"]}


def test_the_same_organisation_code_under_another_area_is_a_reason(district):
    code = uscc(4711)
    moved = f"91330206{code[8:17]}"
    CompanyFactory(district=district, name="甲", uscc=code)
    CompanyFactory(district=district, name="乙", uscc=moved + check_sign(moved))

    assert reasons() == {("甲", "乙"): ["组织机构代码相同"]}


def test_the_same_account_and_phone_are_reasons(district):
    one = callable_at("0574-87650000", district=district, name="甲")
    two = callable_at("(0574)87650000", district=district, name="乙")
    for company in (one, two):
        BankAccountFactory(company=company, number="1234567890123")

    assert reasons() == {("甲", "乙"): ["收款账号相同", "联系电话相同"]}


def test_what_is_empty_or_shared_by_many_is_no_reason(district):
    for number in range(MOST + 1):
        callable_at("0574-12345678", district=district, name=f"第{number}家")
    CompanyFactory.create_batch(2, district=district)

    assert reasons() == {}


def test_the_most_reasons_stand_first(district):
    CompanyFactory(district=district, name="甲公司")
    CompanyFactory(district=district, name="甲有限公司")
    for name in ("乙公司", "乙有限公司"):
        callable_at("0574-11112222", district=district, name=name)

    assert [names[0] for names in reasons()] == ["乙公司", "甲公司"]
