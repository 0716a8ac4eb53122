"""An administrator keeps the rows of the own districts, and no others."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accounts.admin import site
from accounts.models import Appointment, Department, District, Role, User
from companies.admin import IncidentAdmin
from companies.models import Company, CreditEntry, Incident, YearlyFigure
from reviews.models import Route
from reviews.services import finance_department
from subsidies.models import BudgetLine, PolicyDocument
from tests import domain
from tests.factories import (
    AppointmentFactory,
    BudgetLineFactory,
    CompanyFactory,
    MemberFactory,
    UserFactory,
    YearlyFigureFactory,
)

OWN, OTHER = "330205", "330212"


def rows_of(district):
    """One row of each kind of a district."""
    company = CompanyFactory(district=district)
    department = finance_department(district)
    document = PolicyDocument.objects.get(code="jb24")
    return {
        District: district,
        Department: department,
        Appointment: AppointmentFactory(department=department),
        Company: company,
        YearlyFigure: YearlyFigureFactory(company=company, measure="revenue"),
        CreditEntry: CreditEntry.objects.create(
            company=company, title="失信", listed_on=domain.TODAY
        ),
        Incident: Incident.objects.create(company=company, kind="safety", date=domain.TODAY),
        BudgetLine: BudgetLineFactory(document=document, district=district),
        Route: Route.objects.get_or_create(district=district, defaults={"name": "一般"})[0],
        User: MemberFactory(company=company).user,
    }


@pytest.fixture
def rows(world):
    return {code: rows_of(District.objects.get(code=code)) for code in (OWN, OTHER)}


@pytest.fixture
def administrator(rows, client):
    department = finance_department(District.objects.get(code=OWN))
    person = domain.official(department, Role.ADMINISTRATOR)
    client.force_login(person)
    return person


@pytest.fixture
def officers(administrator, client):
    """Signs the person in who keeps a page: people and offices are the security officer's."""
    district = District.objects.get(code=OWN)

    def sign_in(page):
        is_of_people = page in ("accounts/appointment", "accounts/user")
        role = Role.SECURITY_OFFICER if is_of_people else Role.ADMINISTRATOR
        client.force_login(domain.official(finance_department(district), role))

    return sign_in


@pytest.mark.parametrize("model", [YearlyFigure, CreditEntry, Incident, Company])
def test_rows_of_the_own_company_are_anothers_to_keep(administrator, client, rows, model):
    own = rows[OWN][model]
    company = rows[OWN][Company]
    MemberFactory(user=administrator, company=company, ended_at=timezone.now())

    assert own not in listed(client, model)
    assert client.get(url_of(own)).status_code == 404


def test_a_fact_of_the_own_company_is_not_added(administrator, client, rows):
    company = rows[OWN][Company]
    MemberFactory(user=administrator, company=company)
    form = client.get("/admin/companies/incident/add/").context["adminform"].form
    assert company not in form.fields["company"].queryset

    typed = {"company": company.pk, "kind": "food", "date": "2026-01-05", "note": ""}
    client.post("/admin/companies/incident/add/", typed)

    assert not company.incidents.filter(kind="food").exists()


def test_what_slips_past_the_list_is_not_saved(administrator, rows, rf):
    company = rows[OWN][Company]
    MemberFactory(user=administrator, company=company)
    request = rf.post("/")
    request.user = administrator

    with pytest.raises(PermissionDenied):
        IncidentAdmin(Incident, site).save_model(
            request, company.incidents.get(), form=None, change=True
        )


def url_of(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def listed(client, model):
    page = client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
    return set(page.context["cl"].queryset)


KINDS = [
    District,
    Department,
    Appointment,
    Company,
    YearlyFigure,
    CreditEntry,
    Incident,
    BudgetLine,
    Route,
    User,
]


# Django's own templates ask for variables that are not always there.
@pytest.mark.ignore_template_errors
@pytest.mark.parametrize("model", KINDS)
def test_rows_of_another_district_are_neither_listed_nor_opened(administrator, client, rows, model):
    own, other = rows[OWN][model], rows[OTHER][model]

    found = listed(client, model)

    assert own in found
    assert other not in found
    assert client.get(url_of(own)).status_code == 200
    assert client.get(url_of(other)).status_code == 404


@pytest.mark.parametrize("model", KINDS)
def test_whoever_installed_it_sees_all(client, rows, model):
    client.force_login(User.objects.create_superuser("first", password="a-long-one-42"))

    assert {rows[OWN][model], rows[OTHER][model]} <= listed(client, model)


def test_people_are_those_of_the_district_of_its_companies_and_nobodys(administrator, client, rows):
    nobodys = UserFactory()

    found = listed(client, User)

    assert {administrator, nobodys, rows[OWN][Appointment].user} <= found
    assert not {rows[OTHER][Appointment].user, rows[OTHER][User]} & found


@pytest.mark.parametrize(
    ("page", "field", "model"),
    [
        ("accounts/appointment", "department", Department),
        ("accounts/department", "district", District),
        ("companies/company", "district", District),
        ("subsidies/budgetline", "district", District),
        ("subsidies/budgetline", "department", Department),
        ("companies/incident", "company", Company),
        ("accounts/appointment", "user", User),
    ],
)
def test_a_row_is_given_to_no_other_district(officers, client, rows, page, field, model):
    officers(page)
    form = client.get(f"/admin/{page}/add/").context["adminform"].form

    choices = form.fields[field].queryset

    assert rows[OWN][model] in choices
    assert rows[OTHER][model] not in choices


def test_a_document_of_another_district_is_no_choice(administrator, client):
    form = client.get("/admin/subsidies/budgetline/add/").context["adminform"].form

    districts = {document.district.code for document in form.fields["document"].queryset}

    assert districts == {OWN}


def test_a_members_person_is_chosen_among_the_own_people(administrator, client, rows):
    page = client.get(url_of(rows[OWN][Company]))
    (members,) = page.context["inline_admin_formsets"]

    choices = members.formset.empty_form.fields["user"].queryset

    assert rows[OWN][User] in choices
    assert rows[OTHER][User] not in choices


def test_an_administrator_makes_no_district(administrator, client):
    assert client.get("/admin/accounts/district/add/").status_code == 403
