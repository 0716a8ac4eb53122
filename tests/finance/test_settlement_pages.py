"""Finance's pages of a company's policy year."""

import html
import re
from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import Role
from companies.models import Agreement, YearlyFigure
from disbursements import services
from disbursements.models import Clawback
from reviews.models import StageKind
from reviews.services import declare_conflict
from subsidies.ledger import services as ledger
from subsidies.ledger.models import AwardStatus
from subsidies.models import Adjustment, Award, CompanyYear, PolicyDocument, Settlement
from tests import domain
from tests.factories import StandInFactory
from tests.ledger.granting import grant
from tests.workspace.conftest import FINANCE, person


@pytest.fixture
def year(company, budget):
    grant(domain.filed(company, domain.claim("jb24-12")))
    return CompanyYear.objects.get()


def text_of(answer):
    return answer.content.decode()


def test_a_year_is_settled_and_adjusted_by_two(client, year, maker, second):
    domain.set_contribution("150000")
    page = reverse("year_detail", args=[year.pk])
    client.force_login(maker)
    assert year.company.name in text_of(client.get(reverse("year_list")))
    assert "还没有结算" in text_of(client.get(page))

    text = text_of(client.post(reverse("year_settle", args=[year.pk]), follow=True))
    assert "核减" in text
    assert "50,000.00" in text
    assert "当年财政贡献" in text
    text = text_of(client.post(reverse("year_settle", args=[year.pk]), follow=True))
    assert "与上次相同" in text
    assert Settlement.objects.count() == 1

    agree = reverse("adjustment_agree", args=[Adjustment.objects.get().pk])
    assert "还须另一人确认后才调整" in text_of(client.post(agree, follow=True))
    assert client.post(agree).status_code == 403
    text = text_of(client.get(page))
    assert "您已同意，等另一人确认" in text
    assert f'action="{agree}"' not in text
    office = maker.appointments.get()
    deputy = StandInFactory(appointment=office).deputy
    client.force_login(deputy)
    assert "您已同意，等另一人确认" in text_of(client.get(page))
    client.force_login(second)
    assert "确认调整" in text_of(client.get(page))
    text = text_of(client.post(agree, follow=True))
    assert "已调整" in text
    assert "已核减 50,000.00 元" in text
    (entry,) = re.findall(r'href="(/finance/ledger/[^"]*kind=adjust)"', text)
    assert "50,000.00" in text_of(client.get(html.unescape(entry)))
    assert Award.objects.get().payable == Decimal("150000.00")
    assert client.post(agree).status_code == 409


def test_an_adjustment_of_what_was_paid_leads_to_its_clawback(client, year, maker, second):
    award = ledger.move_award(Award.objects.get(), AwardStatus.NOTIFIED)
    batch = services.approve_batch(
        services.make_batch(award.district, [award], by=maker), by=second
    )
    services.mark_paid(batch, on=domain.TODAY, by=maker)
    domain.set_contribution("150000")
    client.force_login(maker)
    client.post(reverse("year_settle", args=[year.pk]))

    agree = reverse("adjustment_agree", args=[Adjustment.objects.get().pk])
    text = text_of(client.post(agree, follow=True))

    assert "已转为追回 50,000.00 元，须由另一人确认" in text
    assert f'href="{Clawback.objects.get().get_absolute_url()}"' in text


def test_who_declared_a_conflict_adjusts_nothing_and_reads_why(client, year, maker, second):
    domain.set_contribution("150000")
    client.force_login(maker)
    client.post(reverse("year_settle", args=[year.pk]))
    case = domain.case_of(Adjustment.objects.get().award.claim.application)
    declare_conflict(case, reason="亲属任职", by=second)
    client.force_login(second)

    text = text_of(client.get(reverse("year_detail", args=[year.pk])))

    assert f"{second}已申请回避" in text
    assert "同意调整" not in text


def test_an_adjustment_is_dropped(client, year, maker):
    domain.set_contribution("150000")
    client.force_login(maker)
    client.post(reverse("year_settle", args=[year.pk]))
    drop = reverse("adjustment_drop", args=[Adjustment.objects.get().pk])

    assert "已放弃" in text_of(client.post(drop, follow=True))
    assert client.post(drop).status_code == 409


def test_without_the_figure_the_page_says_what_is_missing(client, company, budget, maker):
    domain.at_stage(StageKind.FINANCE, company)
    YearlyFigure.objects.filter(measure="fiscal_contribution").delete()
    year = CompanyYear.objects.create(company=company, district=company.district, year=2025)
    client.force_login(maker)

    answer = client.post(reverse("year_settle", args=[year.pk]))

    assert (answer.status_code, "还没有录入" in text_of(answer)) == (422, True)


def test_a_year_is_for_finance_alone(client, year, maker, auditor):
    domain.set_contribution("150000")
    client.force_login(maker)
    client.post(reverse("year_settle", args=[year.pk]))
    client.force_login(auditor)

    assert client.get(reverse("year_list")).status_code == 403
    assert client.get(reverse("year_detail", args=[year.pk])).status_code == 403
    assert client.post(reverse("year_settle", args=[year.pk])).status_code == 403
    adjustment = Adjustment.objects.get()
    for act in ("adjustment_agree", "adjustment_drop"):
        assert client.post(reverse(act, args=[adjustment.pk])).status_code == 403


def test_the_cap_tells_the_contribution(client, year, maker):
    domain.set_contribution("717171.71")
    page = reverse("year_detail", args=[year.pk])
    client.force_login(maker)
    client.post(reverse("year_settle", args=[year.pk]))

    # The cap, the settlement that rests on it, and what is left in its line.
    assert text_of(client.get(page)).count("717,171.71") == 3


def test_a_corrected_cap_is_named_beside_the_one_in_force_until_a_settlement_takes_it_in(
    client, year, maker
):
    domain.set_contribution("150000")
    page = reverse("year_detail", args=[year.pk])
    client.force_login(maker)

    answer = client.get(page)
    assert (answer.context["cap"], answer.context["next_cap"]) == (year.cap, 150000)
    assert "下一次结算采用" in text_of(answer)
    assert "更正后的财政贡献" in text_of(answer)

    client.post(reverse("year_settle", args=[year.pk]))
    answer = client.get(page)
    assert (answer.context["cap"], answer.context["next_cap"]) == (150000, 150000)
    assert "下一次结算采用" not in text_of(answer)


@pytest.mark.parametrize(
    ("contribution", "said"),
    [("717171.71", "717,171.71 元 当年财政贡献"), (None, "— 财政贡献还没有录入")],
)
def test_where_the_agreement_has_gone_the_page_names_what_takes_its_place(
    client, company, budget, maker, contribution, said
):
    if contribution:
        domain.set_contribution(contribution)
    else:
        YearlyFigure.objects.filter(measure="fiscal_contribution").delete()
    agreement = Agreement.objects.create(
        company=company,
        kind="cultivation",
        yearly_amount=Decimal("300000.00"),
        valid_from=date(2025, 1, 1),
        valid_until=date(2025, 12, 31),
    )
    grant(domain.filed(company, domain.claim("jb24-12")))
    page = reverse("year_detail", args=[CompanyYear.objects.get().pk])
    client.force_login(maker)
    assert next_settlement(client.get(page)) is None

    agreement.delete()

    assert next_settlement(client.get(page)) == said


def next_settlement(answer):
    """What the page says that the next settlement takes, as it reads; None where it takes the
    same."""
    found = re.search(r"<dt>下一次结算采用</dt><dd>(.*?)</dd>", text_of(answer), re.DOTALL)
    return " ".join(re.sub("<[^>]*>", " ", found[1]).split()) if found else None


def test_another_districts_finance_sees_no_year(client, year):
    client.force_login(person("yz-finance", Role.FINANCE))

    assert client.get(reverse("year_detail", args=[year.pk])).status_code == 404
    assert year.company.name not in text_of(client.get(reverse("year_list"), {"q": "测试"}))


def test_an_administrator_says_how_the_cap_is_shared(client, year):
    client.force_login(person(FINANCE, Role.ADMINISTRATOR))
    document = PolicyDocument.objects.get(code="jb24")
    url = f"/admin/subsidies/policydocument/{document.pk}/change/"

    assert client.post(url, {"allocation": "proportional"}).status_code == 302

    document.refresh_from_db()
    assert (document.allocation, document.code) == ("proportional", "jb24")
    assert client.get("/admin/subsidies/policydocument/add/").status_code == 403
