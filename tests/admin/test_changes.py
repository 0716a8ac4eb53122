"""What an administrator changed stands in the audit chain, old and new."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Department, Role, User
from audit.models import Entry
from companies.files import store_file
from companies.merging import services as merging
from companies.models import Member, YearlyFigure
from companies.vault.kinds import FileKind
from reviews.services import finance_department
from tests import domain
from tests.factories import CompanyFactory, UserFactory, YearlyFigureFactory


@pytest.fixture
def security_officer(company, client):
    person = domain.official(finance_department(company.district), Role.SECURITY_OFFICER)
    client.force_login(person)
    return person


def stored_file(company):
    upload = SimpleUploadedFile("统计表.pdf", domain.PDF)
    return store_file(company, upload, by=UserFactory(), kind=FileKind.OTHER)


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


@pytest.mark.ignore_template_errors
def test_two_legal_representatives_at_once_are_told(administrator, client, company):
    firm = CompanyFactory(district=company.district)
    address = f"/admin/companies/company/{firm.pk}/change/"
    form = client.get(address).context["adminform"].form
    given = {name: form[name].value() or "" for name in form.fields}
    given |= {"members-TOTAL_FORMS": 2, "members-INITIAL_FORMS": 0}
    for place in (0, 1):
        given |= {
            f"members-{place}-company": firm.pk,
            f"members-{place}-user": UserFactory().pk,
            f"members-{place}-role": "legal",
        }

    answer = client.post(address, given)

    assert answer.status_code == 200
    assert "一家企业只有一名法定代表人" in answer.text
    assert not firm.members.exists()


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


@pytest.fixture
def told(company):
    """What statistics tell of the company's revenue of 2023, with a paper."""
    return YearlyFigureFactory(
        company=company,
        year=2023,
        measure="revenue",
        source="statistics",
        value=1,
        evidence=stored_file(company),
    )


def typed(figure, **given):
    return {
        "company": figure.company_id,
        "year": figure.year,
        "measure": "revenue",
        "value": "3",
        "source": "statistics",
        "as_of": "2024-02-01",
        **given,
    }


def change(client, figure, **given):
    return client.post(f"/admin/companies/yearlyfigure/{figure.pk}/change/", typed(figure, **given))


def test_a_figure_stays_with_its_company(administrator, client, company, told):
    other = CompanyFactory(district=company.district)

    assert change(client, told, company=other.pk).status_code == 302

    told.refresh_from_db()
    assert (told.company, told.value) == (company, 3)


@pytest.mark.ignore_template_errors
def test_a_figure_that_the_company_has_already_is_told(administrator, client, told):
    YearlyFigureFactory(company=told.company, year=2022, measure="revenue", source="statistics")

    answer = change(client, told, year=2022)

    assert answer.context["adminform"].form.non_field_errors()


@pytest.mark.parametrize("like_is_there", [True, False])
def test_a_figure_of_a_merged_row_is_changed_wherever_its_paper_is(
    administrator, client, company, told, like_is_there
):
    kept = CompanyFactory(district=company.district)
    if like_is_there:
        YearlyFigureFactory(company=kept, year=2023, measure="revenue", source="statistics")
    else:
        stored_file(kept)
    merging.merge(kept, company, by=administrator)
    told = YearlyFigure.objects.select_related("evidence").get(pk=told.pk)
    assert told.company_id != told.evidence.company_id

    assert change(client, told).status_code == 302

    told.refresh_from_db()
    assert told.value == 3


@pytest.mark.ignore_template_errors
def test_a_figure_with_the_paper_of_another_company_is_refused(
    administrator, client, company, told
):
    told.evidence = stored_file(CompanyFactory(district=company.district))
    told.save()

    answer = change(client, told)

    assert answer.status_code == 200
    assert "依据文件不是这家企业的" in answer.text
