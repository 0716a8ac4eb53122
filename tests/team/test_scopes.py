"""Who may do what for a company: role, scope and term against every act."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.refusals import NotAllowed
from audit.models import Entry
from companies import views
from companies.models import Company, Member, StoredFile
from companies.services import change_account
from companies.team import services as team
from companies.team.enums import MemberRole, Scope
from companies.vault import views as vault_views
from companies.vault.access import visible_to
from companies.vault.kinds import FileKind
from companies.vault.services import add_file, describe_file
from subsidies.applications import services as applications
from subsidies.models import Application
from tests import domain
from tests.factories import MemberFactory, UserFactory

TODAY = domain.TODAY
DAY = timedelta(days=1)


def pdf(name="a.pdf", content=domain.PDF):
    return SimpleUploadedFile(name, content)


def acts(company, draft, stored, member):
    """Every act of a company's people, by name: its scope, and how a person does it."""
    material = draft.item.materials[0]["name"]
    term = {"valid_from": None, "valid_until": None}
    account = {"bank": "工行", "number": "12345678", "cnaps": ""}
    place = {"role": MemberRole.CLERK, "scopes": [Scope.DATA], "ends_on": None}
    attachment = draft.attachments.first()
    return {
        "start": (
            Scope.APPLY,
            lambda by: applications.start_application(draft.item, company, by=by),
        ),
        "save": (
            Scope.APPLY,
            lambda by: applications.save_draft(draft, {}, by=by, revision=draft.revision),
        ),
        "attach": (
            Scope.APPLY,
            lambda by: applications.attach_file(draft, material, pdf("n.pdf"), by=by),
        ),
        "attach stored": (
            Scope.APPLY,
            lambda by: applications.attach_stored_file(draft, material, stored, by=by),
        ),
        "remove": (Scope.APPLY, lambda by: applications.remove_attachment(attachment, by=by)),
        "submit": (Scope.APPLY, lambda by: domain.submit(draft, by=by)),
        "withdraw": (Scope.APPLY, lambda by: applications.withdraw_application(draft, by=by)),
        "add file": (
            Scope.DATA,
            lambda by: add_file(company, pdf("k.pdf"), kind=FileKind.TAX, by=by),
        ),
        "describe file": (
            Scope.DATA,
            lambda by: describe_file(stored, kind=FileKind.TAX, by=by, **term),
        ),
        "account": (Scope.ACCOUNT, lambda by: change_account(company, by=by, **account)),
        "invite": (None, lambda by: team.invite(company, "new@example.org", by=by, **place)),
        "change member": (None, lambda by: team.change_member(member, by=by, **place)),
        "end member": (None, lambda by: team.end_member(member, by=by)),
    }


ACTS = (
    "start",
    "save",
    "attach",
    "attach stored",
    "remove",
    "submit",
    "withdraw",
    "add file",
    "describe file",
    "account",
    "invite",
    "change member",
    "end member",
)
PEOPLE = {
    "法定代表人": {"role": "legal"},
    "管理员": {"role": "administrator"},
    "申报": {"role": "clerk", "scopes": ["apply"]},
    "资料与数据": {"role": "clerk", "scopes": ["data"]},
    "收款账户": {"role": "clerk", "scopes": ["account"]},
    "三项": {"role": "clerk", "scopes": ["apply", "data", "account"]},
    "无": {"role": "clerk", "scopes": []},
}


@pytest.fixture
def scene(company, colleague):
    draft = domain.draft(company)
    stored = add_file(
        company,
        pdf("s.pdf", domain.PDF + b" "),
        kind=FileKind.OTHER,
        by=domain.clerk_of(company),
    )
    return acts(company, draft, stored, company.members.get(user=colleague))


@pytest.mark.parametrize("what", ACTS)
@pytest.mark.parametrize("person", PEOPLE)
def test_a_person_does_what_role_and_scope_allow_and_nothing_else(company, scene, person, what):
    by = MemberFactory(company=company, **PEOPLE[person]).user
    scope, act = scene[what]
    leads = PEOPLE[person]["role"] != "clerk"

    if leads or scope in PEOPLE[person].get("scopes", []):
        act(by)
    else:
        with pytest.raises(NotAllowed):
            act(by)


def test_the_matrix_names_every_act(scene):
    assert tuple(scene) == ACTS


GONE = {
    "ended": {"ended_at": timezone.now()},
    "term over": {"ends_on": TODAY - DAY},
    "not yet": {"starts_on": TODAY + DAY},
    "inactive": {"user__is_active": False},
}


@pytest.mark.parametrize("what", ACTS)
@pytest.mark.parametrize("gone", GONE)
def test_a_person_who_is_no_longer_of_the_company_does_nothing(company, scene, gone, what):
    by = MemberFactory(company=company, **GONE[gone]).user

    with pytest.raises(NotAllowed):
        scene[what][1](by)


@pytest.mark.parametrize("gone", GONE)
def test_a_person_who_is_no_longer_of_the_company_sees_nothing(company, scene, gone):
    person = MemberFactory(company=company, **GONE[gone]).user

    assert not Company.objects.visible_to(person).exists()
    assert not Company.objects.of_person(person).exists()
    assert not Application.objects.visible_to(person).exists()
    assert not Application.objects.of_companies_of(person).exists()
    assert not StoredFile.objects.of_companies_of(person).exists()
    assert not visible_to(person).exists()
    assert not company.has_member(person)


@pytest.mark.parametrize("given", [{"ends_on": TODAY}, {"starts_on": TODAY}, {}])
def test_first_and_last_day_belong_to_the_term(company, given):
    person = MemberFactory(company=company, **given).user

    assert list(Company.objects.of_person(person)) == [company]


def test_an_ended_persons_acts_keep_the_name(company, lead, colleague):
    draft = applications.start_application(domain.item(domain.ALONE), company, by=colleague)

    team.end_member(company.members.get(user=colleague), by=lead)

    entry = Entry.objects.about(draft).get(action="application.started")
    assert (entry.actor, entry.actor_name) == (colleague, str(colleague))
    assert Entry.objects.get(action="team.ended").actor == lead


def test_pages_close_with_the_next_request(company, lead, colleague, browser):
    client = browser(colleague)
    assert client.get("/company/").status_code == 200

    team.end_member(company.members.get(user=colleague), by=lead)

    assert client.get("/company/").status_code == 404
    assert client.get("/company/files/").status_code == 404
    assert client.get("/company/team/").status_code == 404


@pytest.mark.parametrize(
    ("scopes", "url"),
    [(["data"], "/company/"), (["apply"], "/company/files/"), (["apply"], "/company/team/")],
)
def test_a_page_refuses_what_the_scope_does_not_hold(company, browser, scopes, url):
    client = browser(MemberFactory(company=company, role="clerk", scopes=scopes).user)

    page = client.get(url)
    assert page.status_code == 200
    assert '<button type="submit" class="btn btn-primary w-100">' not in page.text
    assert client.post(url, {}).status_code == 403


@pytest.mark.parametrize("room", ["account", "vault", "file"])
def test_a_scope_that_ends_while_the_page_is_asked_is_refused_in_words(
    company, browser, monkeypatch, room
):
    """The view asked before, the service asks behind the lock."""
    person = MemberFactory(company=company, role="clerk", scopes=["apply"]).user
    stored = add_file(company, pdf("a.pdf"), kind=FileKind.TAX, by=domain.clerk_of(company))
    module, url, fields = {
        "account": (
            views,
            "/company/",
            {"bank": "宁波银行江北支行", "number": "70010122000099999", "cnaps": ""},
        ),
        "vault": (vault_views, "/company/files/", {"kept": stored.pk, "kind": "tax"}),
        "file": (vault_views, f"/files/{stored.pk}/", {"kind": "tax"}),
    }[room]
    monkeypatch.setattr(module, "may", lambda *asked: True)

    answer = browser(person).post(url, fields)

    assert answer.status_code == 403
    assert "请本企业的管理员开通" in answer.text


def test_who_applies_with_another_scope_does_not_open_the_form(company, browser):
    draft = domain.draft(company)
    client = browser(MemberFactory(company=company, role="clerk", scopes=["data"]).user)

    assert client.get(f"/applications/{draft.pk}/edit/").status_code == 403
    assert client.post(f"/applications/{draft.pk}/withdraw/").status_code == 403


def test_a_colleague_goes_on_with_a_draft_and_the_page_says_who_did_what(company, lead, browser):
    colleague = MemberFactory(company=company, role="clerk", scopes=["apply"]).user
    draft = domain.draft(company)
    applications.save_draft(draft, {}, by=colleague, revision=1)

    page = browser(lead).get(f"/applications/{draft.pk}/edit/").text

    assert str(colleague) in page[page.index("已保存") :][:80]
    assert "建立草稿" in page
    assert str(lead) in page[page.index("本企业的经办记录") :]


def test_existing_people_become_administrators(company):
    with transaction.atomic():
        domain.execute(
            "INSERT INTO companies_member (user_id, company_id)"
            f" VALUES ({UserFactory().pk}, {company.pk})"
        )
    member = Member.objects.latest("pk")

    assert (member.role, member.scopes) == ("administrator", [])
    assert (member.ends_on, member.ended_at) == (None, None)
    assert member.starts_on is not None


@pytest.mark.parametrize(
    "given", [{"role": "legal", "ends_on": TODAY}, {"ends_on": TODAY, "starts_on": TODAY + DAY}]
)
def test_the_database_takes_no_impossible_term(company, given):
    with pytest.raises(IntegrityError), transaction.atomic():
        MemberFactory(company=company, **given)
