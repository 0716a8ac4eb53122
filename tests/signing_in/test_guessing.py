"""S03: whoever guesses passwords is locked out, and their owner is not."""

from collections import Counter
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from audit.models import Entry
from outbox.models import Job
from outbox.services import perform_due
from tests.factories import AppointmentFactory
from tests.signing_in.people import (
    ELSEWHERE,
    HERE,
    PASSWORD,
    browser,
    is_in,
    official,
    signed_in,
    somebody,
    try_password,
)

LIMIT = 5


@pytest.fixture(autouse=True)
def _only_axes_counts(request, settings):
    """allauth's own limits would hide whether axes locks."""
    if "limits" not in request.fixturenames:
        settings.ACCOUNT_RATE_LIMITS = False


@pytest.fixture
def limits(settings):
    return settings.ACCOUNT_RATE_LIMITS


def guess(login, times=LIMIT, address=HERE):
    for _try in range(times):
        response = try_password(browser(address), login, "wrong")
    return response


def test_after_five_failures_even_the_right_password_is_refused(person):
    assert guess(person.username, LIMIT - 1).status_code == 200
    assert guess(person.username, 1).status_code == 429
    client = browser()

    response = try_password(client, person.username)

    assert response.status_code == 429
    assert not is_in(client)


def test_the_page_says_until_when_and_what_to_do(person, clock):
    guess(person.username)
    clock.shift(timedelta(minutes=5))

    page = try_password(browser(), person.username).content.decode()

    assert "到 10:15 为止" in page
    assert reverse("account_reset_password") in page
    assert "安全管理员" in page


def test_after_a_quarter_of_an_hour_the_owner_gets_in_though_they_kept_trying(person, clock):
    guess(person.username)
    clock.shift(timedelta(minutes=14))
    guess(person.username, 3)
    clock.shift(timedelta(minutes=1, seconds=1))

    signed_in(person)


def test_strangers_elsewhere_do_not_lock_the_owner_out(person):
    for number in range(10):
        guess(person.username, address=f"203.0.113.{number}")

    signed_in(person)


@pytest.mark.parametrize("spell", [str.upper, str.title, lambda name: f" {name} "])
def test_every_spelling_of_a_name_counts_as_one(person, spell):
    guess(person.username, LIMIT - 1)
    guess(spell(person.username), 1)

    assert try_password(browser(), person.username).status_code == 429


def test_the_mail_address_counts_as_the_name(person):
    guess(person.username, 3)
    guess(person.email, 2)

    assert try_password(browser(), person.email).status_code == 429


def test_success_forgets_the_failures(person):
    guess(person.username, LIMIT - 1)
    signed_in(person)
    guess(person.username, LIMIT - 1)

    signed_in(person)


def test_guessing_where_the_password_is_asked_again_counts_too(person):
    client = signed_in(person)
    for _try in range(LIMIT):
        response = client.post("/login/again/", {"password": "wrong"})

    assert response.status_code == 429
    assert try_password(browser(), person.username).status_code == 429


def test_guessing_where_the_password_is_changed_counts_too_and_is_on_record(person):
    client = signed_in(person)
    guessed = {"oldpassword": "wrong", "password1": "Another-Staple-8"}
    for number in range(LIMIT):
        response = client.post("/password/", guessed | {"password2": "Another-Staple-8"})
        if not number:
            assert "现在的密码不对" in response.text

    assert response.status_code == 429
    assert try_password(browser(), person.username).status_code == 429
    actions = Counter(Entry.objects.about(person).values_list("action", flat=True))
    assert actions["person.sign_in_failed"] == LIMIT
    assert actions["person.locked_out"] == 1


def test_a_thousand_tries_leave_a_handful_of_entries(person):
    guess(person.username, 30)

    actions = Counter(Entry.objects.about(person).values_list("action", flat=True))
    assert actions == {"person.sign_in_failed": LIMIT, "person.locked_out": 1}


def test_one_address_cannot_try_a_thousand_accounts(limits, person):
    for number in range(50):
        assert try_password(browser(), f"nobody-{number}", "wrong").status_code == 200

    response = try_password(browser(), person.username)

    assert "失败的次数太多" in response.content.decode()
    signed_in(person, ELSEWHERE)


def test_signing_in_is_no_failure_of_the_address(limits, db, clock):
    for _colleague in range(60):
        signed_in(somebody())


def test_a_new_password_by_mail_unlocks(person, settings):
    guess(person.username)
    client = browser()
    client.post("/password/forgotten/", {"email": person.email})
    perform_due()
    link = next(word for word in mail.outbox[0].body.split() if word.startswith("http"))
    path = client.get(link.removeprefix(settings.BASE_URL)).url

    client.post(path, {"password1": "Another-Staple-8", "password2": "Another-Staple-8"})

    assert try_password(client, person.username, "Another-Staple-8").status_code == 302


def test_the_security_officer_unlocks_and_it_is_on_record(person):
    guess(person.username)
    officer = official(role=Role.SECURITY_OFFICER)
    client = signed_in(officer)

    client.post(
        reverse("admin:accounts_user_changelist"),
        {"action": "unlock", "_selected_action": [person.pk]},
    )

    entry = Entry.objects.about(person).get(action="person.unlocked")
    assert entry.actor == officer
    signed_in(person)


def test_the_security_officer_finds_who_is_locked_since_when_and_from_where(person, clock):
    guess(person.username)
    guess("nobody-at-all")
    officer = official(role=Role.SECURITY_OFFICER)

    page = signed_in(officer).get(reverse("desk"))

    [(who, lock)] = page.context["locked"]
    assert (who, lock.address, lock.since) == (person, HERE, timezone.now())
    assert f'name="_selected_action" value="{person.pk}"' in page.text
    clock.shift(timedelta(minutes=15, seconds=1))
    assert "现在没有锁定的账号" in signed_in(officer).get(reverse("desk")).text


def test_who_unlocks_from_the_list_of_the_locked_comes_back_to_it(person):
    guess(person.username)
    client = signed_in(official(role=Role.SECURITY_OFFICER))
    people = reverse("admin:accounts_user_changelist")
    given = {"action": "unlock", "_selected_action": [person.pk]}
    back = reverse("desk") + "#locked"
    assert f'name="next" value="{back}"' in client.get(reverse("desk")).text

    assert client.post(people, {**given, "next": back}).url == back
    assert client.post(people, {**given, "next": "https://example.org/"}).url == people


def test_what_an_officer_did_is_told_without_a_device_that_nobody_used(person):
    guess(person.username)
    signed_in(official(role=Role.SECURITY_OFFICER)).post(
        reverse("admin:accounts_user_changelist"),
        {"action": "unlock", "_selected_action": [person.pk]},
    )

    page = signed_in(person).get(reverse("security")).text

    row = page.partition("安全管理员已解锁")[2].partition("</tr>")[0]
    assert row.count("—") == 2
    assert "没有说明" not in page


def test_an_officer_is_not_shown_whom_they_cannot_unlock(person):
    AppointmentFactory(user=person)
    guess(person.username)
    guess(somebody(is_superuser=True).username)

    for role in (Role.SECURITY_OFFICER, Role.ADMINISTRATOR):
        page = signed_in(official(role=role)).get(reverse("desk"))
        assert page.context["locked"] == []
        assert ("锁定的账号" in page.text) == (role == Role.SECURITY_OFFICER)


def test_others_unlock_nobody(person):
    guess(person.username)
    client = signed_in(AppointmentFactory(user=somebody(), role=Role.ADMINISTRATOR).user)

    client.post(
        reverse("admin:accounts_user_changelist"),
        {"action": "unlock", "_selected_action": [person.pk]},
    )

    assert try_password(browser(), person.username).status_code == 429


def without_what_differs_anyway(response, *names):
    text = response.content.decode()
    for name in names:
        text = text.replace(name, "")
    return [line for line in text.splitlines() if "csrfmiddlewaretoken" not in line]


def test_an_unknown_name_and_a_wrong_password_read_the_same(person):
    known = try_password(browser(), person.username, "wrong")
    unknown = try_password(browser(), "nobody", "wrong")

    assert without_what_differs_anyway(known, person.username) == without_what_differs_anyway(
        unknown, "nobody"
    )


def test_a_lock_tells_nothing_about_whether_the_account_exists(person):
    known, unknown = guess(person.username), guess("nobody")

    assert without_what_differs_anyway(known) == without_what_differs_anyway(unknown)


@pytest.fixture
def hashed(person, monkeypatch):
    """What is hashed from here on: hashing is what takes the time."""
    hashed = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher,
        "encode",
        lambda self, password, salt: hashed.append(password) or encode(self, password, salt),
    )
    return hashed


@pytest.mark.parametrize("login", ["known", "nobody", "nobody@example.org", "disabled"])
def test_every_name_costs_one_hash(person, login, hashed):
    somebody(username="disabled", is_active=False)
    hashed.clear()

    try_password(browser(), person.username if login == "known" else login, "wrong")

    assert hashed == ["wrong"]


def test_a_forgotten_password_is_answered_alike_known_or_not(person):
    known = browser().post("/password/forgotten/", {"email": person.email})
    unknown = browser().post("/password/forgotten/", {"email": "nobody@example.org"})

    assert known.url == unknown.url == "/password/forgotten/sent/"
    # Nothing is sent while the page waits, and as much is done for the one as for the other.
    assert not mail.outbox
    assert [job.kind for job in Job.objects.all()] == ["accounts.send_way_back"] * 2


def test_signing_up_with_a_known_address_is_answered_as_with_a_new_one(person):
    fields = {"name": "张三", "password1": PASSWORD, "password2": PASSWORD}
    known = browser().post("/signup/", {"email": person.email, **fields})
    new = browser().post("/signup/", {"email": "new@example.org", **fields})

    assert known.url == new.url == "/signup/confirm/"
    assert [job.args["to"] for job in Job.objects.order_by("pk")] == [
        [person.email],
        ["new@example.org"],
    ]


@pytest.mark.parametrize("email", ["known", "new@example.org"])
def test_signing_up_costs_one_hash_known_or_not(person, email, hashed):
    email = person.email if email == "known" else email
    fields = {"name": "张三", "password1": PASSWORD, "password2": PASSWORD}

    assert browser().post("/signup/", {"email": email, **fields}).url == "/signup/confirm/"

    assert hashed == [PASSWORD]


def test_a_flood_of_reset_mails_is_stopped(limits, person, clock):
    def ask():
        return browser().post("/password/forgotten/", {"email": person.email}).status_code

    answers = [ask() for _try in range(8)]
    clock.shift(timedelta(minutes=14))
    answers.append(ask())

    assert answers == [302] * 5 + [429] * 4
    assert Job.objects.filter(kind="accounts.send_way_back").count() == 5
    clock.shift(timedelta(minutes=1))
    assert ask() == 302


def test_signing_up_again_and_again_with_a_known_address_fills_no_mailbox(limits, person):
    fields = {"name": "张三", "password1": PASSWORD, "password2": PASSWORD}

    for _try in range(5):
        page = browser().post("/signup/", {"email": person.email.upper(), **fields})
        assert page.url == "/signup/confirm/"

    assert Job.objects.filter(kind="mail").count() == 1
