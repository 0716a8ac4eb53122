"""The second factor: staff must, companies may; each code once."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from django.urls import reverse

from accounts.models import Role
from audit.models import Entry
from tests.signing_in import people
from tests.signing_in.people import PASSWORD, browser, is_in, signed_in, somebody, try_password

ON = "/security/second-factor/on/"


@pytest.fixture(autouse=True)
def _staff_must(settings):
    settings.STAFF_SECOND_FACTOR = True


def code_of(secret):
    return auth.format_hotp_value(
        auth.hotp_value(secret, next(auth.yield_hotp_counters_from_time()))
    )


def enrol(client):
    """Turn it on as the page says; the secret and the recovery codes."""
    secret = client.get(ON).context["form"].secret
    response = client.post(ON, {"code": code_of(secret)}, follow=True)
    return secret, response.context["unused_codes"]


@pytest.mark.parametrize("who", ["official", "superuser"])
def test_staff_set_it_up_before_anything_else(who, official, clock):
    user = official if who == "official" else somebody(is_superuser=True)
    client = signed_in(user)

    for page in ("/security/", "/workspace/", "/admin/", "/finance/"):
        assert client.get(page).url == ON
    page = client.get(ON).content.decode()
    assert "请先按下面的步骤开启" in page

    enrol(client)

    assert is_in(client)


def test_where_it_is_not_demanded_staff_go_on_without(official, settings):
    settings.STAFF_SECOND_FACTOR = False

    assert is_in(signed_in(official))


def test_companies_people_may_and_may_leave_it(person, clock, django_capture_on_commit_callbacks):
    client = signed_in(person)
    assert is_in(client)
    with django_capture_on_commit_callbacks(execute=True):
        enrol(client)
    assert is_in(client)

    client.post("/security/second-factor/off/")

    assert not Authenticator.objects.filter(user=person).exists()
    assert [e.action for e in Entry.objects.about(person)] == [
        "person.signed_in",
        "person.second_factor_added",
        "person.recovery_codes_added",
        "person.second_factor_removed",
        "person.recovery_codes_removed",
    ]


def test_staff_cannot_turn_it_off(official, clock):
    client = signed_in(official)
    enrol(client)

    response = client.post("/security/second-factor/off/")

    assert "不能关闭" in response.content.decode()
    assert Authenticator.objects.filter(user=official, type="totp").exists()


def test_the_password_alone_no_longer_signs_in(official, clock):
    secret, _codes = enrol(signed_in(official))
    clock.shift(60)
    client = browser()

    assert try_password(client, official.username, next="/workspace/").url == "/login/code/"
    assert not is_in(client)
    assert "动态码不对" in client.post("/login/code/", {"code": "000000"}).content.decode()
    response = client.post("/login/code/", {"code": code_of(secret)})

    assert response.url == "/workspace/"
    assert is_in(client)


def test_a_code_that_was_seen_is_good_for_nothing(official, clock):
    secret, _codes = enrol(signed_in(official))
    clock.shift(60)
    code = code_of(secret)
    for expected in (302, 200):
        client = browser()
        try_password(client, official.username)
        assert client.post("/login/code/", {"code": code}).status_code == expected


def test_a_recovery_code_works_once(official, clock):
    _secret, codes = enrol(signed_in(official))
    assert len(codes) == 10
    for expected in (302, 200):
        client = browser()
        try_password(client, official.username)
        assert client.post("/login/code/", {"code": codes[0]}).status_code == expected


def test_its_owner_sees_that_a_recovery_code_was_used_and_from_where(official, clock):
    client = signed_in(official)
    _secret, codes = enrol(client)
    thief = browser("203.0.113.66")
    try_password(thief, official.username)
    thief.post("/login/code/", {"code": codes[0]})

    page = client.get("/security/").content.decode()

    assert "用了一个恢复码" in page
    entry = Entry.objects.about(official).get(action="person.recovery_code_used")
    assert entry.data["address"] == "203.0.113.66"


def test_a_code_from_the_phone_is_no_recovery_code(official, clock):
    secret, _codes = enrol(signed_in(official))
    clock.shift(60)
    client = browser()
    try_password(client, official.username)
    client.post("/login/code/", {"code": code_of(secret)})

    assert is_in(client)
    assert not Entry.objects.about(official).filter(action="person.recovery_code_used").exists()


def test_codes_are_not_guessed_by_the_thousand(official, clock):
    secret, _codes = enrol(signed_in(official))
    clock.shift(60)
    client = browser()
    try_password(client, official.username)
    for number in range(5):
        client.post("/login/code/", {"code": f"{number:06}"})

    response = client.post("/login/code/", {"code": code_of(secret)})

    assert "失败的次数太多" in response.content.decode()
    assert Entry.objects.about(official).filter(data__wrong="code").count() == 5


def test_recovery_codes_are_shown_once_and_renewed(official, clock):
    client = signed_in(official)
    _secret, codes = enrol(client)

    again = client.get("/security/recovery-codes/").content.decode()
    assert codes[0] not in again
    renewed = client.post("/security/recovery-codes/new/", follow=True).context["unused_codes"]

    assert not set(renewed) & set(codes)
    other = browser()
    try_password(other, official.username)
    assert other.post("/login/code/", {"code": codes[0]}).status_code == 200


def test_an_old_sign_in_changes_nothing_about_it(person, clock):
    client = signed_in(person)
    clock.shift(timedelta(minutes=6))

    assert client.get(ON).url == f"/login/again/?next={ON.replace('/', '%2F')}"
    response = client.post(f"/login/again/?next={ON}", {"password": PASSWORD})

    assert response.url == ON


def test_whoever_has_one_is_asked_again_for_the_password(official, clock):
    client = signed_in(official)
    enrol(client)

    assert client.get("/login/again/").status_code == 200
    assert client.post("/login/again/", {"password": PASSWORD}).status_code == 302


def test_its_secret_does_not_lie_open_in_the_database(person, clock):
    secret, codes = enrol(signed_in(person))

    stored = str(list(Authenticator.objects.values_list("data", flat=True)))

    assert secret not in stored
    assert codes[0] not in stored


def test_a_secret_outlives_a_change_of_the_installations_key(person, clock, settings):
    secret, _codes = enrol(signed_in(person))
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "x" * 60
    clock.shift(60)
    client = browser()
    try_password(client, person.username)

    assert client.post("/login/code/", {"code": code_of(secret)}).status_code == 302


def test_whoever_lost_phone_and_codes_is_let_begin_anew_by_the_security_officer(person, clock):
    enrol(signed_in(person))
    officer = people.official(role=Role.SECURITY_OFFICER)
    client = signed_in(officer)
    enrol(client)
    changes = reverse("admin:accounts_user_changelist")

    client.post(changes, {"action": "remove_second_factor", "_selected_action": [person.pk]})

    assert not Authenticator.objects.filter(user=person).exists()
    assert Entry.objects.about(person).last().actor == officer
    client.post(changes, {"action": "remove_second_factor", "_selected_action": [officer.pk]})
    assert Authenticator.objects.filter(user=officer).exists()  # nobody does it for themselves
