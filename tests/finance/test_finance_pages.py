"""Finance: the year's money, batches from the ticks to the payment, the ledger."""

import re
from decimal import Decimal
from io import BytesIO
from urllib.parse import unquote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from python_calamine import CalamineWorkbook

from accounts.models import Role
from audit.models import Entry
from companies.models import CreditEntry
from disbursements import services
from disbursements.models import Batch, BatchStatus
from subsidies.ledger.models import AwardStatus
from subsidies.models import BudgetLine, Freeze
from tests.domain import TODAY, claim, clerk_of, company_with_everything, notified_award
from tests.factories import BankAccountFactory
from tests.workspace.conftest import FINANCE, INDUSTRY, person

HOME = "/finance/"


@pytest.fixture
def batch(awards, maker) -> Batch:
    return services.make_batch(awards[0].district, awards, by=maker)


@pytest.fixture
def approved(batch, second) -> Batch:
    return services.approve_batch(batch, by=second)


def keys(awards) -> list[str]:
    return [str(award.pk) for award in awards]


def test_finance_and_auditors_come_in_and_nobody_else(client, awards, approved):
    pages = [
        HOME,
        reverse("batch_list"),
        approved.get_absolute_url(),
        reverse("batch_download", args=[approved.pk]),
        reverse("ledger_list"),
    ]
    for page in pages:
        client.logout()
        assert client.get(page).status_code == 302
        for user, status in [
            (person(FINANCE, Role.FINANCE), 200),
            (person(FINANCE, Role.AUDITOR), 200),
            (person(FINANCE, Role.REVIEWER), 403),
            (person(INDUSTRY, Role.LEAD), 403),
            (clerk_of(awards[0].company), 403),
        ]:
            client.force_login(user)
            assert client.get(page).status_code == status


def test_finance_of_another_district_sees_no_batch(client, approved):
    client.force_login(person("yz-finance", Role.FINANCE))

    assert client.get(approved.get_absolute_url()).status_code == 404
    assert client.get(reverse("batch_download", args=[approved.pk])).status_code == 404
    assert approved.number not in client.get(reverse("batch_list")).content.decode()
    assert client.get(HOME).context["tally"].total == 0


def test_the_home_page_says_what_is_spent_what_is_due_and_what_waits(client, awards, maker):
    BudgetLine.objects.update(total=Decimal("40000.00"))
    client.force_login(maker)

    response = client.get(HOME)
    page = response.content.decode()

    assert response.context["tally"].due == Decimal("30000.00")
    assert response.context["tally"].due_count == 3
    assert response.context["waiting_total"] == Decimal("30000.00")
    [bar] = response.context["bars"]
    assert (bar.level, bar.paid_width, bar.due_width) == ("warn", "0.00%", "75.00%")
    assert "已用 75%" in page
    for award in awards:
        assert award.company.name in page
        assert award.company.current_account.masked_number in page
        assert award.company.current_account.number not in page


def test_the_bar_is_red_from_ninety_per_cent(client, awards, maker):
    BudgetLine.objects.update(total=Decimal("33333.33"))
    client.force_login(maker)

    [bar] = client.get(HOME).context["bars"]

    assert bar.level == "over"


def test_lines_that_nothing_was_granted_from_stand_aside(client, budget, maker):
    client.force_login(maker)

    response = client.get(HOME)

    assert response.context["bars"] == []
    assert "另有 1 个科目还没有使用" in response.content.decode()


def test_list_and_page_of_a_batch_leave_out_what_the_bank_sent_back(client, approved, maker):
    services.fail_line(approved.lines.first(), reason="销户", by=maker)
    client.force_login(maker)

    [row] = client.get(reverse("batch_list")).context["page"]
    page = client.get(approved.get_absolute_url())

    assert (row.count, row.sum) == (2, approved.total) == (2, Decimal("20000.00"))
    assert (page.context["count"], page.context["total"]) == (2, row.sum)


def test_finance_is_told_that_the_ledger_is_frozen_and_what_goes_on(client, approved, maker):
    Freeze.objects.create(reason="计数不符")
    client.force_login(maker)
    list_url = reverse("batch_download", args=[approved.pk])

    for page in (HOME, approved.get_absolute_url()):
        assert "台账已冻结" in client.get(page).content.decode()
    refused = client.get(list_url)

    assert refused.status_code == 422
    assert "已暂停" in refused.content.decode()
    assert "下载拨付清单</a>" not in refused.content.decode()
    assert approved.lines.first().get_absolute_url() in refused.content.decode()
    client.post(reverse("batch_pay", args=[approved.pk]), {"on": TODAY.isoformat()})
    assert "台账已冻结" not in client.get(approved.get_absolute_url()).content.decode()
    assert client.get(list_url).status_code == 200


def test_the_newest_batch_stands_first(client, awards, maker, clock):
    made = []
    for award in awards:
        made.append(services.make_batch(award.district, [award], by=maker))
        clock.shift(60)
    client.force_login(maker)

    listed = list(client.get(reverse("batch_list")).context["page"])

    assert [row.number for row in listed] == [batch.number for batch in reversed(made)]


def test_a_year_without_budget_says_so(client, maker):
    client.force_login(maker)

    page = client.get(HOME).content.decode()

    assert "今年还没有预算科目" in page
    assert "没有等待拨付的奖补" in page


def test_wherever_the_home_page_leads_an_auditor_the_page_opens(client, awards, approved, auditor):
    client.force_login(auditor)
    links = set(re.findall(r'href="(/finance/[^"#]*)"', client.get(HOME).content.decode()))

    assert reverse("clawback_list") in links
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_an_auditor_looks_and_ticks_nothing(client, awards, auditor):
    client.force_login(auditor)

    assert 'type="checkbox"' not in client.get(HOME).content.decode()
    assert client.post(reverse("batch_create"), {"award": keys(awards)}).status_code == 403


def test_the_home_page_asks_the_same_for_one_award_as_for_many(client, budget, maker):
    client.force_login(maker)
    notified_award(company_with_everything(), claim())
    with CaptureQueriesContext(connection) as short:
        client.get(HOME)
    for _number in range(3):
        notified_award(company_with_everything(), claim())
    with CaptureQueriesContext(connection) as full:
        client.get(HOME)

    assert len(full) == len(short)
    assert len(full) <= 20


def test_the_sum_of_the_ticks_is_told_while_one_ticks(client, awards, maker):
    client.force_login(maker)

    text = client.post(reverse("batch_total"), {"award": keys(awards[:2])}).content.decode()

    assert "已选 2 笔" in text
    assert "20,000.00" in text
    assert "已选" not in client.post(reverse("batch_total")).content.decode()


def test_a_batch_is_made_after_its_total_was_seen(client, awards, maker):
    client.force_login(maker)

    response = client.post(reverse("batch_create"), {"award": keys(awards[:2])})
    page = response.content.decode()
    assert response.status_code == 200
    assert "20,000.00" in page
    assert "人民币贰万元整" in page
    assert not Batch.objects.exists()

    response = client.post(reverse("batch_create"), {"award": keys(awards[:2]), "confirmed": "1"})
    batch = Batch.objects.get()
    assert response.url == batch.get_absolute_url()
    assert batch.total == Decimal("20000.00")
    page = client.get(response.url).content.decode()
    assert f"批次 {batch.number} 已生成，请另一人复核。" in page
    assert "您是制单人，须由另一人复核" in page
    assert "复核通过" not in page


def test_nothing_ticked_makes_no_batch(client, awards, maker):
    client.force_login(maker)

    response = client.post(reverse("batch_create"))

    assert response.status_code == 422
    assert "请至少选择一笔待拨付的奖补。" in response.content.decode()


def test_from_a_form_that_was_refused_one_comes_to_a_page_in_another_language(client, maker):
    client.force_login(maker)
    refused = client.post(reverse("batch_create"))
    assert refused.status_code == 422
    for back in re.findall(r'name="next" value="([^"]*)"', refused.content.decode()):
        answer = client.post(reverse("set_language"), {"next": back, "language": "en"}, follow=True)

        assert answer.status_code == 200
        assert answer.redirect_chain[-1][0] == reverse("batch_list")


def test_what_was_put_into_a_batch_meanwhile_is_named(client, awards, batch, second):
    client.force_login(second)

    response = client.post(reverse("batch_create"), {"award": keys(awards), "confirmed": "1"})

    page = response.content.decode()
    assert response.status_code == 422
    for award in awards:
        assert f"{award.company.name} 的这笔奖补现在是“已列入批次”，不能列入批次。" in page
    assert Batch.objects.count() == 1


def test_a_company_without_an_account_is_named(client, awards, maker):
    awards[0].company.accounts.update(is_current=False)
    client.force_login(maker)
    chosen = {"award": keys(awards)}

    assert "没有收款账户" in client.post(reverse("batch_create"), chosen).content.decode()
    response = client.post(reverse("batch_create"), {**chosen, "confirmed": "1"})

    assert response.status_code == 422
    assert f"{awards[0].company.name} 没有收款账户，请企业先补充。" in response.content.decode()


def test_what_is_no_award_is_not_found(client, awards, maker):
    client.force_login(maker)

    assert client.post(reverse("batch_create"), {"award": "7"}).status_code == 404


def test_the_maker_does_not_approve_the_own_batch(client, batch, maker):
    client.force_login(maker)

    response = client.post(reverse("batch_approve", args=[batch.pk]))

    assert response.status_code == 403
    assert "制单人不能复核自己的批次" in response.content.decode()
    batch.refresh_from_db()
    assert batch.status == BatchStatus.DRAFT


def test_an_auditor_changes_nothing(client, batch, auditor):
    client.force_login(auditor)

    for name in ("batch_approve", "batch_cancel"):
        assert client.post(reverse(name, args=[batch.pk])).status_code == 403
    paid = client.post(reverse("batch_pay", args=[batch.pk]), {"on": TODAY.isoformat()})
    assert paid.status_code == 403
    batch.refresh_from_db()
    assert batch.status == BatchStatus.DRAFT


def test_a_second_person_approves_downloads_and_notes_the_payment(client, batch, awards, second):
    client.force_login(second)
    assert "复核通过" in client.get(batch.get_absolute_url()).content.decode()
    assert client.post(reverse("batch_approve", args=[batch.pk])).status_code == 302

    response = client.get(reverse("batch_download", args=[batch.pk]))
    assert f"{batch.number}.xlsx" in unquote(response["Content-Disposition"])
    rows = CalamineWorkbook.from_filelike(BytesIO(response.content)).get_sheet_by_index(0)
    cells = {str(cell) for row in rows.to_python() for cell in row}
    assert awards[0].company.current_account.number in cells
    assert Entry.objects.about(batch).filter(action="batch.downloaded", actor=second).exists()

    response = client.post(
        reverse("batch_pay", args=[batch.pk]), {"on": TODAY.isoformat()}, follow=True
    )
    page = response.content.decode()
    assert "已登记拨付" in page
    assert "已于 2026-03-11 拨付" in page
    for award in awards:
        award.refresh_from_db()
        assert award.status == AwardStatus.PAID
    assert client.get(HOME).context["tally"].paid == Decimal("30000.00")


def test_a_list_nobody_has_approved_does_not_leave_the_house(client, batch, maker):
    client.force_login(maker)

    response = client.get(reverse("batch_download", args=[batch.pk]))

    assert response.status_code == 409
    assert "批次复核后才能下载拨付清单。" in response.content.decode()
    assert "下载拨付清单</a>" not in response.content.decode()


def test_what_changed_since_the_batch_was_made_is_named_line_by_line(client, batch, awards, second):
    CreditEntry.objects.create(company=awards[0].company, title="失信", listed_on=TODAY)
    awards[1].company.accounts.update(is_current=False)
    BankAccountFactory(company=awards[1].company)
    client.force_login(second)

    response = client.post(reverse("batch_approve", args=[batch.pk]))

    page = response.content.decode()
    assert response.status_code == 422
    assert "拨付前核对没有通过" in page
    assert f"{awards[0].company.name}：" in page
    assert f"{awards[1].company.name}：收款账户在制单后变更过" in page


def test_a_batch_that_was_cancelled_sets_its_awards_free(client, batch, awards, maker):
    client.force_login(maker)

    client.post(reverse("batch_cancel", args=[batch.pk]))

    page = client.get(batch.get_absolute_url()).content.decode()
    assert "本批次已作废" in page
    assert "已移出" in page
    assert client.get(HOME).context["page"].paginator.count == 3


@pytest.mark.parametrize(
    ("day", "message"),
    [
        ("", "请填写拨付日期"),
        ("2026-02-30", "日历上没有这一天"),
        ("2026-03-12", "拨付日期应在复核之日和今天之间"),
        ("2026-03-10", "拨付日期应在复核之日和今天之间"),
    ],
)
def test_a_day_on_which_it_was_not_paid_is_refused_and_stays(client, approved, maker, day, message):
    client.force_login(maker)

    response = client.post(reverse("batch_pay", args=[approved.pk]), {"on": day})

    assert response.status_code == 422
    assert message in response.content.decode()
    assert f'value="{day}"' in response.content.decode() or not day


def test_paid_is_paid_once(client, approved, maker):
    client.force_login(maker)
    url = reverse("batch_pay", args=[approved.pk])
    assert client.post(url, {"on": TODAY.isoformat()}).status_code == 302

    response = client.post(url, {"on": TODAY.isoformat()})

    assert response.status_code == 409
    assert "状态已变化" in response.content.decode()


def test_the_ledger_lists_every_movement_and_finds_it(client, approved, awards, maker):
    services.mark_paid(approved, on=TODAY, by=maker)
    client.force_login(maker)
    url = reverse("ledger_list")

    response = client.get(url)
    assert response.context["page"].paginator.count == 9
    assert {row["total"] for row in response.context["sums"]} == {Decimal("30000.00")}
    assert "预留 → 应付奖补" in response.content.decode()
    assert client.get(url, {"kind": "pay"}).context["page"].paginator.count == 3
    wanted = {"q": awards[0].company.uscc, "kind": "grant", "year": "2026"}
    assert client.get(url, wanted).context["page"].paginator.count == 1
    assert "没有符合条件的分录" in client.get(url, {"q": "没有这家"}).content.decode()
