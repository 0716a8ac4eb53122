"""Who sees what: every role, and people of companies, on their own and on others' rows."""

from dataclasses import dataclass

import pytest

from accounts.models import Department, District, Role, User
from companies.models import Company
from disbursements.models import Batch
from reviews.models import Case, Verdict
from reviews.services import finance_department
from subsidies.applications.services import withdraw_application
from subsidies.models import Application
from tests import domain
from tests.factories import (
    AppointmentFactory,
    CompanyFactory,
    MemberFactory,
    UserFactory,
)

# Departments by their part in the item that is applied for here (tests.domain.JOINED).
LEAD, CO, OUTSIDE = "区科技局", "区发改局", "区商务局"
WORKING = {Role.REVIEWER, Role.LEAD}
OVERSEEING = {Role.FINANCE, Role.AUDITOR}


@dataclass
class Rows:
    """One application in each state of filing, of one company, and what belongs to them."""

    company: Company
    draft: Application
    filed: Application
    returned: Application
    withdrawn: Application
    withdrawn_draft: Application

    @property
    def filed_ones(self) -> set[Application]:
        return {self.filed, self.returned, self.withdrawn}

    @property
    def all(self) -> set[Application]:
        return self.filed_ones | {self.draft, self.withdrawn_draft}


@pytest.fixture
def rows(company, clerk):
    claim = [domain.claim(domain.JOINED, subject=name) for name in ("甲", "乙", "丙")]
    filed, returned, withdrawn = (domain.filed(company, each) for each in claim)
    domain.decide(domain.open_tasks(returned)[0], Verdict.RETURN)
    withdraw_application(withdrawn, by=clerk)
    return Rows(
        company=company,
        draft=domain.draft(company, domain.JOINED),
        filed=filed,
        returned=returned,
        withdrawn=withdrawn,
        withdrawn_draft=withdraw_application(domain.draft(company), by=clerk),
    )


def department(name, code="330205"):
    return Department.objects.get(district__code=code, short_name=name)


def applications_of(user):
    return set(Application.objects.visible_to(user))


def cases_of(user):
    return {case.application for case in Case.objects.visible_to(user)}


def appointed(place, role, **given):
    return AppointmentFactory(department=place, role=role, **given).user


@pytest.mark.parametrize("place", [LEAD, CO, OUTSIDE])
@pytest.mark.parametrize("role", Role)
def test_officials_see_what_was_filed_with_their_department_or_district(rows, place, role):
    user = appointed(department(place), role)
    concerned = (role in WORKING and place != OUTSIDE) or role in OVERSEEING

    assert applications_of(user) == (rows.filed_ones if concerned else set())
    assert cases_of(user) == (rows.filed_ones if concerned else set())


@pytest.mark.parametrize("role", Role)
def test_officials_of_another_district_see_nothing(rows, role):
    user = appointed(department("区科技局", "330212"), role)

    assert applications_of(user) == cases_of(user) == set()
    assert rows.company not in Company.objects.visible_to(user)


def test_a_companys_people_see_all_its_applications_and_no_case(rows, clerk):
    assert applications_of(clerk) == rows.all
    assert cases_of(clerk) == set()


@pytest.mark.parametrize("is_superuser", [False, True])
def test_a_person_without_company_and_office_sees_nothing(rows, is_superuser):
    user = UserFactory(is_superuser=is_superuser, is_staff=is_superuser)

    assert applications_of(user) == cases_of(user) == set()
    assert not Company.objects.visible_to(user).exists()
    assert not Batch.objects.visible_to(user).exists()


def test_a_companys_people_see_no_other_company(rows):
    other = domain.company_with_everything()
    user = domain.clerk_of(other)

    assert applications_of(user) == set()
    assert list(Company.objects.visible_to(user)) == [other]


@pytest.mark.parametrize("role", sorted(WORKING | OVERSEEING))
def test_an_official_who_belongs_to_the_company_sees_it_as_its_people_do(rows, role):
    user = appointed(department(LEAD), role)
    MemberFactory(user=user, company=rows.company)
    other = domain.filed(domain.company_with_everything(), domain.claim(domain.JOINED))

    assert applications_of(user) == rows.all | {other}
    assert cases_of(user) == {other}


@pytest.mark.parametrize(
    "given",
    [
        {"starts_on": domain.TODAY.replace(day=12)},
        {"ends_on": domain.TODAY.replace(day=10)},
        {"user__is_active": False},
    ],
)
@pytest.mark.parametrize("role", sorted(WORKING | OVERSEEING))
def test_an_office_that_is_not_held_today_shows_nothing(rows, role, given):
    user = appointed(department(LEAD), role, **given)

    assert applications_of(user) == cases_of(user) == set()
    assert not Company.objects.visible_to(user).exists()


@pytest.mark.parametrize("role", sorted(WORKING))
def test_a_department_sees_only_the_items_it_has_a_part_in(rows, role):
    alone = domain.filed(domain.company_with_everything(), domain.claim(domain.ALONE))

    assert alone not in applications_of(appointed(department(LEAD), role))
    assert applications_of(appointed(department("区经信局"), role)) == rows.filed_ones | {alone}


def test_nothing_is_seen_twice_by_a_person_with_two_offices(rows):
    user = appointed(department(LEAD), Role.REVIEWER)
    for place, role in [(CO, Role.REVIEWER), (LEAD, Role.LEAD), (LEAD, Role.FINANCE)]:
        AppointmentFactory(user=user, department=department(place), role=role)

    assert len(Application.objects.visible_to(user)) == len(rows.filed_ones)
    assert len(Case.objects.visible_to(user)) == len(rows.filed_ones)


@pytest.mark.parametrize("role", Role)
def test_officials_see_the_companies_of_their_district(company, role):
    elsewhere = CompanyFactory(district=District.objects.get(code="330212"))
    user = appointed(department(OUTSIDE), role)

    assert set(Company.objects.visible_to(user)) == {company}
    MemberFactory(user=user, company=elsewhere)
    assert set(Company.objects.visible_to(User.objects.get(pk=user.pk))) == {company, elsewhere}


@pytest.mark.parametrize("code", ["330205", "330212"])
@pytest.mark.parametrize("role", Role)
def test_finance_and_auditors_see_their_districts_batches(world, role, code):
    batches = {
        district.code: Batch.objects.create(
            district=district,
            number="2026-03-B1",
            made_by=domain.official(finance_department(district), Role.FINANCE),
        )
        for district in District.objects.filter(code__in=["330205", "330212"])
    }
    user = appointed(finance_department(District.objects.get(code=code)), role)

    seen = set(Batch.objects.visible_to(user))

    assert seen == ({batches[code]} if role in OVERSEEING else set())


def test_a_companys_people_see_no_batches(company, clerk, world):
    district = company.district
    Batch.objects.create(
        district=district,
        number="2026-03-B1",
        made_by=domain.official(finance_department(district), Role.FINANCE),
    )

    assert not Batch.objects.visible_to(clerk).exists()


def test_the_matrix_names_every_role():
    unseeing = {Role.POLICY_OFFICER, Role.ADMINISTRATOR, Role.SECURITY_OFFICER}

    assert set(Role) == WORKING | OVERSEEING | unseeing
