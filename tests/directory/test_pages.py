"""The companies' pages for officials: whose, and which facts."""

import pytest

from accounts.models import Department, Role
from companies.models import Measure
from tests import domain
from tests.factories import AppointmentFactory, CompanyFactory, MemberFactory, UserFactory


def official(role, code="330205"):
    department = Department.objects.get(district__code=code, is_finance=True)
    return AppointmentFactory(department=department, role=role).user


@pytest.mark.parametrize("role", Role)
def test_every_official_of_the_district_sees_its_companies(company, browser, role):
    client = browser(official(role))

    assert company.name in client.get("/workspace/companies/").text
    assert client.get(f"/workspace/companies/{company.pk}/").status_code == 200


def test_another_districts_official_sees_none_of_them(company, browser):
    client = browser(official(Role.FINANCE, "330212"))

    assert company.name not in client.get("/workspace/companies/").text
    assert client.get(f"/workspace/companies/{company.pk}/").status_code == 404


@pytest.mark.parametrize("is_member", [True, False])
def test_the_pages_are_not_for_companies(company, browser, is_member):
    person = domain.clerk_of(company) if is_member else UserFactory()
    client = browser(person)

    assert client.get("/workspace/companies/").status_code == 403
    assert client.get(f"/workspace/companies/{company.pk}/").status_code == 403


@pytest.mark.parametrize("role", Role)
def test_the_fiscal_contribution_is_for_finance_alone(company, browser, role):
    domain.set_contribution("3141592.00")
    page = browser(official(role)).get(f"/workspace/companies/{company.pk}/").text

    assert ("3,141,592.00" in page) == (role == Role.FINANCE)
    assert (f">{Measure.FISCAL_CONTRIBUTION.label}<" in page) == (role == Role.FINANCE)
    assert ("只有财政和企业看得到" in page) == (role != Role.FINANCE)
    assert "98,000,000.00" in page


@pytest.mark.parametrize("role", Role)
def test_the_team_is_for_the_administrator_alone(company, browser, role):
    name = str(domain.clerk_of(company))
    page = browser(official(role)).get(f"/workspace/companies/{company.pk}/").text

    assert (name in page) == (role == Role.ADMINISTRATOR)


def test_the_list_is_narrowed_and_paged(company, browser):
    lonely = CompanyFactory(name="宁波无人有限公司", street="330205103")
    for number in range(25):
        MemberFactory(company=CompanyFactory(name=f"宁波第{number}有限公司"))
    client = browser(official(Role.REVIEWER))

    page = client.get("/workspace/companies/")
    assert "第 1—20 家，共 27 家" in page.text
    assert "第 21—27 家" in client.get("/workspace/companies/?page=2").text
    for query in ("q=nbwr", "q=无人", f"q={lonely.uscc.lower()}", "street=330205103", "team=no"):
        narrowed = client.get(f"/workspace/companies/?{query}").text
        assert lonely.name in narrowed
        assert company.name not in narrowed
    assert "没有符合条件的企业" in client.get("/workspace/companies/?q=没有这家").text
