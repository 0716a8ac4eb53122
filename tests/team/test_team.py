"""The team: who leads, who is left, and for which company a person of several acts."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.models import Entry
from companies.models import Company, Member
from companies.team import services
from companies.team.enums import MemberRole, Scope
from tests import domain
from tests.factories import CompanyFactory, MemberFactory, UserFactory
from tests.threads import at_once

CLERK = {"role": MemberRole.CLERK, "scopes": [Scope.APPLY], "ends_on": None}


def of(company, person) -> Member:
    return company.members.get(user=person)


def test_the_last_lead_is_not_ended(company, lead):
    with pytest.raises(Refused, match="至少要有一名"):
        services.end_member(of(company, lead), by=lead)

    assert of(company, lead).is_current


@pytest.mark.parametrize(
    "place",
    [CLERK, {"role": MemberRole.ADMINISTRATOR, "scopes": [], "ends_on": domain.TODAY}],
)
def test_the_last_lead_stays_one_without_a_term(company, lead, place):
    with pytest.raises(Refused, match="至少要有一名"):
        services.change_member(of(company, lead), by=lead, **place)


def test_a_lead_whose_term_runs_out_does_not_count_as_left(company, lead):
    MemberFactory(company=company, ends_on=domain.TODAY + timedelta(days=30))

    with pytest.raises(Refused, match="至少要有一名"):
        services.end_member(of(company, lead), by=lead)


@pytest.mark.django_db(transaction=True)
def test_two_leads_who_end_each_other_at_once_leave_one(world):
    company = domain.company_with_everything()
    one, other = domain.clerk_of(company), MemberFactory(company=company).user

    results = at_once(
        lambda: services.end_member(of(company, other), by=one),
        lambda: services.end_member(of(company, one), by=other),
    )

    assert sum(isinstance(result, Refused) for result in results) == 1
    assert company.members.current().leading().count() == 1


def test_there_are_at_most_five_administrators(company, lead, colleague):
    MemberFactory.create_batch(4, company=company)
    place = {"role": MemberRole.ADMINISTRATOR, "scopes": [], "ends_on": None}

    with pytest.raises(Refused, match="最多 5 名"):
        services.invite(company, "sixth@example.org", by=lead, **place)
    with pytest.raises(Refused, match="最多 5 名"):
        services.change_member(of(company, colleague), by=lead, **place)


def test_only_themselves_change_the_legal_representative(company, lead):
    legal = MemberFactory(company=company, role="legal")

    with pytest.raises(NotAllowed, match="本人"):
        services.end_member(legal, by=lead)
    services.change_member(legal, by=legal.user, **CLERK)

    legal.refresh_from_db()
    assert (legal.role, legal.scopes) == ("clerk", ["apply"])


def test_a_clerk_needs_a_scope_and_no_past_term(company, lead, colleague):
    place = CLERK | {"scopes": [], "ends_on": domain.TODAY - timedelta(days=1)}

    with pytest.raises(Refused) as refusal:
        services.change_member(of(company, colleague), by=lead, **place)

    assert len(refusal.value.messages) == 2


def test_a_change_is_on_record_with_what_was_before(company, lead, colleague):
    services.change_member(
        of(company, colleague), by=lead, **CLERK | {"scopes": [Scope.DATA, Scope.APPLY]}
    )

    entry = Entry.objects.get(action="team.changed")
    assert entry.actor == lead
    assert entry.data["before"]["scopes"] == ["apply"]
    assert entry.data["scopes"] == ["apply", "data"]


def test_who_was_ended_is_not_ended_again(company, lead, colleague):
    member = of(company, colleague)
    services.end_member(member, by=lead)

    with pytest.raises(StateChanged):
        services.end_member(member, by=lead)


def test_nobody_arranges_another_companys_people(company, colleague, browser):
    stranger = MemberFactory().user
    member = of(company, colleague)

    with pytest.raises(NotAllowed):
        services.end_member(member, by=stranger)
    assert browser(stranger).post(f"/company/team/{member.pk}/end/").status_code == 404
    assert browser(stranger).get(f"/company/team/{member.pk}/").status_code == 404


def test_a_clerk_reads_the_team_and_arranges_nobody(company, lead, colleague, browser):
    client = browser(colleague)
    page = client.get("/company/team/")

    assert str(lead) in page.text
    assert "邀请一个人" not in page.text
    assert client.get(f"/company/team/{of(company, lead).pk}/").status_code == 403
    assert client.post(f"/company/team/{of(company, lead).pk}/end/").status_code == 403


def test_a_lead_changes_and_ends_a_person_on_the_pages(company, lead, colleague, browser):
    client, member = browser(lead), of(company, colleague)

    assert client.get(f"/company/team/{member.pk}/").status_code == 200
    saved = client.post(
        f"/company/team/{member.pk}/", {"role": "clerk", "scopes": ["account"], "ends_on": ""}
    )
    assert saved.status_code == 302
    member.refresh_from_db()
    assert member.scopes == ["account"]
    assert client.post(f"/company/team/{member.pk}/end/").status_code == 302
    assert "以前的人员" in client.get("/company/team/").text


def test_what_is_refused_stays_on_the_page_with_its_reason(company, lead, browser):
    member = of(company, lead)

    page = browser(lead).post(f"/company/team/{member.pk}/", {"role": "clerk", "scopes": ["data"]})

    assert page.status_code == 422
    assert "至少要有一名" in page.text


@pytest.fixture
def second(lead):
    """Another company of the same person."""
    company = CompanyFactory()
    MemberFactory(user=lead, company=company)
    return company


def test_a_person_of_several_companies_chooses(company, second, lead, browser):
    client = browser(lead)
    draft = domain.draft(company)
    assert company.name in client.get("/company/").text
    assert draft.item.title in client.get("/applications/").text

    assert client.post("/company/choose/", {"company": second.pk}).status_code == 302

    assert second.name in client.get("/company/").text
    assert draft.item.title not in client.get("/applications/").text
    assert "换一家企业" in client.get("/policies/").text


def test_the_choice_is_of_ones_own_companies(company, lead, browser):
    client = browser(lead)

    assert client.post("/company/choose/", {"company": CompanyFactory().pk}).status_code == 404
    assert "换一家企业" not in client.get("/policies/").text


def test_a_choice_ends_with_the_membership(company, second, lead, browser):
    client = browser(lead)
    client.post("/company/choose/", {"company": second.pk})

    MemberFactory(company=second)
    services.end_member(of(second, lead), by=second.members.exclude(user=lead).get().user)

    assert company.name in client.get("/company/").text


def test_somebody_without_a_company_has_none_to_choose(world, browser):
    assert browser(UserFactory()).get("/company/choose/").status_code == 404
    assert not Company.objects.of_person(UserFactory()).exists()


def test_the_database_lets_nobody_join_by_their_own_hand(company, lead):
    member = company.members.get(user=lead)

    with pytest.raises(IntegrityError, match="nobody_joins_by_their_own_hand"):
        Member.objects.filter(pk=member.pk).update(given_by=lead)


def test_the_database_keeps_one_legal_representative(company):
    MemberFactory(company=company, role="legal", ended_at=timezone.now())
    MemberFactory(company=company, role="legal")
    MemberFactory(role="legal")

    with pytest.raises(IntegrityError, match="one_legal_representative"), transaction.atomic():
        MemberFactory(company=company, role="legal")


LEGAL = {"role": MemberRole.LEGAL, "scopes": [], "ends_on": None}
LEAD = {"role": MemberRole.ADMINISTRATOR, "scopes": []}


@pytest.mark.parametrize("days", [31, None])
def test_nobody_prolongs_their_own_term(company, lead, browser, days):
    term = domain.TODAY + timedelta(days=30)
    member = MemberFactory(company=company, ends_on=term)
    longer = domain.TODAY + timedelta(days=days) if days else None

    with pytest.raises(Refused, match="您自己的期限"):
        services.change_member(member, by=member.user, ends_on=longer, **LEAD)
    page = browser(member.user).post(
        f"/company/team/{member.pk}/", {"role": "administrator", "ends_on": longer or ""}
    )

    assert page.status_code == 422
    assert f"到期日不能晚于 {term}" in page.text
    assert of(company, member.user).ends_on == term
    assert services.change_member(member, by=member.user, ends_on=domain.TODAY, **LEAD)
    assert services.change_member(member, by=lead, ends_on=longer, **LEAD).ends_on == longer


@pytest.mark.parametrize("days", [31, None])
def test_nobody_gives_what_outlasts_their_own_place(company, lead, colleague, browser, days):
    term = domain.TODAY + timedelta(days=30)
    longer = domain.TODAY + timedelta(days=days) if days else None
    by = MemberFactory(company=company, ends_on=term).user
    typed = {"email": "li@example.org", "role": "clerk", "scopes": ["apply"]}

    with pytest.raises(Refused, match="您自己的期限"):
        services.invite(company, "li@example.org", by=by, **CLERK | {"ends_on": longer})
    page = browser(by).post("/company/team/", typed | {"ends_on": longer or ""})
    assert page.status_code == 422
    assert f"到期日不能晚于 {term}" in page.text
    assert f'max="{term}"' in page.text
    assert f"最晚 {term}：您自己的期限到那一天" in page.text
    # A clerk without a term is left so, and made no lead for good.
    member = of(company, colleague)
    assert "max=" not in browser(by).get(f"/company/team/{member.pk}/").text
    services.change_member(member, by=by, **CLERK | {"scopes": [Scope.DATA]})
    with pytest.raises(Refused, match="您自己的期限"):
        services.change_member(member, by=by, ends_on=longer, **LEAD)

    assert of(company, colleague).scopes == ["data"]
    assert services.change_member(member, by=by, ends_on=term, **LEAD).role == "administrator"
    assert services.invite(company, "li@example.org", by=by, **CLERK | {"ends_on": term})


def test_a_place_that_ends_is_given_no_more_days_by_who_ends_sooner(company, colleague, browser):
    by = MemberFactory(company=company, ends_on=domain.TODAY + timedelta(days=30)).user
    member = of(company, colleague)
    member.ends_on = domain.TODAY + timedelta(days=40)
    member.save()

    with pytest.raises(Refused, match="您自己的期限"):
        services.change_member(
            member, by=by, **CLERK | {"ends_on": domain.TODAY + timedelta(days=41)}
        )
    page = browser(by).get(f"/company/team/{member.pk}/").text
    assert f"最晚 {member.ends_on}：现在的到期日就是那一天" in page
    assert "您自己的期限到那一天" not in page
    services.change_member(member, by=by, **CLERK | {"ends_on": member.ends_on})


def test_an_administrator_makes_nobody_the_legal_representative(company, lead, colleague, browser):
    for person in (lead, colleague):
        member = of(company, person)
        with pytest.raises(Refused, match="由现任的更改"):
            services.change_member(member, by=lead, **LEGAL)
        client, address = browser(lead), f"/company/team/{member.pk}/"
        assert "法定代表人</label>" not in client.get(address).text
        assert client.post(address, {"role": "legal"}).status_code == 422
    with pytest.raises(Refused, match="不能邀请"):
        services.invite(company, "new@example.org", by=lead, **LEGAL)

    assert not company.members.filter(role="legal").exists()


def test_nor_does_one_who_was_it_before(company, lead, colleague):
    MemberFactory(company=company, user__is_active=False, role="legal")
    MemberFactory(company=company, role="administrator")

    with pytest.raises(Refused, match="由现任的更改"):
        services.change_member(of(company, lead), by=lead, **LEGAL)


def test_the_legal_representative_makes_another_and_is_an_administrator(
    company, lead, colleague, browser
):
    legal, member = MemberFactory(company=company, role="legal"), of(company, colleague)
    client, address = browser(legal.user), f"/company/team/{member.pk}/"
    assert "您就是管理员" in client.get(address).text

    assert client.post(address, {"role": "legal"}).status_code == 302

    assert of(company, colleague).role == "legal"
    assert of(company, legal.user).role == "administrator"
    assert Entry.objects.about(legal).get(action="team.changed").actor == legal.user
    # Their own row they save as it is.
    services.change_member(member, by=colleague, **LEGAL)


def test_who_hands_over_is_no_sixth_administrator(company, lead, colleague):
    legal = MemberFactory(company=company, role="legal")
    MemberFactory.create_batch(4, company=company)

    with pytest.raises(Refused, match="最多 5 名"):
        services.change_member(of(company, colleague), by=legal.user, **LEGAL)
    services.change_member(of(company, lead), by=legal.user, **LEGAL)

    assert of(company, lead).role == "legal"
