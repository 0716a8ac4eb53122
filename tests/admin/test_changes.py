"""What an administrator changed stands in the audit chain, old and new."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Department, Role, User
from audit.models import Entry
from companies.files import store_file
from companies.models import Member, YearlyFigure
from companies.vault.kinds import FileKind
from reviews.services import finance_department
from tests import domain
from tests.factories import UserFactory, YearlyFigureFactory


@pytest.fixture
def administrator(company, client):
    person = domain.official(finance_department(company.district), Role.ADMINISTRATOR)
    client.force_login(person)
    return person


@pytest.fixture
def security_officer(company, client):
    person = domain.official(finance_department(company.district), Role.SECURITY_OFFICER)
    client.force_login(person)
    return person


def changes_of(thing):
    return Entry.objects.about(thing).latest("seq").data["changes"]


def test_a_change_holds_the_old_value_and_the_new(administrator, client, company):
    department = Department.objects.filter(district=company.district).first()
    old = department.name

    answer = client.post(
        f"/admin/accounts/department/{department.pk}/change/",
        {
            "district": department.district_id,
            "code": department.code,
            "name": "新的局",
            "short_name": department.short_name,
            "is_finance": "on" if department.is_finance else "",
        },
    )

    assert answer.status_code == 302
    assert changes_of(department) == {"name": [old, "新的局"]}


def test_an_addition_holds_what_was_given_and_no_password(security_officer, client):
    answer = client.post(
        "/admin/accounts/user/add/",
        {
            "username": "new-one",
            "name": "新人",
            "email": "new@example.org",
            "usable_password": "true",
            "password1": "Another-long-one-42",
            "password2": "Another-long-one-42",
        },
    )

    assert answer.status_code == 302
    data = Entry.objects.about(User.objects.get(username="new-one")).get().data
    assert data["changes"]["name"] == [None, "新人"]
    assert "Another-long-one-42" not in str(data)


def test_people_added_to_a_company_are_named(administrator, client, company, clerk):
    newcomer = UserFactory()
    member = Member.objects.get(company=company)
    page = client.get(f"/admin/companies/company/{company.pk}/change/")
    form = page.context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    given = {name: "" if value is None else value for name, value in values.items()}
    given |= {
        "members-TOTAL_FORMS": 2,
        "members-INITIAL_FORMS": 1,
        "members-0-id": member.pk,
        "members-0-company": company.pk,
        "members-0-user": clerk.pk,
        "members-0-role": "administrator",
        "members-1-company": company.pk,
        "members-1-user": newcomer.pk,
        "members-1-role": "administrator",
    }
    given = {name: value for name, value in given.items() if value is not False}

    answer = client.post(f"/admin/companies/company/{company.pk}/change/", given)

    assert answer.status_code == 302, answer.context["errors"]
    added = Member.objects.get(company=company, user=newcomer)
    assert changes_of(company) == {f"member {added.pk}": {"user": [None, newcomer.pk]}}


@pytest.fixture
def proven(company, clerk):
    """An audited figure with its report."""
    upload = SimpleUploadedFile("审计报告.pdf", domain.PDF)
    report = store_file(company, upload, by=clerk, kind=FileKind.ACCOUNTS)
    return YearlyFigureFactory(
        company=company,
        measure="revenue",
        source="statistics",
        value=1,
        is_audited=True,
        evidence=report,
    )


def retype(client, figure, **typed):
    address = f"/admin/companies/yearlyfigure/{figure.pk}/change/"
    form = client.get(address).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    answer = client.post(address, {**values, "is_audited": "on"} | typed, follow=True)
    assert answer.redirect_chain, answer.context["errors"]
    return answer


@pytest.mark.ignore_template_errors
def test_another_value_typed_loses_the_paper_and_the_mark_of_the_old_one(
    administrator, client, proven
):
    report = str(proven.evidence_id)

    answer = retype(client, proven, value="9000000")

    figure = YearlyFigure.objects.get(pk=proven.pk)
    assert (figure.value, figure.evidence, figure.is_audited) == (9000000, None, False)
    dropped = Entry.objects.about(figure).get(action="evidence.dropped")
    assert (dropped.data["before"], dropped.data["is_audited"]) == (report, True)
    assert "不再算数" in answer.text


@pytest.mark.ignore_template_errors
def test_another_day_typed_keeps_the_paper_and_the_mark(administrator, client, proven):
    retype(client, proven, as_of="2026-01-31")

    figure = YearlyFigure.objects.get(pk=proven.pk)
    assert (figure.evidence_id, figure.is_audited) == (proven.evidence_id, True)
    assert not Entry.objects.about(figure).filter(action="evidence.dropped").exists()
