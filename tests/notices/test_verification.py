"""The public page that vouches for a notice, and the way to it."""

import hashlib
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import Department, Role
from disbursements import services as disbursements
from reviews.models import Notice
from subsidies.ledger import services as ledger
from subsidies.ledger.models import AwardStatus
from tests import domain
from tests.fixtures_domain import MORNING

pytestmark = pytest.mark.django_db


def page(client, code):
    return client.get(reverse("notice_verify_code", args=[code]))


def body(response):
    return response.content.decode()


def test_everybody_can_see_what_a_notice_says(client, rendered):
    response = page(client, rendered.check_code)

    assert response.status_code == 200
    for said in [
        rendered.number,
        rendered.content["company"],
        rendered.content["item"],
        rendered.content["words"],
        "2026-03-11",
        "有效，待拨付",
    ]:
        assert said in body(response)


def test_the_page_states_the_hash_of_the_file_that_was_issued(client, rendered):
    digest = hashlib.sha256(rendered.pdf.read()).hexdigest()

    assert digest in body(page(client, rendered.check_code))


def test_a_notice_that_is_not_on_paper_yet_is_genuine_all_the_same(client, notice):
    response = page(client, notice.check_code)

    assert response.status_code == 200
    assert "正在生成" in body(response)


def test_a_cancelled_award_is_told(client, rendered):
    ledger.cancel(rendered.award, by=rendered.award.granted_by)

    said = body(page(client, rendered.check_code))
    assert "已取消" in said
    assert "已经失效" in said


def test_a_payment_is_told_with_its_day(client, rendered):
    finance = Department.objects.get(code="jb-finance")
    maker, second = (domain.official(finance, Role.FINANCE, n) for n in (1, 2))
    batch = disbursements.make_batch(rendered.district, [rendered.award], by=maker)
    disbursements.approve_batch(batch, by=second)
    disbursements.mark_paid(batch, on=MORNING.date(), by=maker)

    said = body(page(client, rendered.check_code))
    assert "有效，已拨付" in said
    assert "拨付日期" in said


def test_a_payment_under_way_is_not_the_publics_business(client, rendered):
    ledger.move_award(rendered.award, AwardStatus.SCHEDULED)

    assert "有效，待拨付" in body(page(client, rendered.check_code))


@pytest.mark.parametrize(
    "typed",
    [
        lambda code: code,
        lambda code: code.lower(),
        lambda code: f" {code[:4]} {code[4:8]}  {code[8:]} ",
        lambda code: f"{code[:4]}-{code[4:8]}—{code[8:]}",
        lambda code: "".join(chr(ord(sign) + 0xFEE0) for sign in code.lower()),
        lambda code: f"\u3000{code[:6]}\u3000{code[6:]}",
    ],
    ids=["as printed", "lower case", "spaces", "dashes", "full width", "full-width spaces"],
)
def test_a_code_is_taken_however_it_is_typed(client, notice, typed):
    response = client.get(reverse("notice_verify"), {"code": typed(notice.check_code)}, follow=True)

    assert response.status_code == 200
    assert notice.number in body(response)


def test_a_wrong_code_is_told_clearly(client, notice):
    response = page(client, "2" * 12)

    assert response.status_code == 404
    assert "没有这个校验码的通知书" in body(response)


@pytest.mark.parametrize("code", ["222222222222", "0", "O0I1", "<script>", "2" * 300, "%00", "号"])
def test_a_code_that_nobody_has_and_one_that_nobody_could_have_get_the_same_answer(client, code):
    response = page(client, code)

    assert response.status_code == 404
    assert "没有这个校验码的通知书" in body(response)
    assert "<script>" not in body(response)


def test_a_part_of_a_code_finds_nothing(client, notice: Notice):
    assert page(client, notice.check_code[:-1]).status_code == 404
    assert page(client, notice.check_code + "2").status_code == 404


@pytest.mark.parametrize("typed", ["", "   ", "---"])
def test_an_empty_code_is_asked_for(client, typed):
    response = client.get(reverse("notice_verify"), {"code": typed})

    assert response.status_code == 422
    assert "请输入校验码" in body(response)


def test_a_verification_is_neither_kept_nor_found_by_search_engines(client, notice):
    response = page(client, notice.check_code)

    assert response["X-Robots-Tag"] == "noindex"
    assert "no-store" in response["Cache-Control"]


def test_the_form_asks_for_the_code(client):
    response = client.get(reverse("notice_verify"))

    assert response.status_code == 200
    assert 'name="code"' in body(response)


def test_what_entries_changed_since_is_told_on_the_notice_and_to_the_company(
    client, clerk, rendered
):
    award = ledger.adjust(rendered.award, Decimal("-45678.90"), by=rendered.award.granted_by)
    entry = award.entries.get(kind="adjust")
    client.force_login(clerk)

    for answer in (
        page(client, rendered.check_code),
        client.get(award.claim.application.get_absolute_url()),
    ):
        assert "按年度总量结算核减 45,678.90" in body(answer)
        assert f"台账第 {entry.pk} 号" in body(answer)
        assert f"{award.net:,.2f}" in body(answer)


def test_money_that_was_given_back_is_no_payment_that_waits(client, rendered):
    ledger.move_award(rendered.award, AwardStatus.SCHEDULED)
    award = ledger.pay(rendered.award, on=domain.TODAY, by=rendered.award.granted_by)
    ledger.move_award(award, AwardStatus.CLAWBACK)
    assert "已拨付，追回中" in body(page(client, rendered.check_code))

    award = ledger.take_back(award, award.net, by=award.granted_by)
    ledger.move_award(award, AwardStatus.RETURNED)

    said = body(page(client, rendered.check_code))
    assert "已全部追回" in said
    assert "按追回决定退回" in said
