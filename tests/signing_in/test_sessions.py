"""S01: what a session cookie is good for, and when it is good for nothing any more."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse

from accounts.models import Role
from audit.models import Entry
from tests.signing_in import people
from tests.signing_in.people import (
    ELSEWHERE,
    PASSWORD,
    browser,
    is_in,
    signed_in,
    try_password,
)

COOKIE = settings.SESSION_COOKIE_NAME
NEW_PASSWORD = "Another-Staple-8"


def copy_of(client):
    """A browser with the same cookies, as somebody who stole them has."""
    thief = browser(ELSEWHERE)
    thief.cookies.load({name: morsel.value for name, morsel in client.cookies.items()})
    return thief


def test_signing_in_leaves_the_cookie_from_before_worthless(person):
    client = browser()
    client.post("/large-type/")
    planted = copy_of(client)

    try_password(client, person.username)

    assert is_in(client)
    assert client.cookies[COOKIE].value != planted.cookies[COOKIE].value
    assert not is_in(planted)


def test_signing_out_ends_the_cookie_and_not_only_the_page(person):
    client = signed_in(person)
    thief = copy_of(client)

    client.post("/logout/")

    assert not is_in(thief)


def test_changing_the_password_ends_every_other_sign_in(person):
    here, there = signed_in(person), signed_in(person, ELSEWHERE)

    response = here.post(
        "/password/",
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )

    assert response.url == reverse("security")
    assert is_in(here)
    assert not is_in(there)


def test_another_mail_address_ends_every_sign_in_but_the_officers(person, clock):
    owner = signed_in(person, ELSEWHERE)
    officer = people.official(role=Role.SECURITY_OFFICER)
    client = signed_in(officer)

    for who in (person, officer):
        kept = {"username": who.username, "name": who.name, "is_active": "on"}
        url = reverse("admin:accounts_user_change", args=[who.pk])
        assert client.post(url, kept | {"email": f"new-{who.pk}@example.org"}).status_code == 302

    assert not is_in(owner)
    assert is_in(client)


def test_a_disabled_person_is_out_at_the_next_request(person):
    client = signed_in(person)
    person.is_active = False
    person.save()

    assert not is_in(client)


@pytest.mark.parametrize(("fixture", "minutes"), [("official", 15), ("person", 60)])
def test_a_sign_in_ends_after_a_while_without_doing_anything(fixture, minutes, request, clock):
    client = signed_in(request.getfixturevalue(fixture))
    clock.shift(timedelta(minutes=minutes, seconds=-1))
    assert is_in(client)
    clock.shift(timedelta(minutes=minutes, seconds=1))
    thief = copy_of(client)

    response = client.get("/security/", follow=True)

    assert response.redirect_chain[0][0] == "/login/?next=/security/"
    assert f"您有 {minutes} 分钟没有操作，已为您退出" in response.content.decode()
    assert not is_in(thief)


def test_a_sign_in_ends_at_last_however_much_is_done(official, clock):
    client = signed_in(official)
    for _quarter in range(59):
        clock.shift(timedelta(minutes=10))
        assert is_in(client)
    clock.shift(timedelta(minutes=10))

    response = client.get("/security/", follow=True)

    assert "登录已满 10 小时" in response.content.decode()


def test_a_session_that_does_not_say_when_it_began_has_ended(person):
    client = signed_in(person)
    session = client.session
    del session["signed_in_at"]
    session.save()

    assert not is_in(client)


def test_what_a_page_asks_by_itself_keeps_nobody_signed_in(official, clock):
    client = signed_in(official)
    for _minute in range(2):
        clock.shift(timedelta(minutes=8))
        response = client.get("/security/", headers={"HX-Request": "true"})

    assert response.status_code == 401


def test_a_fragment_sends_the_whole_page_to_sign_in_and_back(official, clock):
    client = signed_in(official)
    clock.shift(timedelta(minutes=16))
    page = "http://testserver/workspace/cases/?q=1"

    response = client.get("/security/", headers={"HX-Request": "true", "HX-Current-URL": page})

    assert response.status_code == 401
    assert response["HX-Redirect"] == "/login/?next=/workspace/cases/%3Fq%3D1"
    assert response.content == b""


def test_several_sign_ins_are_shown_and_one_of_them_ends_another(person):
    here, there = signed_in(person), signed_in(person, ELSEWHERE)
    page = here.get("/security/")
    [other] = [s for s in page.context["sessions"] if s.ip == ELSEWHERE]

    here.post(reverse("end_sign_in", args=[other.pk]))

    assert ELSEWHERE in page.content.decode()
    assert is_in(here)
    assert not is_in(there)
    entry = Entry.objects.about(person).get(action="person.sign_in_ended")
    assert (entry.actor, entry.data["ended"]) == (person, ELSEWHERE)
    assert "已结束别处的登录" in here.get("/security/").text


def test_nobody_ends_somebody_elses_sign_in(person, official):
    theirs, own = signed_in(official), signed_in(person)
    [session] = theirs.get("/security/").context["sessions"]

    assert own.post(reverse("end_sign_in", args=[session.pk])).status_code == 404
    assert is_in(theirs)


def test_one_sees_where_one_signed_in_and_where_it_failed(person):
    try_password(browser(ELSEWHERE), person.username, "wrong")
    page = signed_in(person).get("/security/").content.decode()

    assert "密码不对" in page
    assert ELSEWHERE in page
    assert "Chrome·Windows" in page
    assert list(Entry.objects.about(person).values_list("action", flat=True)) == [
        "person.sign_in_failed",
        "person.signed_in",
    ]


def test_a_form_sent_after_the_pause_is_kept_and_nothing_is_done(person, clock):
    client = signed_in(person)
    clock.shift(timedelta(minutes=61))

    response = client.post("/large-type-of-no-page/", {"note": "写了很久的意见"})
    assert response.status_code == 404  # no such page, nothing to keep

    response = client.post("/security/", {"note": "写了很久的意见"})

    assert response.status_code == 403
    assert 'name="note" value="写了很久的意见"' in response.content.decode()
    response = client.post("/security/", {"note": "…", "reauthentication-password": "wrong"})
    assert response.status_code == 403
    response = client.post("/security/", {"note": "…", "reauthentication-password": PASSWORD})
    assert response.status_code == 405  # the page itself answers again
    assert is_in(client)


def test_after_the_pause_the_page_that_asks_lets_nobody_look(person, clock):
    client = signed_in(person)
    clock.shift(timedelta(minutes=61))
    client.post("/security/", {"note": "…"})

    assert not is_in(client)


def test_a_password_is_never_repeated_by_the_page_that_asks(person, clock):
    client = signed_in(person)
    clock.shift(timedelta(minutes=61))
    fields = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}

    page = client.post("/password/", fields).content.decode()

    assert PASSWORD not in page
    assert NEW_PASSWORD not in page


def test_signing_out_after_the_pause_asks_nothing(person, clock):
    client = signed_in(person)
    clock.shift(timedelta(minutes=61))

    assert client.post("/logout/").status_code == 302
    assert not is_in(client)
