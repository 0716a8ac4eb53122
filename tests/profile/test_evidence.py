"""The papers that dated facts rest on: who attaches them, and who reads them."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from accounts.refusals import NotAllowed, Refused
from audit.models import Entry
from companies.models import Agreement, Recognition, ScaleYear, YearlyFigure
from companies.profile import evidence
from companies.profile.access import Evidence
from companies.vault.access import visible_to
from companies.vault.kinds import FileKind
from companies.vault.services import add_file
from tests import domain
from tests.factories import (
    CompanyFactory,
    MemberFactory,
    StandInFactory,
    UserFactory,
    YearlyFigureFactory,
)
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


@pytest.fixture
def told(company):
    """A figure of each keeper: of finance, of the administrators, and of the company itself."""
    company.figures.all().delete()
    return {
        "fiscal": YearlyFigureFactory(company=company),
        "statistics": YearlyFigureFactory(
            company=company, measure="revenue", source="statistics", value=1
        ),
        "declared": YearlyFigureFactory(
            company=company, measure="revenue", source="declared", value=2
        ),
    }


def address(kind, fact):
    return reverse("evidence_attach", args=[kind, fact.pk])


@pytest.mark.parametrize("kind", ["scale", "recognition", "agreement"])
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


def test_who_acts_for_another_of_their_companies_is_led_to_the_one_of_the_paper(
    portal, facts, company, clerk
):
    other = MemberFactory(user=clerk).company
    portal.post("/company/choose/", {"company": other.pk})
    stored = add_file(company, paper(), kind=FileKind.RECOGNITION, by=clerk)

    page = portal.get(address("scale", facts["scale"]))
    answer = portal.post(address("scale", facts["scale"]), {"evidence": stored.pk}, follow=True)

    assert f'href="{PROFILE}"' in page.text
    assert answer.redirect_chain == [(f"{PROFILE}#standing", 302)]
    assert company.name in answer.text
    facts["scale"].refresh_from_db()
    assert facts["scale"].evidence == stored


def test_a_paper_of_the_vault_is_chosen(portal, facts, company, clerk):
    stored = add_file(company, paper(), kind=FileKind.RECOGNITION, by=clerk)

    portal.post(address("recognition", facts["recognition"]), {"evidence": stored.pk})

    facts["recognition"].refresh_from_db()
    assert facts["recognition"].evidence == stored
    assert company.files.count() == 1


def test_nothing_chosen_and_a_file_that_is_none_are_told(portal, facts):
    page = address("scale", facts["scale"])

    # One of the two must be given: neither is optional.
    assert "选填" not in portal.get(page).text
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
    assert "选填" not in client.get(page).text
    assert client.post(page, {}).text.count("请选择或上传一个文件") == 2  # above, and at the field

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


def test_each_figures_paper_comes_from_who_keeps_it(told, clerk, maker, administrator):
    def attached_by(user):
        found = set()
        for name, figure in told.items():
            answer = browser_of(user).post(address("figure", figure), {"upload": paper()})
            if answer.status_code == 302:
                found.add(name)
        return found

    assert attached_by(maker) == {"fiscal"}
    assert attached_by(administrator) == {"statistics"}
    assert attached_by(clerk) == attached_by(person(INDUSTRY)) == set()
    for name, figure in told.items():
        figure.refresh_from_db()
        assert bool(figure.evidence) == (name != "declared")


def test_the_service_asks_who_keeps_the_figure_too(told, clerk, maker, administrator):
    for name, people in {
        "fiscal": [clerk, administrator],
        "statistics": [clerk, maker],
        "declared": [clerk, maker, administrator],
    }.items():
        for by in people:
            with pytest.raises(NotAllowed):
                evidence.attach_upload(told[name], paper(), kind=FileKind.OTHER, by=by)


def test_each_page_offers_the_papers_that_its_reader_gives(told, company, clerk, maker):
    official = reverse("company_detail", args=[company.pk])

    def offered(user, page):
        text = browser_of(user).get(page).text
        return {name for name, figure in told.items() if address("figure", figure) in text}

    assert offered(maker, official) == {"fiscal"}
    assert offered(person(FINANCE, Role.ADMINISTRATOR), official) == {"statistics"}
    assert offered(clerk, PROFILE) == set()


def test_the_contributions_paper_is_for_who_may_see_the_contribution(
    told, company, clerk, maker, administrator
):
    paper_of = told["fiscal"]
    evidence.attach_upload(paper_of, paper("完税.pdf"), kind=FileKind.OTHER, by=maker)
    page = address("figure", paper_of)

    for user in (administrator, person(INDUSTRY), person(FINANCE, Role.AUDITOR), UserFactory()):
        assert not visible_to(user).filter(pk=paper_of.evidence_id)
        assert browser_of(user).get(page).status_code == 404
    for user in (maker, clerk):
        assert visible_to(user).filter(pk=paper_of.evidence_id)
    assert browser_of(clerk).get(page).status_code == 403


def test_finance_gives_no_paper_for_a_company_of_its_own_or_its_principals(told, company, maker):
    deputy = StandInFactory(appointment=maker.appointments.get()).deputy
    evidence.attach_upload(told["fiscal"], paper(), kind=FileKind.OTHER, by=deputy)
    entry = Entry.objects.about(told["fiscal"]).get(action="evidence.attached")
    assert entry.data["on_behalf_of"] == maker.pk

    MemberFactory(user=maker, company=company, ended_at=timezone.now())

    for by in (maker, User.objects.get(pk=deputy.pk)):
        with pytest.raises(NotAllowed):
            evidence.attach_upload(told["fiscal"], paper(more=b"1"), kind=FileKind.OTHER, by=by)


def test_a_settled_figure_takes_a_paper_once(told, maker):
    figure = told["fiscal"]
    YearlyFigure.objects.filter(pk=figure.pk).update(frozen_at=timezone.now())

    evidence.attach_upload(figure, paper(), kind=FileKind.OTHER, by=maker)

    figure.refresh_from_db()
    assert figure.evidence
    assert figure.is_frozen
    with pytest.raises(Refused, match="已锁定"):
        evidence.attach_upload(figure, paper(more=b"1"), kind=FileKind.OTHER, by=maker)


@pytest.mark.parametrize("change", ["value = 1", "evidence_id = NULL", "evidence_id = {other}"])
def test_the_database_lets_nothing_but_a_first_paper_to_a_settled_figure(
    told, company, maker, change
):
    figure = told["fiscal"]
    evidence.attach_upload(figure, paper(), kind=FileKind.OTHER, by=maker)
    other = add_file(company, paper(more=b"1"), kind=FileKind.OTHER, by=domain.clerk_of(company))
    YearlyFigure.objects.filter(pk=figure.pk).update(frozen_at=timezone.now())
    change = change.format(other=f"'{other.pk}'")

    with pytest.raises(domain.REFUSED_BY_TRIGGER, match="Cannot update"):
        domain.execute(f"UPDATE companies_yearlyfigure SET {change} WHERE id = {figure.pk}")


def test_a_first_paper_brings_no_other_value_with_it(told, company, maker):
    figure = told["fiscal"]
    stored = add_file(company, paper(), kind=FileKind.OTHER, by=domain.clerk_of(company))
    YearlyFigure.objects.filter(pk=figure.pk).update(frozen_at=timezone.now())

    with pytest.raises(domain.REFUSED_BY_TRIGGER, match="Cannot update"):
        domain.execute(
            f"UPDATE companies_yearlyfigure SET value = 1, evidence_id = '{stored.pk}'"
            f" WHERE id = {figure.pk}"
        )


def test_the_vault_says_that_a_paper_proves_a_fact(company, clerk):
    stored = add_file(company, paper(), by=clerk, kind=FileKind.OTHER)
    YearlyFigure.objects.filter(company=company, measure="revenue").update(evidence=stored)

    ((pk, use),) = Evidence().uses_in(company)

    assert pk == stored.pk
    assert use.url.endswith("#figures")
