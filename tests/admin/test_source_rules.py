"""Which source of a figure speaks first: told before it is saved, and kept with its reason."""

import pytest

from audit.models import Entry
from companies.figures import chosen_figure, companies_changed_by
from companies.models import Measure, SourceRule, YearlyFigure
from outbox.models import Job
from tests.factories import CompanyFactory, DistrictFactory, YearlyFigureFactory

# Django's own templates ask for variables that are not always there.
pytestmark = pytest.mark.ignore_template_errors

ADD = "/admin/companies/sourcerule/add/"
STATISTICS_FIRST = {"first": "statistics", "second": "tax", "third": "declared"}


@pytest.fixture
def differing(company):
    """Two companies of whose revenue two sources tell, in one of two years or in both; one of whom
    only one does; and one in another district."""
    other, single = CompanyFactory.create_batch(2, district=company.district)
    for firm, years in (
        (company, (2022, 2023)),
        (other, (2023,)),
        (CompanyFactory(district=DistrictFactory()), (2023,)),
    ):
        for year in years:
            for source, value in (("tax", 1), ("statistics", 2)):
                YearlyFigureFactory(
                    company=firm, year=year, measure="revenue", source=source, value=value
                )
    YearlyFigureFactory(company=single, year=2023, measure="revenue", source="tax")
    return company


def rule(company, **given):
    return SourceRule(district=company.district, measure="revenue", **(STATISTICS_FIRST | given))


def test_companies_for_whom_another_figure_would_speak_are_counted(differing):
    assert companies_changed_by(rule(differing)) == 2
    assert companies_changed_by(rule(differing, first="tax", second="statistics")) == 0
    rule(differing).save()
    assert companies_changed_by(rule(differing)) == 0


def typed(company, **given):
    return {
        "district": company.district_id,
        "measure": "revenue",
        "reason": "统计口径与政策一致",
        **STATISTICS_FIRST,
        **given,
    }


def told(page):
    return page.context["adminform"].form.data["told"]


def test_what_it_changes_is_told_before_and_kept_with_the_reason(client, administrator, differing):
    page = client.post(ADD, typed(differing))
    assert "2 家企业的“营业收入”改用另一来源" in page.text
    assert "更正" not in page.text
    assert "errornote" not in page.text
    form = page.context["adminform"].form
    assert {name: form[name].value() for name in typed(differing)} == {
        name: str(value) for name, value in typed(differing).items()
    }
    assert not SourceRule.objects.exists()

    assert client.post(ADD, typed(differing, told=told(page))).status_code == 302

    saved = SourceRule.objects.get()
    assert chosen_figure(differing, 2023, Measure.REVENUE).source == "statistics"
    changes = Entry.objects.about(saved).get().data["changes"]
    assert changes["reason"] == [None, "统计口径与政策一致"]
    assert changes["companies"] == [None, 2]
    assert Job.objects.filter(kind="reviews.screen", key__startswith="rule:").count() == 1


def test_what_changes_nothing_is_saved_without_a_question(client, administrator, company):
    assert client.post(ADD, typed(company)).status_code == 302

    changes = Entry.objects.about(SourceRule.objects.get()).get().data["changes"]
    assert changes["companies"] == [None, 0]
    assert "told" not in changes


def test_another_order_than_was_told_is_told_anew(client, administrator, differing):
    page = client.post(ADD, typed(differing))
    another = {"first": "declared", "second": "statistics", "third": "tax"}

    again = client.post(ADD, typed(differing, told=told(page)) | another)

    assert "请再按一次“保存”" in again.text
    assert not SourceRule.objects.exists()


def test_what_was_told_of_one_measure_does_not_confirm_another(client, administrator, differing):
    for source, value in (("tax", 1), ("statistics", 2)):
        for firm in {figure.company for figure in YearlyFigure.objects.filter(source="statistics")}:
            YearlyFigureFactory(
                company=firm, year=2023, measure="staff", source=source, value=value
            )
    page = client.post(ADD, typed(differing))

    again = client.post(ADD, typed(differing, told=told(page), measure="staff"))

    assert "2 家企业的“从业人员”改用另一来源" in again.text
    assert not SourceRule.objects.exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [({"reason": " "}, "请写明原因"), ({"second": "statistics"}, "三个来源各选一次")],
)
def test_without_a_reason_or_with_a_source_twice_nothing_is_saved(
    client, administrator, differing, given, said
):
    assert said in client.post(ADD, typed(differing) | given).text
    assert not SourceRule.objects.exists()


def test_the_default_order_stands_on_the_pages(client, administrator):
    for page in ("/admin/companies/sourcerule/", ADD):
        assert "按这个次序取数：税务导入、统计导入、企业申报" in client.get(page).text


def test_the_history_of_a_rule_tells_who_changed_what_and_why(client, administrator, company):
    client.post(ADD, typed(company))
    saved = SourceRule.objects.get()

    page = client.get(f"/admin/companies/sourcerule/{saved.pk}/history/").text

    for told in (
        str(administrator),
        "新增配置",
        "首选来源：— → 统计导入",
        "原因：— → 统计口径与政策一致",
        "改用另一来源的企业数：— → 0",
    ):
        assert told in page


def test_the_history_of_what_was_never_changed_here_says_so(client, administrator, company):
    page = client.get(f"/admin/companies/company/{company.pk}/history/").text
    assert "还没有在这里改过" in page


def test_a_rule_stays_with_its_measure(client, administrator, differing):
    saved = rule(differing)
    saved.save()
    address = f"/admin/companies/sourcerule/{saved.pk}/change/"
    order = {"first": "declared", "second": "tax", "third": "statistics"}
    page = client.post(address, typed(differing, measure="staff") | order)

    answer = client.post(address, typed(differing, measure="staff", told=told(page)) | order)

    assert answer.status_code == 302
    saved.refresh_from_db()
    assert (saved.measure, saved.first) == ("revenue", "declared")
