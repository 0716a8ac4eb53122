"""What officers may do to people in Django's administration, and what those hear of it."""

import pytest
from django.utils import timezone

from accounts.models import District, Role, User
from companies.models import Company, Member
from companies.uscc import check_sign
from outbox.models import Job
from reviews.services import finance_department
from tests import domain
from tests.factories import (
    ApplicationFactory,
    AppointmentFactory,
    CompanyFactory,
    MemberFactory,
    UserFactory,
    uscc,
)

OWN, OTHER = "330205", "330212"
OFFICES_BODY = "11" + uscc(5)[2:17]
OFFICES_CODE = OFFICES_BODY + check_sign(OFFICES_BODY)
PASSWORD = "Another-long-one-42"


def department(code):
    return finance_department(District.objects.get(code=code))


@pytest.fixture
def officer(world, client):
    person = domain.official(department(OWN), Role.SECURITY_OFFICER)
    client.force_login(person)
    return person


@pytest.fixture
def administrator(world, client):
    person = domain.official(department(OWN), Role.ADMINISTRATOR)
    client.force_login(person)
    return person


def set_password(client, person):
    return client.post(
        f"/admin/accounts/user/{person.pk}/password/",
        {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"},
    )


def works_elsewhere(person):
    AppointmentFactory(user=person, department=department(OTHER))


def acts_elsewhere(person):
    MemberFactory(user=person, company=CompanyFactory(district=District.objects.get(code=OTHER)))


@pytest.mark.parametrize("elsewhere", [works_elsewhere, acts_elsewhere])
def test_who_works_in_two_districts_is_given_no_password_by_one(client, officer, elsewhere):
    person = AppointmentFactory(department=department(OWN)).user
    elsewhere(person)

    assert set_password(client, person).status_code == 403
    client.post(
        "/admin/accounts/user/",
        {"action": "remove_second_factor", "_selected_action": [person.pk]},
    )
    assert not Job.objects.filter(kind="mail").exists()
    assert not User.objects.get(pk=person.pk).check_password(PASSWORD)


def test_whose_password_was_set_hears_of_it_by_mail(client, officer):
    person = AppointmentFactory(department=department(OWN), user__email="li@example.org").user

    assert set_password(client, person).status_code == 302

    mail = Job.objects.get(kind="mail").args
    assert mail["to"] == ["li@example.org"]
    assert "重设" in mail["subject"]
    assert str(officer) in mail["body"]
    assert PASSWORD not in mail["body"]


def test_whose_second_factor_was_taken_hears_of_it_by_mail(client, officer):
    person = AppointmentFactory(department=department(OWN), user__email="li@example.org").user

    client.post(
        "/admin/accounts/user/",
        {"action": "remove_second_factor", "_selected_action": [person.pk]},
    )

    mail = Job.objects.get(kind="mail").args
    assert mail["to"] == ["li@example.org"]
    assert "两步验证" in mail["subject"]


def test_who_appoints_somebody_of_a_company_hears_of_it(client, officer):
    member = MemberFactory(
        company=CompanyFactory(district=District.objects.get(code=OWN), name="宁波某某有限公司")
    )
    reviewers = [member.user, UserFactory()]

    said = [
        [
            str(message)
            for message in client.post(
                "/admin/accounts/appointment/add/",
                {
                    "user": person.pk,
                    "department": department(OWN).pk,
                    "role": "reviewer",
                    "starts_on": "2026-03-11",
                },
                follow=True,
            ).context["messages"]
        ]
        for person in reviewers
    ]

    assert any("宁波某某有限公司的人员" in text for text in said[0])
    assert not any("的人员" in text for text in said[1])


class TestMembers:
    @pytest.fixture
    def company(self, world):
        return CompanyFactory(district=District.objects.get(code=OWN))

    def send(self, client, company, **row):
        page = client.get(f"/admin/companies/company/{company.pk}/change/")
        form = page.context["adminform"].form
        values = {name: form[name].value() or "" for name in form.fields}
        prefix = {"members-0-company": company.pk, "members-0-role": "administrator"}
        given = {f"members-0-{name}": value for name, value in row.items()}
        counts = {"members-TOTAL_FORMS": 1, "members-INITIAL_FORMS": 0}
        return client.post(
            f"/admin/companies/company/{company.pk}/change/", values | counts | prefix | given
        )

    def test_an_administrator_puts_somebody_into_a_company_and_is_named(
        self, client, administrator, company
    ):
        newcomer = UserFactory()

        assert self.send(client, company, user=newcomer.pk).status_code == 302

        assert Member.objects.get(company=company).given_by == administrator

    # Django's own templates ask for variables that are not always there.
    @pytest.mark.ignore_template_errors
    def test_an_administrator_does_not_put_themselves_there(self, client, administrator, company):
        answer = self.send(client, company, user=administrator.pk)

        assert answer.status_code == 200
        assert "请选择另一个人" in answer.text
        assert not company.members.exists()

    def test_an_administrator_does_not_give_themselves_back_a_place_that_ended(
        self, client, administrator, company
    ):
        MemberFactory(user=administrator, company=company, ended_at=timezone.now())

        page = client.get(f"/admin/companies/company/{company.pk}/change/")

        assert page.status_code == 404


class TestCompanies:
    @pytest.fixture
    def company(self, world):
        return CompanyFactory(district=District.objects.get(code=OWN), name="宁波旧名有限公司")

    def send(self, client, company, **typed):
        url = f"/admin/companies/company/{company.pk}/change/"
        form = client.get(url).context["adminform"].form
        values = {name: form[name].value() or "" for name in form.fields}
        counts = {"members-TOTAL_FORMS": 0, "members-INITIAL_FORMS": 0}
        return client.post(url, values | counts | typed)

    def test_an_open_form_of_the_company_hears_of_the_change(self, client, administrator, company):
        assert self.send(client, company, name="宁波新名有限公司").status_code == 302

        company.refresh_from_db()
        assert (company.name, company.revision) == ("宁波新名有限公司", 1)

    # Django's own templates ask for variables that are not always there.
    @pytest.mark.ignore_template_errors
    @pytest.mark.parametrize("code", ["91350203M0001QKT19", OFFICES_CODE])
    def test_a_doubtful_code_is_not_typed_without_being_asked(
        self, client, administrator, company, code
    ):
        before = company.uscc

        assert self.send(client, company, uscc=code).status_code == 200

        company.refresh_from_db()
        assert company.uscc == before

    # Django's own templates ask for variables that are not always there.
    @pytest.mark.ignore_template_errors
    def test_an_industry_that_the_standard_does_not_know_is_not_typed(
        self, client, administrator, company
    ):
        assert self.send(client, company, industry="A9999").status_code == 200

        company.refresh_from_db()
        assert company.industry != "A9999"

    def test_the_code_of_a_company_that_applied_is_not_retyped(
        self, client, administrator, company
    ):
        ApplicationFactory(company=company)

        self.send(client, company, uscc=uscc(777777), name="宁波新名有限公司")

        row = Company.objects.get(pk=company.pk)
        assert (row.name, row.uscc) == ("宁波新名有限公司", company.uscc)
