"""Finance's pages for money that does not stay with the company."""

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import Role
from disbursements import services
from disbursements.models import Clawback, ClawbackStatus
from reviews.services import declare_conflict
from subsidies.ledger.models import AwardStatus
from subsidies.models import Award
from tests.domain import TODAY, case_of, clerk_of
from tests.factories import BankAccountFactory
from tests.workspace.conftest import FINANCE, person


@pytest.fixture
def line(awards, maker, second):
    batch = services.make_batch(awards[0].district, awards[:1], by=maker)
    services.approve_batch(batch, by=second)
    services.mark_paid(batch, on=TODAY, by=maker)
    return batch.lines.get()


def test_a_batch_leads_to_each_payee(client, line, maker):
    client.force_login(maker)

    assert line.get_absolute_url() in client.get(line.batch.get_absolute_url()).content.decode()
    page = client.get(line.get_absolute_url()).content.decode()
    assert "登记退汇" in page
    assert "提出追回" in page


def test_a_bank_return_is_noted_with_its_reason(client, line, maker):
    client.force_login(maker)
    url = reverse("line_fail", args=[line.pk])

    answer = client.post(url, {"failure": ""})
    assert (answer.status_code, "请填写退汇原因" in answer.content.decode()) == (422, True)

    answer = client.post(url, {"failure": "账号户名不符"}, follow=True)
    assert "已登记退汇" in answer.content.decode()
    assert Award.objects.get(pk=line.award_id).status == AwardStatus.PAYMENT_FAILED
    assert "账号户名不符" in client.get(line.get_absolute_url()).content.decode()

    answer = client.post(url, {"failure": "再来"})
    assert (answer.status_code, "已经不在本批次" in answer.content.decode()) == (409, True)


def test_a_clawback_goes_from_one_to_another_and_ends_with_the_money(client, line, maker, second):
    client.force_login(maker)
    url = reverse("line_claw_back", args=[line.pk])
    assert client.post(url, {"amount": "", "reason": ""}).status_code == 422
    answer = client.post(url, {"amount": "10,000.01", "reason": "多算"})
    assert "不超过企业现有的 10,000.00 元" in answer.content.decode()

    answer = client.post(url, {"amount": "4,000.00", "reason": "发票作废"}, follow=True)
    assert "须由另一人确认" in answer.content.decode()
    clawback = Clawback.objects.get()
    assert client.post(reverse("clawback_confirm", args=[clawback.pk])).status_code == 403

    client.force_login(second)
    answer = client.post(reverse("clawback_confirm", args=[clawback.pk]), follow=True)
    assert "还应退 4,000.00 元" in answer.content.decode()
    receive = reverse("clawback_receive", args=[clawback.pk])
    assert client.post(receive, {"amount": "x"}).status_code == 422
    assert client.post(receive, {"amount": "4000.01"}).status_code == 422
    answer = client.post(receive, {"amount": "4000"}, follow=True)
    assert "已全部退回" in answer.content.decode()
    assert Award.objects.get(pk=line.award_id).net == Decimal("6000.00")
    assert "4,000.00" in client.get(reverse("clawback_list")).content.decode()


@pytest.fixture
def recused(line):
    """Of finance, with a conflict on the award that was paid."""
    official = person(FINANCE, Role.FINANCE, 3)
    case = case_of(line.award.claim.application)
    declare_conflict(case, reason="亲属任职", by=official)
    return official


def test_who_declared_a_conflict_is_offered_nothing_and_reads_why(client, line, maker, recused):
    clawback = services.demand_return(line.award, Decimal("1.00"), reason="x", by=maker)
    client.force_login(recused)

    for page in (line.get_absolute_url(), clawback.get_absolute_url()):
        text = client.get(page).content.decode()
        assert f"{recused}已申请回避" in text
        assert "submission" not in text


def test_what_the_bank_sent_back_says_so_before_it_is_chosen_again(client, line, maker):
    services.fail_line(line, reason="账号户名不符", by=maker)
    client.force_login(maker)
    home = reverse("finance_home")
    assert "上次退汇：账号户名不符；收款账户没有变更" in client.get(home).content.decode()

    line.award.company.accounts.update(is_current=False)
    BankAccountFactory(company=line.award.company)

    assert "上次退汇：账号户名不符；收款账户已变更" in client.get(home).content.decode()


def test_a_demand_is_counted_for_who_may_confirm_it(client, line, maker, second, auditor, recused):
    def counted(user):
        client.force_login(user)
        return "追回（1）" in client.get(reverse("finance_home")).content.decode()

    clawback = services.demand_return(line.award, Decimal("1.00"), reason="x", by=maker)

    assert [counted(one) for one in (maker, second, recused, auditor)] == [
        False,
        True,
        False,
        False,
    ]
    services.confirm_return(clawback, by=second)
    assert not counted(second)


def test_a_demand_may_be_dropped_until_it_is_confirmed(client, line, maker):
    clawback = services.demand_return(line.award, Decimal("1.00"), reason="x", by=maker)
    client.force_login(maker)
    url = reverse("clawback_drop", args=[clawback.pk])

    assert "已撤销" in client.post(url, follow=True).content.decode()
    assert client.post(url).status_code == 409
    clawback.refresh_from_db()
    assert clawback.status == ClawbackStatus.DROPPED


def test_auditors_look_and_do_nothing(client, line, maker, auditor):
    clawback = services.demand_return(line.award, Decimal("1.00"), reason="x", by=maker)
    client.force_login(auditor)

    for page in (line.get_absolute_url(), clawback.get_absolute_url(), reverse("clawback_list")):
        answer = client.get(page)
        assert (answer.status_code, "submission" in answer.content.decode()) == (200, False)
    assert client.post(reverse("line_fail", args=[line.pk]), {"failure": "x"}).status_code == 403
    for name in ("clawback_confirm", "clawback_drop"):
        assert client.post(reverse(name, args=[clawback.pk])).status_code == 403


def test_finance_of_another_district_sees_neither(client, line, maker):
    clawback = services.demand_return(line.award, Decimal("1.00"), reason="x", by=maker)
    client.force_login(person("yz-finance", Role.FINANCE))

    for page in (line.get_absolute_url(), clawback.get_absolute_url()):
        assert client.get(page).status_code == 404
    assert "没有追回" in client.get(reverse("clawback_list")).content.decode()


def test_the_company_reads_what_to_give_back_why_and_whom_to_ask(client, line, maker, second):
    application = line.award.claim.application
    client.force_login(clerk_of(line.award.company))

    def page():
        answer = client.get(application.get_absolute_url())
        told = [(event.what, event.text) for event in answer.context["file"].history]
        return answer.content.decode(), told

    clawback = services.demand_return(line.award, Decimal(4000), reason="发票作废", by=maker)
    text, told = page()
    assert "发票作废" not in text
    assert "追回" not in told[0][0]

    services.confirm_return(clawback, by=second)
    text, told = page()
    assert "请退回 4,000.00 元" in text
    for said in ("区财政局", str(application.item.leads[0]), application.number):
        assert said in text
    assert told[0] == ("决定追回 4,000.00 元", "发票作废")

    services.receive_return(clawback, Decimal(1500), by=maker)
    text, told = page()
    assert "请退回 2,500.00 元" in text
    assert "已收到退回 1,500.00 元" in text
    assert told[0] == ("收到退回 1,500.00 元", "")

    services.receive_return(clawback, Decimal(2500), by=maker)
    text, told = page()
    assert "请退回" not in text
    assert [what for what, _text in told[:3]] == [
        "收到退回 2,500.00 元",
        "收到退回 1,500.00 元",
        "决定追回 4,000.00 元",
    ]
