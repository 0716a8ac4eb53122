"""What a password must be, and who must choose a new one."""

from datetime import timedelta

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core import mail
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.models import Role, User
from audit.models import Entry
from outbox.services import perform_due
from tests.factories import CompanyFactory, DepartmentFactory, MemberFactory
from tests.signing_in import people
from tests.signing_in.people import PASSWORD, browser, is_in, signed_in, somebody, try_password

NEW_PASSWORD = "Another-Staple-8"


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("Sh0rt-pas", "密码太短，至少要 10 个字符"),
        ("onlysmallletters", "3"),
        ("small-and-signs", "3"),
        ("Wang.Hong-2026", "用户名"),
        ("2026-宁波阀门厂-Aa", "单位名称"),
        ("2026-经信局-Password", "单位名称"),
        (PASSWORD, "原来的"),
        ("Password123", "常见"),
    ],
)
def test_a_password_that_is_refused(password, reason, world):
    user = people.official(department=DepartmentFactory(short_name="经信局"))
    user.username = "wang.hong"
    user.save()
    MemberFactory(user=user, company=CompanyFactory(name="宁波阀门厂"))

    with pytest.raises(ValidationError) as refusal:
        validate_password(password, user)

    assert reason in "".join(refusal.value.messages)


def test_a_password_that_is_taken(person):
    validate_password(NEW_PASSWORD, person)


def test_the_rules_stand_where_a_password_is_chosen(db):
    page = browser().get("/signup/").content.decode()

    assert "四种里至少有 3 种；不含" in page
    assert "；不是常见的密码；" in page


def test_who_was_given_a_password_chooses_another_first(person, clock):
    person.password_is_temporary = True
    person.save()
    client = signed_in(person)
    assert client.get("/security/").url == "/password/"

    client.post(
        "/password/",
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )

    assert is_in(client)
    assert Entry.objects.about(person).filter(action="person.password_changed", actor=person)
    assert "密码已修改" in client.get("/security/").content.decode()


def test_who_has_no_password_gets_one_by_mail(person, clock):
    client = signed_in(person)
    person.set_unusable_password()
    person.save()
    client.force_login(person)

    page = client.get("/password/", follow=True)

    assert page.redirect_chain[-1][0] == "/password/forgotten/"
    client.post("/password/forgotten/", {"email": person.email})
    perform_due()
    assert mail.outbox[-1].to == [person.email]


def test_whom_an_officer_makes_or_gives_a_new_password_must_change_it(person, clock):
    client = signed_in(people.official(role=Role.SECURITY_OFFICER))
    passwords = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true"}

    client.post(
        reverse("admin:accounts_user_add"), {"username": "newcomer", "name": "新人", **passwords}
    )
    client.post(reverse("admin:auth_user_password_change", args=[person.pk]), passwords)

    assert User.objects.get(username="newcomer").must_change_password
    person.refresh_from_db()
    assert person.must_change_password


def test_periodic_change_is_off_unless_chosen(person, clock, settings):
    clock.shift(timedelta(days=1000))
    assert not person.must_change_password

    settings.PASSWORD_MAX_AGE = timedelta(days=90)

    assert person.must_change_password


def test_a_new_password_begins_the_time_anew(person, clock, settings):
    settings.PASSWORD_MAX_AGE = timedelta(days=90)
    client = signed_in(person)
    client.post(
        "/password/",
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )
    person.refresh_from_db()
    clock.shift(timedelta(days=89))
    assert not person.must_change_password
    clock.shift(timedelta(days=2))

    assert person.must_change_password


def test_a_link_for_a_new_password_works_once(person, settings):
    browser().post("/password/forgotten/", {"email": person.email})
    perform_due()
    link = link_in(mail.outbox[0], settings)
    client = browser()
    form = client.get(link).url
    client.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})

    assert try_password(browser(), person.username, NEW_PASSWORD).status_code == 302
    assert "地址已失效" in browser().get(link).content.decode()


def test_a_link_for_a_new_password_ends_after_an_hour(person, settings, clock):
    browser().post("/password/forgotten/", {"email": person.email})
    perform_due()
    clock.shift(timedelta(hours=1, seconds=1))

    assert "地址已失效" in browser().get(link_in(mail.outbox[0], settings)).content.decode()


def link_in(message, settings):
    link = next(word for word in message.body.split() if word.startswith("http"))
    return link.removeprefix(settings.BASE_URL)


def test_somebody_signs_up_confirms_the_address_and_is_in(db, clock, settings):
    client = browser()
    fields = {"name": "张三丰", "email": "zhang@example.org"}
    passwords = {"password1": PASSWORD, "password2": PASSWORD}
    assert client.post("/signup/", {**fields, **passwords}).url == "/signup/confirm/"
    user = User.objects.get(email="zhang@example.org")
    assert user.name == "张三丰"
    assert not is_in(client)
    assert try_password(client, user.email).url == "/signup/confirm/"
    assert not is_in(client)

    perform_due()
    link = link_in(mail.outbox[0], settings)
    client.get(link)
    assert not User.objects.filter(pk=user.pk, emailaddress__verified=True)  # a look is no yes
    client.post(link)

    assert try_password(client, user.email).url == "/"
    assert is_in(client)
    assert Entry.objects.about(user).first().action == "person.signed_up"


def test_who_signs_up_on_the_way_to_an_invitation_gets_there(db, clock, settings):
    client = browser()
    page = "/invitations/abc/"
    there = "/signup/?next=%2Finvitations%2Fabc%2F"
    assert f'href="{there}"' in client.get("/login/", {"next": page}).content.decode()
    assert f'name="next" value="{page}"' in client.get(there).content.decode()
    fields = {"name": "张三丰", "email": "zhang@example.org", "next": page}
    client.post("/signup/", {**fields, "password1": PASSWORD, "password2": PASSWORD})
    perform_due()
    client.post(link_in(mail.outbox[0], settings))

    assert try_password(client, "zhang@example.org").url == page
    client.post("/logout/")
    assert try_password(client, "zhang@example.org").url == "/"


def test_signing_up_says_at_the_field_what_is_wrong(db):
    response = browser().post(
        "/signup/",
        {"name": "", "email": "no-address", "password1": "short", "password2": "other"},
    )

    errors = response.context["form"].errors
    assert set(errors) == {"name", "email", "password1"}
    assert errors["name"] == ["请填写“姓名”"]
    assert 'value="no-address"' in response.content.decode()


def test_who_signs_up_puts_no_name_of_theirs_into_the_password(db):
    password = "2026-欧阳锋-Aa"
    response = browser().post(
        "/signup/",
        {
            "name": "欧阳锋",
            "email": "a@example.org",
            "password1": password,
            "password2": password,
        },
    )

    assert "姓名" in response.context["form"].errors["password1"][0]
    assert not User.objects.filter(email="a@example.org").exists()


def test_people_whom_an_officer_entered_confirm_nothing(db, clock):
    assert is_in(signed_in(somebody()))


def test_a_disabled_account_is_told_so_only_with_its_password(db, clock):
    user = somebody(is_active=False)

    assert try_password(browser(), user.username).url == "/login/inactive/"
    assert try_password(browser(), user.username, "wrong").status_code == 200
