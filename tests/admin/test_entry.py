"""Who gets into the officers' site, and what a password set there leaves behind."""

from datetime import date

import pytest

from accounts.models import Role, User
from audit.models import Entry
from audit.services import first_broken_entry
from tests.factories import AppointmentFactory, UserFactory


def test_whoever_installed_it_gets_in_and_can_appoint(client, db):
    client.force_login(User.objects.create_superuser("first", password="a-long-one-42"))

    assert client.get("/").url == "/workspace/start/"
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/accounts/appointment/add/").status_code == 200


def test_an_officer_is_greeted_by_name_and_finds_the_way_back(client, db):
    officer = AppointmentFactory(role=Role.ADMINISTRATOR, user=UserFactory(name="邵静")).user
    client.force_login(officer)

    page = client.get("/admin/").content.decode()

    assert "<strong>邵静</strong>" in page
    assert 'href="/workspace/start/"' in page


def test_an_officer_changes_the_language_and_stays_on_the_page(client, db):
    client.force_login(AppointmentFactory(role=Role.ADMINISTRATOR).user)
    assert 'formaction="/language/" name="language" value="en"' in client.get("/admin/").text

    answer = client.post(
        "/language/", {"language": "en"}, headers={"referer": "http://testserver/admin/"}
    )

    assert answer.url == "http://testserver/admin/"
    assert "Configuration" in client.get("/admin/").text


def test_the_pages_in_english_name_one_thing_and_write_days_as_all_pages_do(client, db):
    client.force_login(AppointmentFactory(role=Role.ADMINISTRATOR, starts_on=date(2023, 5, 9)).user)
    client.post("/language/", {"language": "en"})

    assert "<h1>Add Recognition</h1>" in client.get("/admin/companies/recognition/add/").text
    assert "2023-05-09" in client.get("/admin/accounts/appointment/").text


def test_the_tab_bears_the_seal_as_everywhere(client, db):
    client.force_login(AppointmentFactory(role=Role.ADMINISTRATOR).user)

    for page in ("/admin/", "/admin/companies/recognition/", "/admin/companies/recognition/add/"):
        assert 'rel="icon" href="/static/seal' in client.get(page).text


def test_who_only_looks_at_people_is_offered_no_password_of_theirs(client, db):
    person = UserFactory()
    client.force_login(AppointmentFactory(role=Role.ADMINISTRATOR).user)

    page = client.get(f"/admin/accounts/user/{person.pk}/change/").content.decode()

    assert person.username in page
    assert "../password/" not in page


@pytest.mark.parametrize("given", [{"is_active": False, "is_superuser": True}, {"is_staff": True}])
def test_others_stay_outside(client, db, given):
    client.force_login(UserFactory(**given))

    signed_in = not given.get("is_superuser")  # a person switched off is nobody
    assert client.get("/admin/").status_code == (403 if signed_in else 302)


@pytest.mark.django_db(transaction=True)
def test_a_password_that_was_set_stands_in_the_audit_chain_and_is_not_told(client):
    person = UserFactory()
    client.force_login(AppointmentFactory(role=Role.SECURITY_OFFICER).user)
    password = "Another-long-one-42"

    answer = client.post(
        f"/admin/accounts/user/{person.pk}/password/",
        {"password1": password, "password2": password, "usable_password": "true"},
    )

    assert answer.status_code == 302
    assert User.objects.get(pk=person.pk).check_password(password)
    entry = Entry.objects.about(person).get()
    assert entry.data["changes"] == {"password": ["***", "***"]}
    assert first_broken_entry() is None


@pytest.mark.django_db(transaction=True)
def test_a_password_is_not_set_where_it_cannot_be_recorded(client, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError

    person = UserFactory()
    client.force_login(AppointmentFactory(role=Role.SECURITY_OFFICER).user)
    client.raise_request_exception = False
    monkeypatch.setattr("accounts.admin.record", fail)
    password = "Another-long-one-42"

    client.post(
        f"/admin/accounts/user/{person.pk}/password/",
        {"password1": password, "password2": password, "usable_password": "true"},
    )

    assert not User.objects.get(pk=person.pk).check_password(password)


def test_a_security_officer_sets_no_superusers_password(client, db):
    first = User.objects.create_superuser("first", password="a-long-one-42")
    client.force_login(AppointmentFactory(role=Role.SECURITY_OFFICER).user)

    assert client.get(f"/admin/accounts/user/{first.pk}/password/").status_code == 403
