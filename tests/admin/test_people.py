"""What officers may do to people in Django's administration, and what those hear of it."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.utils import timezone

from accounts.models import District, Role, User
from accounts.signing_in.lockout import account_of
from accounts.signing_in.mails import send_way_back
from audit.models import Entry
from companies.models import Company, Member
from companies.uscc import check_sign
from outbox.models import Job
from outbox.services import perform_due
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


def set_password(client, person, password=PASSWORD):
    return client.post(
        f"/admin/accounts/user/{person.pk}/password/",
        {"password1": password, "password2": password, "usable_password": "true"},
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

    sent = Job.objects.get(kind="mail").args
    assert sent["to"] == ["li@example.org"]
    assert "重设" in sent["subject"]
    assert str(officer) in sent["body"]
    assert PASSWORD not in sent["body"]


def test_whose_second_factor_was_taken_hears_of_it_by_mail(client, officer):
    person = AppointmentFactory(department=department(OWN), user__email="li@example.org").user

    client.post(
        "/admin/accounts/user/",
        {"action": "remove_second_factor", "_selected_action": [person.pk]},
    )

    sent = Job.objects.get(kind="mail").args
    assert sent["to"] == ["li@example.org"]
    assert "两步验证" in sent["subject"]


def change_email(client, person, email):
    kept = {"username": person.username, "name": person.name, "is_active": "on"}
    return client.post(f"/admin/accounts/user/{person.pk}/change/", kept | {"email": email})


def told():
    """{subject: to whom it went}, and no mail names two people."""
    found = {}
    for job in Job.objects.filter(kind="mail").order_by("pk"):
        [address] = job.args["to"]
        found.setdefault(job.args["subject"], []).append(address)
    return found


@pytest.fixture
def li(officer):
    """Somebody whose address was confirmed."""
    person = AppointmentFactory(department=department(OWN), user__email="li@example.org").user
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


def test_whose_address_was_changed_hears_of_it_at_both(client, officer, li):
    assert change_email(client, li, "lisi@example.org").status_code == 302

    assert told() == {"您账号的邮箱已由安全管理员更改": ["li@example.org", "lisi@example.org"]}
    entry = Entry.objects.about(li).get(action="person.email_changed")
    assert (entry.actor, entry.data["before"]) == (officer, "li@example.org")


def test_the_address_before_signs_nobody_in_and_gets_no_link(client, officer, li):
    change_email(client, li, "lisi@example.org")

    assert account_of({"username": "li@example.org"}) is None
    assert account_of({"username": "lisi@example.org"}) == li
    send_way_back("li@example.org")
    perform_due()
    assert "没有登记过账号" in mail.outbox[-1].body


def test_the_address_before_hears_for_a_week_what_is_reset(client, officer, li, clock):
    change_email(client, li, "lisi@example.org")
    Job.objects.all().delete()
    clock.shift(timedelta(days=6, hours=23))
    client.force_login(officer)
    set_password(client, li)

    assert told() == {"您的登录密码已由安全管理员重设": ["li@example.org", "lisi@example.org"]}
    Job.objects.all().delete()
    clock.shift(timedelta(hours=2))
    client.force_login(officer)
    set_password(client, li, f"{PASSWORD}3")
    assert told() == {"您的登录密码已由安全管理员重设": ["lisi@example.org"]}


def test_a_new_name_alone_leaves_the_address_confirmed(client, officer, li):
    change_email(client, li, li.email)

    assert not told()
    assert EmailAddress.objects.filter(user=li, verified=True).exists()


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
