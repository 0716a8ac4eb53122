"""The worklist: whose cases are in it, what it says of them, and that it stays quick."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role
from companies.models import CreditEntry
from reviews.models import StageKind, Verdict
from subsidies.applications.answers import keep_receipt
from subsidies.applications.enums import Reason
from subsidies.models import CreditJudgement
from tests.credit.conftest import fined
from tests.domain import (
    ALONE,
    JOINED,
    TODAY,
    at_stage,
    case_of,
    claim,
    company_with_everything,
    decide,
    filed,
    investment,
    open_tasks,
)
from tests.workspace.conftest import COMMERCE, DEVELOPMENT, FINANCE, INDUSTRY, SCIENCE, person

WORKLIST = "/workspace/"


def checked(*claims, **company):
    """A filed application with its answer kept, as the check job leaves it."""
    application = filed(company_with_everything(**company), *claims)
    keep_receipt(application, Reason.SUBMISSION)
    return application


def numbers(response) -> list[str]:
    return [row.case.application.number for row in response.context["rows"]]


def counts(response) -> dict[str, int]:
    return {view.code: view.count for view in response.context["views"]}


def test_a_reviewer_finds_the_cases_of_the_own_department(client, reviewer):
    mine = checked(claim(ALONE))
    checked(claim(JOINED))  # 区科技局 leads it
    client.force_login(reviewer)

    response = client.get(WORKLIST)

    assert numbers(response) == [mine.number]
    assert mine.company.name in response.content.decode()


def test_a_row_says_checks_amounts_and_days_left(client, reviewer):
    checked(investment("60000000.00", requested=Decimal("3600000.00")))
    client.force_login(reviewer)

    page = client.get(WORKLIST).content.decode()

    assert "9 项通过" in page
    assert "3,600,000.00" in page
    assert "3,000,000.00" in page
    assert "少 600,000.00" in page
    assert "剩 <b>2</b> 天" in page


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (0, "剩 <b>2</b> 天"),
        (1, "剩 <b>1</b> 天"),
        (2, "<b>今日</b>到期"),
        (3, "超期 <b>1</b> 天"),  # a Saturday: over, though no working day has passed
        (5, "超期 <b>1</b> 天"),
        (6, "超期 <b>2</b> 天"),
    ],
)
def test_days_left_are_working_days(client, reviewer, clock, day, expected):
    checked(claim(ALONE))
    clock.shift(timedelta(days=day))
    client.force_login(reviewer)

    assert expected in client.get(WORKLIST).content.decode()


def test_what_is_refused_and_what_is_unknown_say_so(client, reviewer):
    refused = checked(investment("1500000.00"))
    unknown = checked(investment("5000000.00"), fiscal_contribution=None)
    client.force_login(reviewer)

    response = client.get(WORKLIST)
    texts = {
        row.case.application.number: (row.checks.kind, row.checks.text)
        for row in response.context["rows"]
    }

    assert texts[refused.number] == ("fail", "1 项不通过")
    assert texts[unknown.number] == ("unknown", "缺 1 个数据")
    assert "另有 1 件待定" in response.content.decode()


def test_an_answer_that_has_not_come_yet_is_awaited(client, reviewer):
    filed(company_with_everything(), claim(ALONE))
    client.force_login(reviewer)

    assert "正在校验" in client.get(WORKLIST).content.decode()


def test_a_co_department_finds_a_case_when_it_is_asked(client, world):
    application = at_stage(StageKind.JOINT, company_with_everything(), claim(JOINED))
    client.force_login(person(DEVELOPMENT))
    assert numbers(client.get(WORKLIST)) == [application.number]

    client.force_login(person(SCIENCE, number=2))
    response = client.get(WORKLIST, {"view": "others"})
    assert numbers(response) == [application.number]
    assert counts(response)["todo"] == 0


def test_another_department_finds_nothing(client, world):
    checked(claim(ALONE))
    client.force_login(person(COMMERCE))

    assert numbers(client.get(WORKLIST)) == []
    assert numbers(client.get(reverse("case_list"))) == []


def test_the_views_count_what_they_hold(client, reviewer, clock):
    checked(claim(ALONE))
    returned = checked(claim(ALONE))
    decide(open_tasks(returned)[0], Verdict.RETURN)
    rejected = checked(claim(ALONE))
    decide(open_tasks(rejected)[0], Verdict.REJECT)
    clock.shift(timedelta(days=7))
    checked(claim(ALONE))
    client.force_login(reviewer)

    response = client.get(WORKLIST)

    assert counts(response) == {
        "todo": 2, "alerts": 0, "overdue": 1, "soon": 1, "returned": 1, "others": 0, "done": 1,
    }  # fmt: skip
    for view, count in counts(response).items():
        assert len(numbers(client.get(WORKLIST, {"view": view}))) == count


def test_a_case_one_has_decided_on_is_no_longer_in_the_own_list(client, reviewer, second):
    application = checked(claim(ALONE))
    decide(open_tasks(application)[0], by=reviewer)

    client.force_login(reviewer)
    assert numbers(client.get(WORKLIST)) == []
    client.force_login(second)
    assert numbers(client.get(WORKLIST)) == [application.number]


def test_the_next_case_is_the_one_whose_time_runs_out_first(client, reviewer, clock):
    urgent = checked(claim(ALONE))
    clock.shift(timedelta(days=1))
    checked(claim(ALONE))
    client.force_login(reviewer)

    assert client.get(WORKLIST).context["next_case"] == case_of(urgent)


@pytest.mark.parametrize("wanted", ["number", "company", "uscc", "subject"])
def test_a_case_is_found_by_what_people_know_of_it(client, reviewer, wanted):
    checked(claim(ALONE))
    application = checked(investment("8000000.00", subject="精密冲压线"))
    text = {
        "number": application.number,
        "company": application.company.name[2:],
        "uscc": application.company.uscc,
        "subject": "冲压线",
    }[wanted]
    client.force_login(reviewer)

    assert numbers(client.get(WORKLIST, {"q": text})) == [application.number]


def test_the_filters_narrow_the_list(client, reviewer):
    passed = checked(claim(ALONE))
    refused = checked(investment("1500000.00"))
    returned = checked(claim(ALONE))
    decide(open_tasks(returned)[0], Verdict.RETURN)
    company = passed.company
    company.street = "330205103"
    company.save()
    client.force_login(reviewer)

    def found(**filters):
        return set(numbers(client.get(reverse("case_list"), filters)))

    assert found(item="jb24-03") == {refused.number}
    assert found(stage="acceptance") == {passed.number, refused.number}
    assert found(stage="returned") == {returned.number}
    assert found(check="fail") == {refused.number}
    assert found(check="pass") == {passed.number, returned.number}
    assert found(check="unknown") == set()
    assert found(street="330205103") == {passed.number}


def test_the_table_says_the_order_that_it_is_in(client, reviewer):
    filed(company_with_everything(), claim(ALONE))
    client.force_login(reviewer)

    by_urgency = client.get(WORKLIST).text
    assert "结论有变的在前，再按剩余工作日从少到多</caption>" in by_urgency
    assert "aria-sort" not in by_urgency
    by_company = client.get(WORKLIST, {"sort": "company"}).text
    assert "待办办件</caption>" in by_company
    assert by_company.count("aria-sort") == 1


def test_columns_sort_both_ways(client, reviewer):
    small = checked(claim(ALONE, requested=Decimal("8000.00")))
    large = checked(investment("12345678.90", requested=Decimal("700000.00")))
    client.force_login(reviewer)

    for column in ("requested", "payable", "number"):
        up = numbers(client.get(WORKLIST, {"sort": column}))
        down = numbers(client.get(WORKLIST, {"sort": f"-{column}"}))
        assert up == [small.number, large.number]
        assert down == [large.number, small.number]


def test_a_row_tells_what_waits_for_a_judgement_as_the_case_does(client, reviewer):
    application = checked(claim(ALONE))
    entry = fined(application.company)
    client.force_login(reviewer)

    def told():
        (row,) = client.get(WORKLIST).context["rows"]
        return row.checks.kind, row.checks.text

    assert told() == ("warn", "1 项待人工判断")
    for matters, expected in ((True, ("fail", "1 项不通过")), (False, ("pass", "9 项通过"))):
        CreditJudgement.objects.create(
            application=application,
            entry=entry,
            kind=entry.kind,
            grade=entry.grade,
            matters=matters,
            text="理由",
            by=reviewer,
        )
        assert told() == expected


def test_a_row_of_a_closed_case_tells_the_entries_of_its_time(client, reviewer):
    application = at_stage(StageKind.REVIEW, company_with_everything(), claim(ALONE))
    keep_receipt(application, Reason.SUBMISSION)
    decide(open_tasks(application)[0], "reject")
    fined(application.company)
    client.force_login(reviewer)

    (row,) = client.get(WORKLIST, {"view": "done"}).context["rows"]

    assert row.checks.kind == "pass"


def test_the_page_adds_up_what_it_shows(client, reviewer):
    checked(claim(ALONE, requested=Decimal("8000.00")))
    checked(investment("60000000.00", requested=Decimal("3600000.00")))
    client.force_login(reviewer)

    totals = client.get(WORKLIST).context["totals"]

    assert totals.requested == Decimal("3608000.00")
    assert totals.payable == Decimal("3008000.00")


def test_a_full_page_asks_no_more_of_the_database_than_a_short_one(client, reviewer):
    client.force_login(reviewer)
    fined(checked(claim(ALONE)).company)
    with CaptureQueriesContext(connection) as short:
        client.get(WORKLIST)
    for _number in range(7):
        fined(checked(claim(ALONE)).company)
    with CaptureQueriesContext(connection) as full:
        client.get(WORKLIST)

    assert len(full) == len(short)
    assert len(full) <= 28


def test_long_lists_have_pages(client, reviewer):
    for _number in range(16):
        filed(company_with_everything(), claim(ALONE))
    client.force_login(reviewer)

    first = client.get(WORKLIST)
    second = client.get(WORKLIST, {"page": 2})

    assert len(numbers(first)) == 15
    assert len(numbers(second)) == 1
    assert re.search(r"第 16—16 件，共 16 件", second.content.decode())


def test_only_those_who_work_on_cases_come_in(client, world, stranger, auditor):
    assert client.get(WORKLIST).status_code == 302
    client.force_login(stranger)
    assert client.get(WORKLIST).status_code == 403
    client.force_login(person(FINANCE, Role.POLICY_OFFICER))
    assert client.get(WORKLIST).url == reverse("home")
    client.force_login(auditor)
    assert client.get(WORKLIST).url == reverse("case_list")
    for role in (Role.REVIEWER, Role.LEAD):
        client.force_login(person(INDUSTRY, role))
        assert client.get(WORKLIST).status_code == 200
    client.force_login(person(FINANCE, Role.FINANCE))
    assert client.get(WORKLIST).status_code == 200


def test_a_credit_entry_of_the_company_shows_in_the_list(client, reviewer):
    company = company_with_everything()
    CreditEntry.objects.create(company=company, title="拖欠工程款", listed_on=TODAY)
    application = filed(company, claim(ALONE))
    keep_receipt(application, Reason.SUBMISSION)
    client.force_login(reviewer)

    assert "1 项不通过" in client.get(WORKLIST).content.decode()
