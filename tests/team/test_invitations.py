"""Invitations by mail: for one mailbox, once, for seven days, until revoked."""

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.models import Entry
from companies.models import Invitation
from companies.team import services
from companies.team.enums import MemberRole, Scope
from outbox.models import Job
from outbox.services import perform_due
from tests import domain
from tests.factories import MemberFactory, UserFactory
from tests.fixtures_domain import MORNING
from tests.threads import at_once

PLACE = {"role": MemberRole.CLERK, "scopes": [Scope.APPLY, Scope.DATA], "ends_on": None}


@pytest.fixture
def person(world):
    return UserFactory(email="Wang@Example.org")


@pytest.fixture
def invitation(company, lead):
    return services.invite(company, " wang@example.org ", by=lead, **PLACE)


def link(mails) -> str:
    perform_due()
    found = re.search(r"/invitations/[^/\s]+/", mails[-1].body)
    assert found
    return found[0]


def test_the_link_comes_by_mail_and_brings_into_the_team(
    company, invitation, person, browser, mailoutbox
):
    url = link(mailoutbox)
    client = browser(person)
    assert mailoutbox[-1].to == ["wang@example.org"]
    assert company.name in client.get(url).text

    assert client.post(url).status_code == 302

    member = company.members.get(user=person)
    assert (member.role, member.scopes) == ("clerk", ["apply", "data"])
    assert member.given_by == invitation.invited_by
    assert member.is_current
    assert Entry.objects.get(action="team.joined").actor == person
    assert company.name in client.get("/company/").text


def test_the_mails_say_what_one_may_do_and_what_comes_next(
    company, lead, invitation, person, browser, mailoutbox
):
    url = link(mailoutbox)
    invited = mailoutbox[-1].body
    assert "可以办理：申报、资料与数据" in invited
    assert "没有账号的先注册，注册后会回到这个邀请" in invited
    client = browser(person)
    assert "可以办理：申报、资料与数据" in client.get(url).text

    client.post(url)
    perform_due()

    told = {mail.to[0]: mail.body for mail in mailoutbox[1:]}
    assert "可以办理：申报、资料与数据" in told[person.email]
    assert "企业资料" in told[person.email]
    assert f"{person}（{person.email}）已加入{company}" in told[lead.email]
    assert "/company/team/" in told[lead.email]


def test_the_token_is_in_the_mail_alone(invitation, mailoutbox):
    token = link(mailoutbox).split("/")[2]

    invitation.refresh_from_db()
    assert invitation.token_hash == services.hash_of(token)
    kept = [str(job.args) for job in Job.objects.all()]
    kept += [str(entry.data) for entry in Entry.objects.all()]
    assert not any(token in text for text in kept)


def test_a_mail_that_is_sent_again_makes_the_first_void(invitation, person, browser, mailoutbox):
    first = link(mailoutbox)
    Job.objects.filter(kind="companies.mail_invitation").update(state="running", done_at=None)
    job = Job.objects.get(kind="companies.mail_invitation")
    services.mail_invitation(job, str(invitation.pk))
    second = re.search(r"/invitations/[^/\s]+/", mailoutbox[-1].body)[0]

    assert browser(person).get(first).status_code == 404
    assert browser(person).get(second).status_code == 200


def test_a_wrong_token_tells_nothing(company, invitation, person, browser, mailoutbox):
    link(mailoutbox)
    client = browser(person)

    for method in (client.get, client.post):
        page = method("/invitations/wrong/")
        assert page.status_code == 404
        assert company.name not in page.text


def test_an_invitation_without_a_mail_yet_answers_to_no_token(invitation, person, browser):
    assert invitation.token_hash is None
    assert browser(person).get("/invitations/None/").status_code == 404


def test_another_mailbox_learns_nothing_and_does_not_join(company, invitation, browser, mailoutbox):
    url, other = link(mailoutbox), UserFactory()

    for method in (browser(other).get, browser(other).post):
        page = method(url)
        assert page.status_code == 403
        assert company.name not in page.text
        assert "wang@example.org" not in page.text
    assert not company.members.filter(user=other).exists()


def test_it_is_used_once(company, invitation, person, browser, mailoutbox):
    url = link(mailoutbox)
    browser(person).post(url)

    assert browser(person).get(url).status_code == 422
    with pytest.raises(Refused, match="已经用过"):
        services.accept_invitation(invitation, by=person)


def test_it_runs_out_after_seven_days(invitation, person, browser, mailoutbox, clock):
    url = link(mailoutbox)
    clock.shift(timedelta(days=7) - timedelta(seconds=1))
    assert browser(person).get(url).status_code == 200
    clock.shift(timedelta(seconds=1))

    assert browser(person).post(url).status_code == 422
    assert not person.memberships.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"ended_at": MORNING},
        {"ends_on": MORNING.date() - timedelta(days=1)},
        {"role": "clerk", "scopes": ["apply"]},
        {"ends_on": MORNING.date() + timedelta(days=1)},
    ],
)
def test_it_ends_with_the_right_of_who_gave_it(
    company, lead, invitation, person, browser, mailoutbox, change
):
    MemberFactory(company=company)
    url = link(mailoutbox)
    company.members.filter(user=lead).update(**change)

    assert browser(person).get(url).status_code == 422
    with pytest.raises(Refused, match="邀请您的人"):
        services.accept_invitation(invitation, by=person)
    assert not person.memberships.exists()


def test_a_revoked_one_is_void(company, lead, invitation, person, browser, mailoutbox):
    url = link(mailoutbox)

    assert (
        browser(lead).post(f"/company/team/invitations/{invitation.pk}/revoke/").status_code == 302
    )

    assert browser(person).post(url).status_code == 422
    assert not person.memberships.exists()
    with pytest.raises(StateChanged):
        services.revoke_invitation(invitation, by=lead)


def test_a_revoked_one_is_not_even_mailed(lead, invitation, mailoutbox):
    services.revoke_invitation(invitation, by=lead)
    perform_due()

    assert not mailoutbox


@pytest.mark.parametrize("who", ["colleague", "stranger"])
def test_only_leads_invite_and_revoke(company, colleague, invitation, browser, who):
    person = colleague if who == "colleague" else MemberFactory().user

    with pytest.raises(NotAllowed):
        services.invite(company, "new@example.org", by=person, **PLACE)
    with pytest.raises(NotAllowed):
        services.revoke_invitation(invitation, by=person)
    url = f"/company/team/invitations/{invitation.pk}/revoke/"
    assert browser(person).post(url).status_code == 404


def test_a_mailbox_is_invited_once_at_a_time(company, lead, invitation, clock):
    with pytest.raises(Refused, match="已经邀请过"):
        services.invite(company, "WANG@example.org", by=lead, **PLACE)

    clock.shift(timedelta(days=8))
    again = services.invite(company, "wang@example.org", by=lead, **PLACE)
    assert Invitation.objects.unanswered().get() == again


def test_a_company_sends_twenty_invitations_a_day(company, lead, clock):
    for number in range(20):
        offer = services.invite(company, f"{number}@example.org", by=lead, **PLACE)
        services.revoke_invitation(offer, by=lead)

    with pytest.raises(Refused, match="最多发出 20 份邀请"):
        services.invite(company, "0@example.org", by=lead, **PLACE)

    clock.shift(timedelta(days=1))
    services.invite(company, "0@example.org", by=lead, **PLACE)


def test_the_database_takes_one_unanswered_invitation_a_mailbox(company, lead, invitation):
    with pytest.raises(IntegrityError, match="one_unanswered_invitation"), transaction.atomic():
        Invitation.objects.create(
            company=company, email="wang@example.org", role="clerk", invited_by=lead
        )


def test_who_is_of_the_company_is_not_invited(company, lead, colleague):
    with pytest.raises(Refused, match="已经是本企业的人员"):
        services.invite(company, colleague.email.upper(), by=lead, **PLACE)


def test_somebody_who_left_comes_back_on_the_same_row(company, lead, colleague):
    member = company.members.get(user=colleague)
    services.end_member(member, by=lead)
    offer = services.invite(company, colleague.email, by=lead, **PLACE)

    services.accept_invitation(offer, by=colleague)

    member.refresh_from_db()
    assert member.is_current
    assert (member.scopes, member.starts_on) == (["apply", "data"], domain.TODAY)


def test_a_place_that_was_taken_meanwhile_is_refused(company, lead, person):
    place = {"role": MemberRole.ADMINISTRATOR, "scopes": [], "ends_on": None}
    offer = services.invite(company, person.email, by=lead, **place)
    MemberFactory.create_batch(4, company=company)

    with pytest.raises(Refused, match="最多 5 名"):
        services.accept_invitation(offer, by=person)

    offer.refresh_from_db()
    assert offer.is_open


def test_an_old_offer_makes_nobody_the_legal_representative(company, lead, person):
    offer = services.invite(company, person.email, by=lead, **PLACE)
    offer.role, offer.scopes = MemberRole.LEGAL, []
    offer.save()

    with pytest.raises(Refused, match="不能邀请"):
        services.accept_invitation(offer, by=person)

    assert not company.members.filter(user=person).exists()


@pytest.mark.django_db(transaction=True)
def test_two_acceptances_at_once_make_one_member(world):
    company = domain.company_with_everything()
    lead = domain.clerk_of(company)
    person = UserFactory(email="wang@example.org")
    offer = services.invite(company, person.email, by=lead, **PLACE)

    results = at_once(*[lambda: services.accept_invitation(offer, by=person)] * 2)

    assert sum(isinstance(result, Refused) for result in results) == 1
    assert company.members.filter(user=person).count() == 1
    assert Entry.objects.filter(action="team.joined").count() == 1


def test_the_team_page_invites_and_shows_what_waits(company, lead, browser):
    client = browser(lead)
    typed = {"email": "li@example.org", "role": "clerk", "scopes": ["apply"], "ends_on": ""}

    assert "（经办人至少选一项）" in client.get("/company/team/").text
    assert client.post("/company/team/", typed).status_code == 302
    page = client.get("/company/team/")
    assert "li@example.org" in page.text
    again = client.post("/company/team/", typed)
    assert again.status_code == 422
    assert "已经邀请过 li@example.org" in again.text
