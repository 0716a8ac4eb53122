from datetime import date

import pytest
from django.urls import reverse
from django.utils.html import escape

from accounts.models import Appointment, Role
from subsidies.applications.fit import presumed_day
from subsidies.models import Item
from tests import domain
from tests.factories import CompanyFactory, MemberFactory, UserFactory, YearlyFigureFactory

LIBRARY = "/policies/"


def cards(response):
    return [card.item for card in response.context["cards"]]


def everything(client, **query):
    response = client.get(LIBRARY, query)
    items = cards(response)
    for number in range(2, response.context["page"].paginator.num_pages + 1):
        items += cards(client.get(LIBRARY, {**query, "page": number}))
    return items


def test_anybody_may_look_at_the_library(public):
    response = public.get(LIBRARY)

    assert response.status_code == 200
    assert response.context["page"].paginator.count == Item.objects.current().count()


def test_a_company_sees_the_items_of_its_own_district_only(portal, company):
    districts = {item.edition.document.district_id for item in everything(portal)}

    assert districts == {company.district_id}


def test_search_finds_an_item_by_the_title_of_a_level(public):
    assert "jb24-20" in {item.code for item in everything(public, q="小巨人")}


def test_every_word_of_a_search_must_be_found(public):
    assert everything(public, q="技术改造 不存在的词") == []


def test_facets_narrow_together_and_within_one_facet_widen(public):
    ladders = everything(public, kind="ladder")
    both = everything(public, kind=["ladder", "match"])
    narrowed = everything(public, kind="ladder", document="jb24")

    assert {item.formula for item in ladders} <= {"ladder", "ladder_up_to"}
    assert len(both) > len(ladders) > len(narrowed) > 0


def test_what_waits_for_rules_is_told_from_what_is_open(public):
    waiting = everything(public, state="waiting")

    assert waiting
    assert {item.formula for item in waiting} == {"unspecified"}
    assert not {item.pk for item in waiting} & {
        item.pk for item in everything(public, state="open")
    }


def test_the_count_of_a_facet_is_what_choosing_it_finds(public):
    for facet in public.get(LIBRARY).context["facets"]:
        for choice in facet.choices:
            found = public.get(LIBRARY, {facet.name: choice.value}).context["page"]
            assert found.paginator.count == choice.count, (facet.name, choice.value)


def test_a_filter_that_is_on_can_be_taken_off_by_its_chip(public):
    response = public.get(LIBRARY, {"kind": "ladder", "state": "open", "q": "企业"})
    chips = {chip.label: chip.query for chip in response.context["chips"]}

    assert set(chips) == {"累进补差", "正在受理", "企业"}
    assert "kind" not in chips["累进补差"]
    assert "state=open" in chips["累进补差"]


@pytest.mark.parametrize(
    "query", [{"kind": "nonsense"}, {"page": "x"}, {"sort": "nonsense"}, {"q": "\0"}]
)
def test_an_odd_address_still_shows_the_library(public, query):
    assert public.get(LIBRARY, query).status_code == 200


def test_a_company_sees_how_each_item_suits_it(portal):
    context = portal.get(LIBRARY).context
    verdicts = [card.fit.verdict for card in context["cards"]]

    assert verdicts
    assert verdicts == sorted(verdicts, key=["pass", "asks", "unknown", "fail"].index)
    counts = context["library"].fit_counts()
    assert sum(counts.values()) == len(context["library"].fits)


def test_nobody_unknown_is_told_how_an_item_suits_them(public):
    assert all(card.fit is None for card in public.get(LIBRARY).context["cards"])
    assert "按贵公司情况" not in public.get(LIBRARY).content.decode()


def test_an_item_names_its_clause_its_departments_and_its_materials(public):
    item = Item.objects.current().get(code="jb24-03")
    page = public.get(item.get_absolute_url()).content.decode()

    for text in (item.clause, str(item.leads[0]), item.materials[0]["name"], item.summary):
        assert escape(text) in page


def test_every_item_and_document_has_a_page(public):
    for item in Item.objects.current().select_related("edition__document"):
        assert public.get(item.get_absolute_url()).status_code == 200, item.code
        assert public.get(item.edition.document.get_absolute_url()).status_code == 200


def test_every_item_has_a_page_for_a_company(portal):
    for item in Item.objects.current():
        assert portal.get(item.get_absolute_url()).status_code == 200, item.code


def test_an_item_that_no_edition_has_is_not_found(public):
    assert public.get("/policies/jb99-1/").status_code == 404


def test_a_document_lists_every_clause_that_an_answer_may_cite(public):
    page = public.get("/documents/jb24/").content.decode()

    for clause in ("一（三）", "九（二）", "九（五）", "九（六）"):
        assert f'id="{clause}"' in page


@pytest.mark.parametrize(
    ("role", "place"),
    [
        (Role.REVIEWER, "worklist"),
        (Role.LEAD, "worklist"),
        (Role.AUDITOR, "worklist"),
        (Role.FINANCE, "finance_home"),
        (Role.POLICY_OFFICER, "edition_list"),
        (Role.ADMINISTRATOR, "desk"),
        (Role.SECURITY_OFFICER, "desk"),
    ],
)
def test_home_is_where_ones_work_is(public, role, place):
    person = Appointment.objects.filter(role=role).first()
    if person is None:
        pytest.skip(f"nobody is {role} in the test district")
    public.force_login(person.user)

    assert public.get("/").url == reverse(place)


def test_a_company_of_another_district_may_read_but_not_apply(public, world):
    items = Item.objects.current().filter(edition__document__code="yz26")
    item = items.exclude(formula="unspecified").first()
    user = UserFactory()
    MemberFactory(user=user, company=CompanyFactory())
    public.force_login(user)
    response = public.get(item.get_absolute_url())

    assert response.status_code == 200
    assert not response.context["may_apply"]


def test_the_library_takes_few_queries_however_many_items_it_holds(
    portal, django_assert_max_num_queries
):
    portal.get(LIBRARY)

    with django_assert_max_num_queries(35):
        portal.get(LIBRARY)


def test_a_company_is_measured_by_the_newest_ended_year_of_which_it_has_figures(company):
    assert presumed_day(company) == date(2025, 12, 31)


def test_the_first_figure_of_the_running_year_changes_nothing_of_what_suits_a_company(
    portal, company
):
    before = portal.get(LIBRARY).context["library"].fit_counts()
    YearlyFigureFactory(company=company, year=2026, measure="rd_spend", value="1.00")

    assert presumed_day(company) == date(2025, 12, 31)
    assert portal.get(LIBRARY).context["library"].fit_counts() == before


def test_a_company_with_figures_of_the_running_year_alone_is_measured_as_of_today(world):
    company = CompanyFactory()
    YearlyFigureFactory(company=company, year=2026, measure="rd_spend", value="1.00")

    assert presumed_day(company) == domain.TODAY


def test_of_nobody_and_of_a_company_without_figures_the_day_is_today(world):
    assert presumed_day(None) == domain.TODAY
    assert presumed_day(CompanyFactory()) == domain.TODAY


def test_departments_of_several_districts_say_whose_they_are(public, portal):
    def leads(client):
        facets = client.get(LIBRARY).context["facets"]
        lead = next(facet for facet in facets if facet.name == "lead")
        return [str(choice.label) for choice in lead.choices]

    assert {"江北区·区科技局", "鄞州区·区科技局"} <= set(leads(public))
    assert "区科技局" in leads(portal)
