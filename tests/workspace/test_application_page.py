"""What a company sees of its application after filing."""

from decimal import Decimal

import pytest
from django.urls import reverse

from reviews.models import Notice, StageKind, Verdict
from subsidies.applications import services as applications
from subsidies.applications.answers import keep_receipt
from subsidies.applications.enums import Reason
from subsidies.ledger import services as ledger
from subsidies.ledger.models import AwardStatus
from subsidies.models import Award
from tests.domain import (
    ALONE,
    JOINED,
    TODAY,
    advance,
    approved,
    at_stage,
    case_of,
    claim,
    clerk_of,
    company_with_everything,
    decide,
    draft,
    filed,
    open_tasks,
)
from tests.workspace.conftest import COMMERCE, DEVELOPMENT, INDUSTRY, person


def page_of(client, application) -> str:
    client.force_login(clerk_of(application.company))
    response = client.get(application.get_absolute_url())
    assert response.status_code == 200
    return response.content.decode()


def test_only_the_company_and_its_officials_come_in(client, world, stranger):
    application = filed(company_with_everything(), claim(ALONE))
    url = application.get_absolute_url()

    assert client.get(url).status_code == 302
    client.force_login(stranger)
    assert client.get(url).status_code == 404
    assert client.get(reverse("application_answer", args=[application.pk])).status_code == 404
    client.force_login(person(COMMERCE))
    assert client.get(url).status_code == 404
    client.force_login(person(INDUSTRY))
    assert client.get(url).url == case_of(application).get_absolute_url()


def test_a_draft_goes_on_to_its_form(client, company, clerk):
    application = draft(company)
    client.force_login(clerk)

    response = client.get(application.get_absolute_url())

    assert response.url == reverse("application_edit", args=[application.pk])


def test_a_draft_that_was_thrown_away_says_so(client, company, clerk):
    application = draft(company)
    applications.withdraw_application(application, by=clerk)

    assert "这件草稿已经撤回" in page_of(client, application)


def test_the_answer_arrives_without_the_page(client, company):
    application = filed(company, claim(ALONE))
    poll = reverse("application_answer", args=[application.pk])
    page = page_of(client, application)
    assert f'hx-get="{poll}"' in page
    assert "刷新" in page

    keep_receipt(application, Reason.SUBMISSION)

    fragment = client.get(poll).content.decode()
    assert "hx-get" not in fragment
    assert "10,000.00" in fragment


def test_what_has_to_be_put_right_stands_on_top_with_the_way_to_do_it(client, company):
    application = filed(company, claim(ALONE))
    decide(open_tasks(application)[0], Verdict.RETURN, text="1. 缺发票\n2. 合同没有盖章")
    application.refresh_from_db()

    page = page_of(client, application)

    assert "区经信局退回，请补正" in page
    assert "1. 缺发票<br>2. 合同没有盖章" in page
    assert reverse("application_edit", args=[application.pk]) in page


def test_a_refusal_says_who_and_why(client, company):
    application = filed(company, claim(ALONE))
    decide(open_tasks(application)[0], Verdict.REJECT, text="不在名单内，依据三（十三）")
    application.refresh_from_db()

    page = page_of(client, application)

    assert "区经信局不予通过" in page
    assert "不在名单内" in page
    assert "撤回申请" not in page


def test_the_company_reads_no_names_and_no_opinions_of_the_joint_review(client, company):
    application = at_stage(StageKind.JOINT, company, claim(JOINED))
    for task in open_tasks(application):
        decide(task, text="部门之间的话")
    reviewer = case_of(application).opinions.first().person

    page = page_of(client, application)

    assert "部门之间的话" not in page
    assert reviewer.name not in page
    assert "联审·已出具意见" in page
    official = person(DEVELOPMENT)
    client.force_login(official)
    assert "部门之间的话" in client.get(case_of(application).get_absolute_url()).content.decode()


def test_a_case_on_public_notice_links_to_it(client, company):
    application = at_stage(StageKind.PUBLIC_NOTICE, company, claim(ALONE))
    notice = case_of(application).public_notice_entries.get().notice

    page = page_of(client, application)

    assert "正在公示，到 2026-03-17 为止" in page
    assert notice.get_absolute_url() in page
    assert "拟补助" in page


@pytest.fixture
def award(budget, company) -> Award:
    application = approved(company, claim(ALONE))
    return Award.objects.get(claim__application=application)


def test_an_award_is_followed_until_it_is_paid(client, company, award):
    application = award.claim.application
    page = page_of(client, application)
    assert "人民币壹万元整" in page
    assert "正在生成" in page

    Notice.objects.filter(award=award).update(
        rendered_at="2026-03-11T10:00+08:00", sha256="0" * 64, pdf="notices/x.pdf"
    )
    ledger.move_award(award, AwardStatus.NOTIFIED)
    page = page_of(client, application)
    assert reverse("notice_download", args=[award.notice.pk]) in page

    ledger.move_award(award, AwardStatus.SCHEDULED)
    ledger.pay(award, on=TODAY, by=person("jb-finance"))
    page = page_of(client, application)
    assert "款项已拨付到贵公司账户" in page
    assert "2026-03-11" in page


def test_an_application_is_taken_back_in_two_steps_without_script(client, company):
    application = filed(company, claim(ALONE))
    page = page_of(client, application)
    assert "<details" in page
    assert "撤回后本件办结" in page

    client.post(reverse("application_withdraw", args=[application.pk]))

    page = page_of(client, application)
    assert "已撤回" in page
    assert "确认撤回" not in page


def test_every_stage_has_its_page(client, budget, company):
    application = filed(company, claim(JOINED, requested=Decimal("90000.00")))
    while case_of(application).stage is not None:
        page_of(client, application)
        advance(application)
    page_of(client, application)
