"""What a company changes of its profile, and what officials see of it."""

import re
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import Role
from audit.models import Entry
from companies.models import Contact
from tests import domain
from tests.factories import YearlyFigureFactory
from tests.profile.conftest import browser_of
from tests.workspace.conftest import FINANCE, INDUSTRY, person

PROFILE = "/company/"
EDIT = "/company/edit/"
CONTACT = {
    "name": "王小明",
    "role": "财务负责人",
    "phone": "0574-87651234",
    "email": "wang@example.org",
}


@pytest.fixture
def contact(company):
    return Contact.objects.create(company=company, is_main=True, **CONTACT)


def edit(portal, company, **given):
    company.refresh_from_db()
    data = {
        "street": "330205103",
        "address": "慈城镇示例路 1 号",
        "industry": "C3912",
        "revision": company.revision,
    }
    return portal.post(EDIT, data | given)


def test_the_company_changes_where_it_is_and_what_it_does(portal, company):
    answer = edit(portal, company, industry="3525")

    assert answer.status_code == 302
    company.refresh_from_db()
    assert (company.street, company.industry, company.revision) == ("330205103", "C3525", 1)
    changes = Entry.objects.about(company).get(action="company.profile_changed").data["changes"]
    assert changes["industry"] == ["C3912", "C3525"]
    assert "模具制造" in portal.get(PROFILE).content.decode()


def test_who_saved_later_is_told_and_nothing_is_lost(portal, company):
    edit(portal, company, address="先保存的地址")

    answer = edit(portal, company, address="后保存的地址", revision=0)

    assert answer.status_code == 409
    assert "同事刚改过" in answer.content.decode()
    assert "后保存的地址" in answer.content.decode()
    company.refresh_from_db()
    assert company.address == "先保存的地址"


def test_an_industry_that_there_is_not_is_told_at_its_field(portal, company):
    answer = edit(portal, company, industry="C3910")

    assert answer.status_code == 422
    assert "行业分类里没有这个代码" in answer.content.decode()


def test_the_picker_narrows_and_finds_with_and_without_script(portal, company):
    fragment = portal.get("/industries/", {"q": "模具", "section": "C"}).content.decode()
    assert "C3525" in fragment
    assert "<html" not in fragment

    page = portal.post(EDIT, {"q": "模具", "find": "1", "industry": "C3912"}).content.decode()
    assert "C3525" in page
    assert 'value="C3912" checked' in page
    assert "没有找到" in portal.get("/industries/", {"q": "不存在的行业"}).content.decode()


def test_contacts_are_added_changed_and_taken_off(portal, company):
    portal.post("/company/contacts/new/", CONTACT | {"revision": 0})
    first = company.contacts.get()
    assert first.is_main

    portal.post(
        "/company/contacts/new/",
        {"name": "李琳", "phone": "13800000000", "is_main": "on", "revision": 1},
    )
    first.refresh_from_db()
    assert not first.is_main

    portal.post(f"/company/contacts/{first.pk}/", CONTACT | {"name": "王大明", "revision": 2})
    first.refresh_from_db()
    assert first.name == "王大明"

    main = company.contacts.get(is_main=True)
    portal.post(f"/company/contacts/{main.pk}/remove/", {"revision": 3})
    assert list(company.contacts.values_list("name", "is_main")) == [("王大明", True)]
    assert Entry.objects.about(company).filter(action__startswith="company.contact").count() == 4


def test_a_contact_needs_a_phone_or_a_mail(portal):
    answer = portal.post("/company/contacts/new/", {"name": "王小明", "revision": 0})

    assert answer.status_code == 422
    assert "电话和邮箱至少填一项" in answer.content.decode()


def test_the_audit_log_names_no_person_and_no_number(portal, company):
    portal.post("/company/contacts/new/", CONTACT | {"revision": 0})

    told = str(Entry.objects.about(company).get(action="company.contact_added").data)
    assert CONTACT["name"] not in told
    assert CONTACT["phone"] not in told


def test_another_companys_contact_is_not_found(portal, world):
    other = domain.company_with_everything()
    contact = Contact.objects.create(company=other, name="别人", phone="13800000000")

    for address in ("", "remove/"):
        answer = portal.post(f"/company/contacts/{contact.pk}/{address}", {"name": "改了"})
        assert answer.status_code == 404


def test_who_does_not_call_sees_stars(contact, company):
    address = reverse("company_detail", args=[company.pk])
    for user in (person(INDUSTRY), person(FINANCE, Role.FINANCE)):
        assert CONTACT["phone"] in browser_of(user).get(address).content.decode()

    page = browser_of(person(FINANCE, Role.AUDITOR)).get(address).content.decode()
    for secret in ("王小明", CONTACT["phone"], CONTACT["email"]):
        assert secret not in page
    assert "王**" in page
    assert "057****34" in page


def test_the_page_of_a_company_is_for_officials_of_its_district(company, portal):
    address = reverse("company_detail", args=[company.pk])
    elsewhere = domain.official(
        domain.Department.objects.filter(district__code="330212").first(), Role.REVIEWER
    )

    assert portal.get(address).status_code == 403
    assert browser_of(elsewhere).get(address).status_code == 404
    assert browser_of(person(INDUSTRY)).get(address).status_code == 200


def test_the_profile_says_the_size_its_bounds_and_the_year(portal, company):
    YearlyFigureFactory(company=company, year=2025, measure="staff", value=320)

    page = portal.get(PROFILE).content.decode()

    assert "<b>中型</b> 按 2025 年度数据" in page
    assert "≥ 400,000,000.00" in page
    assert "98,000,000.00" in page


def test_what_is_missing_stands_first_and_size_is_not_guessed(portal, company):
    page = portal.get(PROFILE).content.decode()

    assert "2025 年度从业人员" in page
    assert page.index("项资料") < page.index('id="registration"')
    assert "还缺 从业人员" in page


def test_what_the_company_fills_in_stands_apart_from_what_officials_enter(portal, company):
    company.scale_years.all().delete()
    company.recognitions.all().delete()
    page = portal.get(PROFILE).content.decode()

    own, _head, officials = page.partition("由主管部门录入")
    own = own.partition("请贵公司补充")[2]
    officials = officials.partition("</div>")[0]
    assert "2025 年度从业人员" in own
    assert "2025 年度规上状态" in officials
    assert "高新技术企业" in officials
    assert "规上状态" not in own
    detail = reverse("company_detail", args=[company.pk])
    assert "由企业补充" in browser_of(person(INDUSTRY)).get(detail).content.decode()


def test_how_many_industries_are_not_shown_is_said(portal):
    page = portal.get("/industries/", {"q": "业"}).content.decode()

    assert page.count('type="radio"') == 40
    assert "个没有列出" in page
    assert "个没有列出" not in portal.get("/industries/", {"q": "3912"}).content.decode()


def test_sources_that_differ_stand_side_by_side_with_the_chosen_one_first(portal, company):
    YearlyFigureFactory(
        company=company, year=2025, measure="revenue", source="declared", value=Decimal(99)
    )

    page = portal.get(PROFILE).content.decode()

    assert "来源不一致" in page
    assert page.index("98,000,000.00") < page.index("99.00")


def test_the_company_declares_a_figure_on_its_page(portal, company):
    data = {
        "year": "2025",
        "measure": "staff",
        "value": "320",
        "as_of": "2025-12-31",
    }
    assert portal.post("/company/figures/declare/", data | {"value": "1.5"}).status_code == 422

    assert portal.post("/company/figures/declare/", data).status_code == 302
    assert company.figures.get(measure="staff").value == 320


def test_a_figure_is_taken_and_shown_again_with_its_commas(portal, company):
    data = {"year": "2025", "measure": "revenue", "value": "98,765,432.10", "as_of": "2025-12-31"}
    page = portal.post("/company/figures/declare/", data | {"as_of": ""})
    assert page.status_code == 422
    assert 'value="98,765,432.10"' in page.text

    portal.post("/company/figures/declare/", data | {"value": "９８，７６５，４３２．１０元"})

    figure = company.figures.get(year=2025, measure="revenue", source="declared")
    assert figure.value == Decimal("98765432.10")


STAFF = {"year": "2025", "measure": "staff", "value": "320", "as_of": "2025-12-31"}
DECLARE = "/company/figures/declare/"


def test_who_declares_again_sees_what_is_replaced_before_and_after(portal, company):
    portal.post(DECLARE, STAFF)
    form = portal.get(DECLARE, {"year": "2025", "measure": "staff"}).text
    assert "2025 年度从业人员已申报 320 人" in form
    assert "有申请正在办理" not in form
    (stamp,) = re.findall('name="replaces" value="([^"]+)"', form)
    assert 'name="value" value="320"' in form

    unseen = portal.post(DECLARE, STAFF | {"value": "330"})
    assert unseen.status_code == 409
    assert "2025 年度从业人员已申报 320 人" in unseen.text
    assert company.figures.get(measure="staff").value == 320

    seen = STAFF | {"value": "330", "replaces": stamp}
    assert portal.post(DECLARE, seen).status_code == 302
    page = portal.get(PROFILE).text
    assert page.index("330 <span") < page.index("320 <span") < page.index("原来申报，已被代替")


def test_who_declares_again_is_told_of_applications_that_rest_on_it(portal, company):
    portal.post(DECLARE, STAFF)
    domain.filed(company)

    page = portal.get(DECLARE, {"year": "2025", "measure": "staff"})

    assert "有申请正在办理：会按新的数重新核对" in page.text


def test_what_another_year_replaced_is_no_obstacle(portal, company):
    seen = STAFF | {"replaces": "0" * 64}

    assert portal.post(DECLARE, seen).status_code == 302


@pytest.mark.parametrize("asked", [{"year": "x"}, {"year": "2025", "measure": "wages"}])
def test_an_address_that_names_no_figure_opens_the_empty_form(portal, asked):
    assert "已申报" not in portal.get(DECLARE, asked).text


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("year", "2027", "还没有到"),
        ("year", "二零", "四位数字"),
        ("value", "-1", "不带正负号"),
        ("value", "1.234", "两位小数"),
        ("value", "1,23", "逗号的位置不对"),
        ("value", "200万", "以元为单位"),
        ("as_of", "2026-03-12", "还没有到"),
        ("measure", "fiscal_contribution", "有效"),
    ],
)
def test_a_wrong_declaration_is_told_at_its_field(portal, field, value, says):
    data = {"year": "2025", "measure": "revenue", "value": "1", "as_of": "2025-12-31"}

    answer = portal.post("/company/figures/declare/", data | {field: value})

    assert answer.status_code == 422
    assert says in answer.content.decode()


def test_a_figure_is_ticked_as_audited_only_with_its_paper(portal, company):
    bare = STAFF | {"is_audited": "on"}
    answer = portal.post(DECLARE, bare)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["is_audited"]
    assert "请附审计报告" in answer.text

    report = SimpleUploadedFile("审计报告.pdf", domain.PDF)
    assert portal.post(DECLARE, bare | {"upload": report}).status_code == 302

    figure = company.figures.get(measure="staff")
    assert figure.is_audited
    assert figure.evidence.name == "审计报告.pdf"
    again = portal.get(DECLARE, {"year": "2025", "measure": "staff"}).text
    assert "原来的数标为经审计。原来的数附有依据文件。" in again


def test_finance_corrects_a_frozen_contribution_on_its_page(company, award, maker):
    figure = company.figures.get(measure="fiscal_contribution")
    address = reverse("figure_correct", args=[figure.pk])
    data = {"value": "2500000.00", "as_of": "2026-03-01", "reason": "税务年终清算"}
    client = browser_of(maker)
    # Granted on, and not settled yet.
    assert "已锁定" in client.get(address).text
    assert client.post(address, data | {"reason": ""}).status_code == 422

    assert client.post(address, data).status_code == 302

    page = client.get(reverse("company_detail", args=[company.pk])).content.decode()
    assert "2,500,000.00" in page
    assert "已锁定" in page
    assert "已结算" not in page
    assert "等下一次结算采用" in page
    assert browser_of(person(INDUSTRY)).get(address).status_code == 403
