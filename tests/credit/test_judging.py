"""What the rules leave to people: nobody agrees before it was judged, and the reason is kept."""

import re

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import Role
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.models import Entry
from companies.models import CreditKind
from outbox.services import perform_due
from reviews import credit
from reviews.models import StageKind
from subsidies.applications.answers import differences
from subsidies.applications.enums import Status
from subsidies.models import CreditJudgement, Receipt
from tests import domain
from tests.credit.conftest import FINANCE, INDUSTRY, fined, listed, person
from tests.factories import MemberFactory


@pytest.fixture
def application(company):
    return domain.at_stage(StageKind.REVIEW, company)


@pytest.fixture
def judge_of(application):
    """The person who may do the case's open task."""
    return domain.someone_fresh(domain.open_tasks(application)[0])


def judge(application, entry, by, *, matters=False, text="与本项目无关"):
    return credit.judge(domain.case_of(application), entry, matters=matters, text=text, by=by)


def test_nobody_agrees_before_an_entry_was_judged(company, application, judge_of):
    entry = fined(company)
    task = domain.open_tasks(application)[0]

    with pytest.raises(Refused) as refusal:
        domain.decide(task, by=judge_of)

    told = refusal.value.messages[1]
    assert "还没有判断" in told
    assert "甬环罚〔2026〕3号" in told
    assert "九（二）" in told
    assert application.receipts.latest("pk").credit[0]["judgement"] is None
    judge(application, entry, judge_of)
    opinion = domain.decide(task, by=judge_of)
    assert opinion.receipt.credit[0]["judgement"]["text"] == "与本项目无关"
    assert not differences(Receipt.objects.get(pk=opinion.receipt_id))


def test_the_answer_of_a_case_says_what_is_left_to_people(client, company, application, judge_of):
    perform_due()
    client.force_login(judge_of)
    address = reverse("case_detail", args=[domain.case_of(application).pk])
    page = client.get(address).text
    assert 'class="answer answer-pass"' in page
    assert "项校验全部通过" in page

    entry = fined(company)
    page = client.get(address).text
    assert 'class="answer answer-warn"' in page
    assert "1 项待人工判断" in page
    assert "1 条信用记录还没有判断" in page
    assert "项校验全部通过" not in page
    assert checks_of(page) == ["没有一票否决的条目；1 条待人工判断"]

    judge(application, entry, judge_of)
    page = client.get(address).text
    assert 'class="answer answer-pass"' in page
    assert "没有一票否决的条目；1 条判断为不影响兑现" in page
    judge(application, entry, judge_of, matters=True)
    page = client.get(address).text
    assert 'class="answer answer-fail"' in page
    assert "没有一票否决的条目；1 条判断为影响兑现" in page
    assert "有信用记录已判断为影响兑现，不能同意" in page


def checks_of(page):
    """What the page says of the checks that wait for people."""
    return re.findall(r'check-warn">.*?check-why">(.*?)\s*</span>', page, re.DOTALL)


def test_the_page_of_a_refused_case_tells_the_entries_of_its_time(
    client, company, application, judge_of
):
    judge(application, fined(company), judge_of, matters=True)
    with pytest.raises(Refused):
        domain.decide(domain.open_tasks(application)[0], by=judge_of)
    domain.decide(domain.open_tasks(application)[0], "reject", by=judge_of)
    fined(company, number="甬环罚〔2026〕4号")
    client.force_login(judge_of)

    page = client.get(domain.case_of(application).get_absolute_url()).text

    assert "没有一票否决的条目；1 条判断为影响兑现" in page
    assert "待人工判断" not in page


def test_what_pages_tell_of_an_answer_leaves_its_receipt_alone(
    client, company, application, judge_of
):
    entry = fined(company)
    perform_due()
    receipt = application.receipts.latest("pk")
    client.force_login(judge_of)

    client.get(domain.case_of(application).get_absolute_url())

    checks = receipt.answer["claims"][0]["checks"]
    said = next(check for check in checks if check["code"] == "dishonesty")
    assert (said["outcome"], said["detail"]) == ("pass", "截至 2026-03-11 没有条目")
    assert receipt.credit[0]["entry"] == entry.pk
    assert not differences(Receipt.objects.get(pk=receipt.pk))


def test_the_company_is_told_before_and_after_filing_that_people_judge(client, company, clerk):
    fined(company)
    draft = domain.draft(company)
    client.force_login(clerk)
    item = reverse("policy_detail", args=[domain.ALONE])

    assert checks_of(client.get(item).text) == ["没有一票否决的条目；1 条待人工判断"]
    form = reverse("application_edit", args=[draft.pk])
    revision = type(draft).objects.get(pk=draft.pk).revision
    typed = {"level": domain.LEVELS[domain.ALONE], "event_date": "2025-06-30"}
    client.post(form, {"revision": revision, **typed})
    assert checks_of(client.get(form).text) == ["没有一票否决的条目；1 条待人工判断"]
    domain.submit(draft)
    perform_due()
    page = client.get(draft.get_absolute_url()).text

    assert checks_of(page) == ["没有一票否决的条目；1 条待人工判断"]
    assert "还要人工判断" in page
    assert "项校验全部通过" not in page


def test_nobody_agrees_past_an_entry_that_was_judged_to_matter(company, application, judge_of):
    judge(application, fined(company), judge_of, matters=True)

    with pytest.raises(Refused, match="判断为影响兑现"):
        domain.decide(domain.open_tasks(application)[0], by=judge_of)
    assert domain.decide(domain.open_tasks(application)[0], "reject", by=judge_of)


@pytest.mark.parametrize("verdict", ["return", "reject"])
def test_returning_and_refusing_need_no_judgement(company, application, judge_of, verdict):
    fined(company)

    assert domain.decide(domain.open_tasks(application)[0], verdict, by=judge_of)


@pytest.mark.parametrize("stage", [StageKind.DETERMINATION, StageKind.FINANCE, StageKind.APPROVAL])
def test_an_entry_that_came_later_is_judged_at_the_next_stage(company, budget, stage):
    application = domain.at_stage(stage, company)
    entry = fined(company)
    task = domain.open_tasks(application)[0]

    with pytest.raises(Refused, match="还没有判断"):
        domain.decide(task)
    judge(application, entry, domain.someone_fresh(task))
    assert domain.decide(task)


def test_accepting_needs_no_judgement(company):
    fined(company)

    assert domain.at_stage(StageKind.REVIEW, company)


def test_judged_again_the_newest_counts(company, application, judge_of):
    entry = fined(company)
    judge(application, entry, judge_of, matters=True)
    judge(application, entry, judge_of, text="复核后认为无关")

    assert domain.decide(domain.open_tasks(application)[0], by=judge_of)
    assert CreditJudgement.objects.count() == 2


@pytest.mark.parametrize("change", [{"kind": CreditKind.ABNORMAL}, {"grade": "serious"}])
def test_an_entry_that_became_another_is_judged_anew(company, application, judge_of, change):
    entry = fined(company)
    judge(application, entry, judge_of)
    type(entry).objects.filter(pk=entry.pk).update(**change)

    with pytest.raises(Refused, match="还没有判断"):
        domain.decide(domain.open_tasks(application)[0], by=judge_of)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"matters": None}, "请选择"),
        ({"text": "  "}, "请写明判断的理由"),
        ({"text": "长" * 501}, "最多 500 个字"),
    ],
)
def test_a_judgement_is_a_choice_and_a_reason(company, application, judge_of, given, told):
    entry = fined(company)

    with pytest.raises(Refused, match=told):
        judge(application, entry, judge_of, **given)
    assert not CreditJudgement.objects.exists()


def test_the_database_wants_a_reason_too(company, application, judge_of):
    entry = fined(company)

    with pytest.raises(IntegrityError, match="has_a_reason"), transaction.atomic():
        CreditJudgement.objects.create(
            application=application,
            entry=entry,
            kind="penalty",
            matters=False,
            text="",
            by=judge_of,
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE subsidies_creditjudgement SET matters = NOT matters",
        "DELETE FROM subsidies_creditjudgement",
        "TRUNCATE subsidies_creditjudgement",
    ],
)
def test_the_database_keeps_judgements(company, application, judge_of, statement):
    judge(application, fined(company), judge_of)

    with pytest.raises(domain.REFUSED_BY_TRIGGER):
        domain.execute(statement)


def test_what_blocks_or_was_repaired_is_not_for_people(company, application, judge_of):
    for entry in (listed(company), fined(company, repaired_on=domain.TODAY)):
        with pytest.raises(StateChanged, match="不用判断"):
            judge(application, entry, judge_of)


def test_only_whose_task_it_is_judges(company, application):
    entry = fined(company)
    others = [
        person(FINANCE, Role.FINANCE),
        person(FINANCE, Role.AUDITOR),
        person("jb-science", Role.REVIEWER),
        domain.clerk_of(company),
    ]

    for by in others:
        with pytest.raises(NotAllowed):
            judge(application, entry, by)


def test_nobody_judges_their_own_company(company, application, judge_of):
    entry = fined(company)
    MemberFactory(user=judge_of, company=company)

    with pytest.raises(NotAllowed):
        judge(application, entry, judge_of)


def test_after_the_approval_the_lead_department_judges(company, budget):
    application = domain.approved(company)
    entry = fined(company)

    with pytest.raises(NotAllowed):
        judge(application, entry, person(FINANCE, Role.FINANCE))
    assert judge(application, entry, person(INDUSTRY, Role.REVIEWER))


def test_a_judgement_is_recorded(company, application, judge_of):
    judge(application, fined(company), judge_of)

    entry = Entry.objects.get(action="case.credit_judged")
    assert entry.actor == judge_of
    assert entry.data["text"] == "与本项目无关"
    assert entry.about_id == str(application.pk)


# Pages


def test_an_entry_is_judged_on_the_page_of_the_case(client, company, application, judge_of):
    entry = fined(company)
    case = domain.case_of(application)
    url = reverse("case_judge", args=[case.pk, entry.pk])
    client.force_login(judge_of)

    shown = client.get(case.get_absolute_url()).content.decode()
    assert "待判断" in shown
    assert "甬环罚〔2026〕3号" in shown
    refused = client.post(url, {f"entry-{entry.pk}-matters": "no"})
    assert refused.status_code == 422
    assert "请写明判断的理由" in refused.content.decode()
    given = {f"entry-{entry.pk}-matters": "no", f"entry-{entry.pk}-text": "金额很小"}
    assert client.post(url, given).url == case.get_absolute_url()
    shown = client.get(case.get_absolute_url()).content.decode()
    assert "判断为不影响" in shown
    assert "金额很小" in shown


def test_others_see_the_entry_and_no_form(client, company, application):
    entry = fined(company)
    case = domain.case_of(application)
    client.force_login(person(FINANCE, Role.AUDITOR))

    shown = client.get(case.get_absolute_url()).content.decode()
    assert "由区经信局（部门经办）在现在的“初审”环节判断" in shown
    given = {f"entry-{entry.pk}-matters": "no", f"entry-{entry.pk}-text": "无"}
    url = reverse("case_judge", args=[case.pk, entry.pk])
    assert client.post(url, given).status_code == 403
    client.force_login(person("jb-commerce", Role.REVIEWER))
    assert client.post(url, given).status_code == 404


@pytest.mark.parametrize("stage", [StageKind.ACCEPTANCE, StageKind.DETERMINATION])
def test_before_the_first_review_the_page_says_where_and_by_whom_an_entry_is_judged(
    client, company, stage
):
    application = domain.at_stage(stage, company)
    fined(company)
    # Corrected, it begins again at the first review.
    domain.decide(domain.open_tasks(application)[0], "return")
    client.force_login(person(INDUSTRY, Role.REVIEWER))

    page = client.get(domain.case_of(application).get_absolute_url()).text

    assert "现在不用判断；到“初审”环节由区经信局（部门经办）判断。" in page


def test_on_acceptance_an_entry_is_said_to_be_judged_later(client, company):
    fined(company)
    client.force_login(person(INDUSTRY, Role.REVIEWER))

    page = client.get(domain.case_of(domain.filed(company)).get_absolute_url()).text

    assert "现在不用判断；到“初审”环节由区经信局（部门经办）判断。" in page


def test_after_the_approval_others_read_that_the_lead_department_judges(client, company, budget):
    application = domain.approved(company)
    fined(company)
    client.force_login(person(FINANCE, Role.FINANCE))

    page = client.get(domain.case_of(application).get_absolute_url()).text

    assert "由主办部门（区经信局）在拨付以前判断" in page


def test_the_company_is_told_what_stands_against_it_and_how_to_repair_it(
    client, company, application, clerk, judge_of
):
    listed(company)
    entry = fined(company)
    client.force_login(clerk)

    shown = client.get(application.get_absolute_url()).content.decode()

    for told in ("甬税〔2026〕7号", "甬环罚〔2026〕3号", "九（二）", "修复前不能兑现", "信用修复"):
        assert told in shown
    judge(application, entry, judge_of, text="内部理由")
    shown = client.get(application.get_absolute_url()).content.decode()
    assert "审核部门判断为不影响兑现" in shown
    assert "内部理由" not in shown


def test_the_form_tells_before_filing(client, company, clerk):
    listed(company)
    draft = domain.draft(company, complete=False)
    client.force_login(clerk)

    shown = client.get(reverse("application_edit", args=[draft.pk])).content.decode()

    assert "甬税〔2026〕7号" in shown
    assert "修复前不能兑现" in shown


def test_after_the_repair_nobody_in_the_case_reads_of_it(client, company, application, judge_of):
    entry = fined(company)
    judge(application, entry, judge_of)
    type(entry).objects.filter(pk=entry.pk).update(repaired_on=domain.TODAY)
    case = domain.case_of(application)

    for reader in (judge_of, domain.clerk_of(company)):
        client.force_login(reader)
        url = application if reader != judge_of else case
        shown = client.get(url.get_absolute_url()).content.decode()
        assert "排污罚款" not in shown
        assert "甬环罚" not in shown
    assert application.status == Status.IN_REVIEW
