"""The page of a case: who sees it, what it says, and how one decides on it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import Role
from companies.models import CreditEntry
from reviews.models import Opinion, StageKind, Task, Verdict
from subsidies.applications.answers import keep_receipt
from subsidies.applications.enums import Reason, Status
from subsidies.models import Application, Award
from tests.domain import (
    ALONE,
    JOINED,
    TODAY,
    advance,
    at_stage,
    case_of,
    claim,
    clerk_of,
    company_with_everything,
    decide,
    filed,
    investment,
    open_tasks,
    submit,
)
from tests.factories import MemberFactory, PastAwardFactory
from tests.workspace.conftest import COMMERCE, DEVELOPMENT, FINANCE, INDUSTRY, SCIENCE, person


@pytest.fixture
def joint(world):
    """A case on which 区发改局 and 区经信局 are asked; 区科技局 leads."""
    return at_stage(StageKind.JOINT, company_with_everything(), claim(JOINED))


def page_of(application: Application) -> str:
    return case_of(application).get_absolute_url()


def answer_to(client, application: Application, **given):
    """Post a decision as the form of the page does, for the first open task that is not named."""
    case = case_of(application)
    task = given.pop("task", None) or Task.objects.filter(case=case).latest("pk")
    return client.post(
        reverse("case_decide", args=[case.pk]),
        {
            "task": task.pk,
            "revision": Application.objects.get(pk=application.pk).revision,
            **given,
        },
    )


@pytest.mark.parametrize(
    ("department", "role", "status"),
    [
        (SCIENCE, Role.REVIEWER, 200),
        (SCIENCE, Role.LEAD, 200),
        (DEVELOPMENT, Role.REVIEWER, 200),
        (INDUSTRY, Role.LEAD, 200),
        (COMMERCE, Role.REVIEWER, 404),
        (FINANCE, Role.FINANCE, 200),
        (FINANCE, Role.AUDITOR, 200),
        (FINANCE, Role.REVIEWER, 404),
        (FINANCE, Role.POLICY_OFFICER, 403),
        ("yz-science", Role.REVIEWER, 404),
    ],
)
def test_a_case_is_open_to_whom_it_concerns(client, joint, department, role, status):
    client.force_login(person(department, role))

    assert client.get(page_of(joint)).status_code == status


def test_a_company_does_not_see_the_officials_page(client, joint):
    client.force_login(clerk_of(joint.company))
    assert client.get(page_of(joint)).status_code == 403
    client.logout()
    assert client.get(page_of(joint)).status_code == 302


def test_an_official_who_belongs_to_the_company_does_not_see_its_case(client, joint):
    official = person(DEVELOPMENT)
    MemberFactory(company=joint.company, user=official)
    client.force_login(official)

    assert client.get(page_of(joint)).status_code == 404


def test_the_page_shows_stages_answer_filing_and_company(client, reviewer):
    company = company_with_everything()
    PastAwardFactory(company=company, amount=Decimal("30000.00"))
    CreditEntry.objects.create(
        company=company, title="已修复的失信", listed_on=TODAY, repaired_on=TODAY
    )
    application = at_stage(
        StageKind.REVIEW, company, investment("60000000.00", requested=Decimal("3600000.00"))
    )
    keep_receipt(application, Reason.REVIEW)
    client.force_login(reviewer)

    page = client.get(page_of(application)).content.decode()

    assert "测算比申请少 630,000.00 元" in page
    assert "受“年度总量”限制" in page
    assert "2,970,000.00" in page
    assert "60,000,000.00" in page
    assert "压铸线改造" in page
    assert application.company.current_account.masked_number in page
    assert application.company.current_account.number not in page
    assert "已修复的失信" not in page
    assert "30,000.00" in page
    for stage in ("受理", "初审", "审定", "财政复核", "公示", "批准"):
        assert stage in page
    assert "联审" not in page  # nobody is asked besides


def test_a_form_is_there_only_for_who_has_the_task(client, joint):
    for department, role, has_form in [
        (DEVELOPMENT, Role.REVIEWER, True),
        (INDUSTRY, Role.REVIEWER, True),
        (DEVELOPMENT, Role.LEAD, False),
        (SCIENCE, Role.REVIEWER, False),
        (FINANCE, Role.FINANCE, False),
        (FINANCE, Role.AUDITOR, False),
    ]:
        client.force_login(person(department, role))
        response = client.get(page_of(joint))
        assert bool(response.context["form"]) == has_form
        assert ("提交意见" in response.content.decode()) == has_form


def test_who_has_no_task_reads_why(client, reviewer, second):
    application = filed(company_with_everything(), claim(ALONE))
    decide(open_tasks(application)[0], by=reviewer)

    client.force_login(reviewer)
    assert "由同部门的另一人办理" in client.get(page_of(application)).content.decode()
    client.force_login(person(INDUSTRY, Role.LEAD))
    assert "现在由区经信局（部门经办）办理" in client.get(page_of(application)).content.decode()

    decide(open_tasks(application)[0], Verdict.RETURN, by=second, text="缺发票")
    assert "计时暂停" in client.get(page_of(application)).content.decode()


def test_a_case_is_accepted_by_the_form_and_goes_on(client, reviewer):
    application = filed(company_with_everything(), claim(ALONE))
    client.force_login(reviewer)
    page = client.get(page_of(application)).content.decode()
    assert "不予受理" in page

    response = answer_to(client, application, verdict="agree", text="材料齐全")

    assert response.status_code == 302
    assert response.url == page_of(application)
    assert case_of(application).stage.kind == StageKind.REVIEW
    page = client.get(response.url).content.decode()
    assert "受理意见已提交：已受理。" in page
    assert "材料齐全" in page


def test_what_was_submitted_is_said_in_the_readers_language(client, reviewer):
    application = filed(company_with_everything(), claim(ALONE))
    client.force_login(reviewer)
    client.cookies["django_language"] = "en"

    answer_to(client, application, verdict="return", text="缺发票")

    assert "Acceptance: your opinion is submitted" in client.get(page_of(application)).text


def test_the_company_reads_where_it_corrects_what_was_asked_for(client, world):
    application = filed(company_with_everything(), claim(ALONE))
    for text in ("缺发票", "发票缺第 2 页"):
        decide(open_tasks(application)[0], Verdict.RETURN, text=text)
        client.force_login(application.created_by)
        page = client.get(f"/applications/{application.pk}/edit/").text
        assert f"退回的原因：“{text}”" in page
        submit(application)

    assert "退回的原因" not in client.get(f"/applications/{application.pk}/").text


def test_the_whole_way_is_clicked_through(client, budget):
    application = filed(company_with_everything(), claim(JOINED))
    [row] = application.claims.all()
    way = [
        (SCIENCE, Role.REVIEWER, 1, {}),
        (SCIENCE, Role.REVIEWER, 2, {f"amount_{row.pk}": "100,000.00"}),
        (DEVELOPMENT, Role.REVIEWER, 1, {}),
        (INDUSTRY, Role.REVIEWER, 1, {}),
        (SCIENCE, Role.LEAD, 1, {f"amount_{row.pk}": "100000"}),
        (FINANCE, Role.FINANCE, 1, {}),
    ]
    for department, role, number, amounts in way:
        client.force_login(person(department, role, number))
        task = client.get(page_of(application)).context["form"].task
        response = answer_to(client, application, task=task, verdict="agree", **amounts)
        assert response.status_code == 302, response.context["form"].errors
    assert case_of(application).stage.kind == StageKind.PUBLIC_NOTICE

    client.force_login(person(SCIENCE))
    notice = case_of(application).public_notice_entries.get().notice
    client.post(reverse("demo_end_public_notice", args=[notice.pk]))
    client.force_login(person(SCIENCE, Role.LEAD, 2))
    assert answer_to(client, application, verdict="agree").status_code == 302

    application.refresh_from_db()
    assert application.status == Status.APPROVED
    assert Award.objects.get(claim=row).amount == Decimal("100000.00")
    assert "本件已办结：已批准" in client.get(page_of(application)).content.decode()


def test_a_return_needs_its_reason_and_keeps_the_choice(client, reviewer):
    application = filed(company_with_everything(), claim(ALONE))
    client.force_login(reviewer)

    response = answer_to(client, application, verdict="return", text="")

    page = response.content.decode()
    assert response.status_code == 422
    assert "请写明理由" in page
    assert 'value="return"' in page
    assert response.context["form"]["verdict"].value() == "return"
    assert case_of(application).stage.kind == StageKind.ACCEPTANCE


def test_an_amount_above_the_answer_is_refused_and_stays_on_the_page(client, second):
    application = at_stage(StageKind.REVIEW, company_with_everything(), claim(ALONE))
    [row] = application.claims.all()
    client.force_login(second)

    response = answer_to(
        client, application, verdict="agree", text="按实", **{f"amount_{row.pk}": "10000.01"}
    )

    page = response.content.decode()
    assert response.status_code == 422
    assert "超过测算结果 10,000.00 元" in page
    assert 'value="10,000.01"' in page
    assert "按实" in page
    assert Opinion.objects.filter(case__application=application).count() == 1


def test_the_amounts_come_filled_with_the_answer_and_with_what_was_proposed(client, second):
    application = at_stage(StageKind.REVIEW, company_with_everything(), claim(ALONE))
    keep_receipt(application, Reason.REVIEW)
    [row] = application.claims.all()
    client.force_login(second)
    assert 'value="10,000.00"' in client.get(page_of(application)).content.decode()
    answer_to(client, application, verdict="agree", text="按发票", **{f"amount_{row.pk}": "9000"})

    client.force_login(person(INDUSTRY, Role.LEAD))
    page = client.get(page_of(application)).content.decode()
    assert 'value="9,000.00"' in page
    assert "初审建议 9,000.00 元" in page


@pytest.fixture
def cut(client, second):
    """An application for which the first review proposes 9,000 of 10,000 yuan."""
    application = at_stage(StageKind.REVIEW, company_with_everything(), claim(ALONE))
    client.force_login(second)
    page = client.get(page_of(application)).content.decode()
    assert "（核减、退回或不予通过时必填）" in page
    assert "（选填）" not in page
    [row] = application.claims.all()
    answer_to(client, application, verdict="agree", text="按发票", **{f"amount_{row.pk}": "9000"})
    client.force_login(person(INDUSTRY, Role.LEAD))
    return application


def test_whoever_keeps_the_cut_of_the_first_review_names_its_reason(client, cut):
    [row] = cut.claims.all()
    assert "沿用初审的理由：按发票" in client.get(page_of(cut)).content.decode()

    answer_to(client, cut, verdict="agree", text="", **{f"amount_{row.pk}": "9000.00"})

    assert Opinion.objects.latest("pk").text == "同意初审的核减：按发票"


@pytest.mark.parametrize(("verdict", "amount"), [("agree", "8999"), ("return", "9000")])
def test_whoever_does_not_keep_it_gives_a_reason(client, cut, verdict, amount):
    [row] = cut.claims.all()

    response = answer_to(client, cut, verdict=verdict, text="", **{f"amount_{row.pk}": amount})

    assert response.status_code == 422
    assert Opinion.objects.latest("pk").text == "按发票"


def test_what_was_submitted_is_said_in_english_without_chinese(client, cut):
    [row] = cut.claims.all()
    client.post("/language/", {"language": "en"})

    answer = answer_to(client, cut, verdict="agree", text="x", **{f"amount_{row.pk}": "9000"})
    page = client.get(answer.url).content.decode()

    assert "Determination: your opinion is submitted." in page


def test_what_the_rules_refuse_is_not_agreed_to(client, second):
    application = at_stage(StageKind.REVIEW, company_with_everything(), claim(ALONE))
    CreditEntry.objects.create(company=application.company, title="被列入失信", listed_on=TODAY)
    [row] = application.claims.all()
    client.force_login(second)

    response = answer_to(client, application, verdict="agree", **{f"amount_{row.pk}": "10000"})

    assert response.status_code == 422
    assert "按现行规则不能同意" in response.content.decode()


def test_what_was_read_before_a_change_is_not_decided_on(client, reviewer):
    application = filed(company_with_everything(), claim(ALONE))
    client.force_login(reviewer)

    response = answer_to(
        client,
        application,
        verdict="agree",
        text="已看过旧的内容",
        revision=application.revision - 1,
    )

    page = response.content.decode()
    assert response.status_code == 409
    assert "内容已更新" in page
    assert "已看过旧的内容" in page
    assert f'name="revision" value="{application.revision}"' in page


def test_who_was_slower_keeps_what_was_written(client, reviewer, second):
    application = filed(company_with_everything(), claim(ALONE))
    [task] = open_tasks(application)
    decide(task, by=second)
    client.force_login(reviewer)

    response = answer_to(client, application, task=task, verdict="agree", text="我写的意见")

    assert response.status_code == 409
    assert "已经办过" in response.content.decode()
    assert "我写的意见" in response.content.decode()


def test_a_task_of_another_department_is_not_done_by_posting_to_it(client, joint):
    task = Task.objects.get(case__application=joint, department__code=DEVELOPMENT, state="open")
    for department, role, status in [
        (SCIENCE, Role.REVIEWER, 403),
        (FINANCE, Role.AUDITOR, 403),
        (COMMERCE, Role.REVIEWER, 404),
    ]:
        client.force_login(person(department, role))
        response = answer_to(client, joint, task=task, verdict="agree")
        assert response.status_code == status
    task.refresh_from_db()
    assert task.state == "open"


def test_a_task_of_another_case_is_no_task_here(client, joint, reviewer):
    other = filed(company_with_everything(), claim(ALONE))
    client.force_login(reviewer)

    response = answer_to(client, other, task=open_tasks(joint)[0], verdict="agree")

    assert response.status_code == 404


def test_a_correction_shows_what_it_changed(client, reviewer, second, clock):
    application = filed(company_with_everything(), investment("52800000.00"))
    decide(open_tasks(application)[0], Verdict.RETURN, by=second, text="请剔除二手设备")
    application.refresh_from_db()
    clock.shift(timedelta(days=2))
    submit(application, investment("50123400.00"))
    client.force_login(reviewer)

    page = client.get(page_of(application)).content.decode()

    assert '<del class="num">52,800,000.00</del>' in page
    assert "50,123,400.00" in page
    assert "第 2 版" in page
    assert "计时暂停 2 个工作日" in page
    assert "请剔除二手设备" in page


def test_the_answer_is_awaited_and_then_shown_without_the_page(client, reviewer):
    application = filed(company_with_everything(), claim(ALONE))
    poll = reverse("case_answer", args=[case_of(application).pk])
    client.force_login(reviewer)
    page = client.get(page_of(application)).content.decode()
    assert f'hx-get="{poll}"' in page
    assert f'href="{page_of(application)}">刷新' in page

    keep_receipt(application, Reason.SUBMISSION)

    fragment = client.get(poll).content.decode()
    assert "hx-get" not in fragment
    assert "符合条件" in fragment
    assert "<html" not in fragment


def test_a_department_that_does_not_agree_is_told_to_who_determines(client, joint):
    for task in open_tasks(joint):
        against = task.department.code == DEVELOPMENT
        decide(
            task,
            Verdict.DISAGREE if against else Verdict.AGREE,
            text="与上级平台重复" if against else "",
        )
    client.force_login(person(SCIENCE, Role.LEAD))

    page = client.get(page_of(joint)).content.decode()

    assert "区发改局不同意" in page
    assert "与上级平台重复" in page


def test_the_demo_ends_a_public_notice_for_its_department_alone(client, world):
    application = at_stage(StageKind.PUBLIC_NOTICE, company_with_everything(), claim(ALONE))
    notice = case_of(application).public_notice_entries.get().notice
    url = reverse("demo_end_public_notice", args=[notice.pk])
    client.force_login(person(FINANCE, Role.FINANCE))
    assert "演示：让公示期满" not in client.get(page_of(application)).content.decode()
    assert client.post(url).status_code == 403

    client.force_login(person(INDUSTRY))
    page = client.get(page_of(application)).content.decode()
    assert "公示 2026-03-11 至 2026-03-17（5 个工作日）" in page
    assert "演示：让公示期满" in page
    assert client.get(url).status_code == 405
    assert client.post(url).url == notice.get_absolute_url()
    assert case_of(application).stage.kind == StageKind.APPROVAL


def test_every_stage_and_end_has_its_page(client, budget):
    reader = person(FINANCE, Role.AUDITOR)
    application = filed(company_with_everything(), claim(JOINED))
    client.force_login(reader)
    while case_of(application).stage is not None:
        response = client.get(page_of(application))
        assert response.status_code == 200
        assert case_of(application).stage.name in response.content.decode()
        advance(application)
    assert client.get(page_of(application)).status_code == 200
