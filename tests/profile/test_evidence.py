"""The papers that dated facts rest on: who attaches them, and who reads them."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from accounts.refusals import NotAllowed
from audit.models import Entry
from companies.models import Agreement, Recognition, ScaleYear
from companies.profile import evidence
from companies.vault.access import visible_to
from companies.vault.kinds import FileKind
from companies.vault.services import add_file
from tests import domain
from tests.factories import CompanyFactory, MemberFactory
from tests.profile.conftest import browser_of
from tests.workspace.conftest import FINANCE, INDUSTRY, person

PROFILE = "/company/"


def paper(name="认定文件.pdf", more=b""):
    return SimpleUploadedFile(name, domain.PDF + more)


@pytest.fixture
def facts(company):
    return {
        "scale": ScaleYear.objects.filter(company=company).first()
        or ScaleYear.objects.create(company=company, year=2025, above_scale=True),
        "recognition": Recognition.objects.create(
            company=company, kind="high_tech", number="GR2025", valid_from=date(2025, 1, 1)
        ),
        "agreement": Agreement.objects.create(
            company=company, kind="cultivation", yearly_amount=Decimal("2000000.00")
        ),
    }


@pytest.fixture
def administrator(world):
    return person(FINANCE, Role.ADMINISTRATOR)


def address(kind, fact):
    return reverse("evidence_attach", args=[kind, fact.pk])


@pytest.mark.parametrize("kind", evidence.KINDS)
def test_the_company_uploads_a_paper_and_finds_it_at_the_fact(portal, facts, kind):
    fact = facts[kind]
    assert address(kind, fact) in portal.get(PROFILE).text

    answer = portal.post(address(kind, fact), {"upload": paper()})

    assert answer.status_code == 302
    fact.refresh_from_db()
    assert fact.evidence.company == fact.company
    assert reverse("file_detail", args=[fact.evidence_id]) in portal.get(PROFILE).text
    entry = Entry.objects.about(fact).get(action="evidence.attached")
    assert (entry.data["before"], entry.data["file"]) == (None, str(fact.evidence_id))


def test_a_paper_of_the_vault_is_chosen(portal, facts, company, clerk):
    stored = add_file(company, paper(), kind=FileKind.RECOGNITION, by=clerk)

    portal.post(address("recognition", facts["recognition"]), {"evidence": stored.pk})

    facts["recognition"].refresh_from_db()
    assert facts["recognition"].evidence == stored
    assert company.files.count() == 1


def test_nothing_chosen_and_a_file_that_is_none_are_told(portal, facts):
    page = address("scale", facts["scale"])

    assert "请选择或上传一个文件" in portal.post(page, {}).text
    wrong = portal.post(page, {"upload": SimpleUploadedFile("a.exe", b"MZ")})
    assert wrong.status_code == 422
    assert "不是可以上传的格式" in wrong.text


def test_another_companys_paper_is_none_of_ours(portal, facts, clerk):
    other = CompanyFactory(district=facts["scale"].company.district)
    theirs = add_file(other, paper(), kind=FileKind.OTHER, by=MemberFactory(company=other).user)

    answer = portal.post(address("scale", facts["scale"]), {"evidence": theirs.pk})

    assert answer.status_code == 422
    with pytest.raises(NotAllowed):
        evidence.attach(facts["scale"], stored=theirs, by=clerk)


def test_the_administrator_attaches_without_seeing_the_vault(facts, company, clerk, administrator):
    add_file(company, paper("私下.pdf"), kind=FileKind.OTHER, by=clerk)
    client = browser_of(administrator)
    page = address("recognition", facts["recognition"])
    assert page in client.get(reverse("company_detail", args=[company.pk])).text
    assert "私下.pdf" not in client.get(page).text

    answer = client.post(page, {"upload": paper("认定.pdf", b"x")})

    assert answer.status_code == 302
    facts["recognition"].refresh_from_db()
    assert facts["recognition"].evidence.name == "认定.pdf"


def test_the_company_replaces_its_own_paper_but_not_an_officials(facts, clerk, administrator):
    fact = facts["scale"]
    kind = FileKind.OTHER
    for more in (b"1", b"2"):
        evidence.attach_upload(fact, paper(more=more), kind=kind, by=clerk)
    evidence.attach_upload(fact, paper("名单.pdf", b"3"), kind=kind, by=administrator)

    with pytest.raises(NotAllowed, match="主管部门"):
        evidence.attach_upload(fact, paper(more=b"4"), kind=kind, by=clerk)

    fact.refresh_from_db()
    assert fact.evidence.name == "名单.pdf"
    evidence.attach_upload(fact, paper(more=b"5"), kind=kind, by=administrator)


def test_an_official_attaches_nothing_for_their_former_company(facts, company, administrator):
    MemberFactory(user=administrator, company=company, ended_at=timezone.now())

    with pytest.raises(NotAllowed):
        evidence.attach_upload(facts["scale"], paper(), kind=FileKind.OTHER, by=administrator)


def test_nobody_else_attaches_one(facts, company):
    page = address("scale", facts["scale"])
    scoped = MemberFactory(company=company, role="clerk", scopes=["apply"]).user
    stranger = MemberFactory(company=CompanyFactory(district=company.district)).user

    assert browser_of(scoped).get(page).status_code == 403
    assert browser_of(person(INDUSTRY)).post(page, {"upload": paper()}).status_code == 403
    assert browser_of(stranger).get(page).status_code == 404
    with pytest.raises(NotAllowed):
        evidence.attach_upload(facts["scale"], paper(), kind=FileKind.OTHER, by=scoped)


def test_an_agreements_paper_is_for_finance_and_who_keeps_agreements(
    facts, clerk, maker, administrator
):
    for kind, fact in facts.items():
        file_kind = evidence.KINDS[kind].file_kind
        evidence.attach_upload(fact, paper(more=kind.encode()), kind=file_kind, by=clerk)
        fact.refresh_from_db()
    reviewer = person(INDUSTRY)

    def seen(user):
        found = visible_to(user)
        return {kind for kind, fact in facts.items() if found.filter(pk=fact.evidence_id)}

    assert seen(reviewer) == {"scale", "recognition"}
    assert seen(maker) == seen(administrator) == set(facts)
    page = browser_of(reviewer).get(reverse("company_detail", args=[facts["scale"].company_id]))
    assert str(facts["recognition"].evidence_id) in page.text
    assert str(facts["agreement"].evidence_id) not in page.text


def test_a_paper_that_came_with_a_mistake_is_in_the_vault_and_chosen(portal, company):
    data = {"year": "2025", "measure": "staff", "value": "1.5", "as_of": "2025-12-31"}

    page = portal.post("/company/figures/declare/", data | {"upload": paper("年报.pdf")})

    assert page.status_code == 422
    stored = company.files.get()
    assert f'<option value="{stored.pk}" selected>' in page.text
    again = data | {"value": "15", "evidence": stored.pk}
    assert portal.post("/company/figures/declare/", again).status_code == 302
    assert company.figures.get(measure="staff").evidence == stored
