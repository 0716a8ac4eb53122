"""Every check seen passing, failing and, where it can be, unknown; right at its boundary."""

import pytest

from subsidies.rules.answer import Outcome
from tests.rules.asking import (
    FACTS,
    NOT_GIVEN,
    YINZHOU,
    ask,
    ask_one,
    award,
    changed,
    check,
    claim,
    company,
)

LEADER = claim("jb24-22a/provincial")
BOND = "jb24-19d/bond"
TECHNICAL = "jb24-03/general"


def years(**figures):
    """`years(y2024={...})` for the company's `years`."""
    return {year.removeprefix("y"): facts for year, facts in figures.items()}


@pytest.mark.parametrize(
    ("code", "asked", "facts", "outcome", "told"),
    [
        ("open", LEADER, {}, "pass", "写明"),
        ("open", claim("jb24-17c/top50"), {}, "fail", "实施细则录入后才能申报"),
        ("validity", claim("jb24-22a/provincial", "2024-01-01"), {}, "pass", "2024-01-01"),
        ("validity", claim("jb24-22a/provincial", "2023-12-31"), {}, "fail", "早于 2024-01-01"),
        ("validity", claim("jb24-22a/provincial", "2099-12-31"), {}, "pass", "2099-12-31"),
        ("validity", claim("jb22-1b/upscale", "2025-12-31"), {}, "pass", "2025-12-31"),
        ("validity", claim("jb22-1b/upscale", "2026-01-01"), {}, "fail", "晚于 2025-12-31"),
        ("registered", LEADER, {}, "pass", "注册地：宁波市江北区"),
        ("registered", LEADER, {"district": "江北区"}, "fail", "须在宁波市江北区注册"),
        ("registered", LEADER, {"district": NOT_GIVEN}, "unknown", "还缺注册地"),
        ("misconduct", LEADER, {}, "pass", "2024 年度没有"),
        (
            "misconduct",
            LEADER,
            {"incidents": [{"kind": "tax_evasion", "date": "2024-01-01"}]},
            "fail",
            "2024-01-01 偷税",
        ),
        (
            "misconduct",
            LEADER,
            {"incidents": [{"kind": "fraud", "date": "2023-12-31"}]},
            "pass",
            "2024 年度没有",
        ),
        ("dishonesty", LEADER, {}, "pass", "截至 2024-12-31 没有条目"),
        (
            "dishonesty",
            LEADER,
            {"dishonesty": [{"listed_on": "2024-12-31"}]},
            "fail",
            "修复后可以申请",
        ),
        (
            "dishonesty",
            LEADER,
            {"dishonesty": [{"listed_on": "2024-01-01", "repaired_on": "2025-01-01"}]},
            "fail",
            "没有修复",
        ),
        (
            "dishonesty",
            LEADER,
            {"dishonesty": [{"listed_on": "2024-01-01", "repaired_on": "2024-12-31"}]},
            "pass",
            "已于 2024-12-31 修复",
        ),
        ("no_rd", LEADER, {}, "pass", "2024 年度研发投入 5,200,000.00 元"),
        (
            "no_rd",
            LEADER,
            {"years": years(y2024={"rd_spend": "0.01"}), "industry": NOT_GIVEN},
            "pass",
            "0.01 元",
        ),
        ("no_rd", LEADER, {"years": years(y2024={"rd_spend": "0"})}, "fail", "须有研发投入"),
        (
            "no_rd",
            LEADER,
            {"years": years(y2024={"rd_spend": NOT_GIVEN})},
            "unknown",
            "还缺 2024 年度研发投入",
        ),
        (
            "no_rd",
            LEADER,
            {"years": years(y2024={"rd_spend": "0"}), "above_scale": NOT_GIVEN},
            "unknown",
            "还缺是否规上企业",
        ),
        (
            "no_rd",
            LEADER,
            {
                "years": years(y2024={"rd_spend": "0"}),
                "above_scale": NOT_GIVEN,
                "industry": "I6513",
            },
            "pass",
            "不属工业",
        ),
        (
            "no_rd",
            LEADER,
            {"years": years(y2024={"rd_spend": NOT_GIVEN}), "above_scale": False},
            "pass",
            "只限规上工业企业",
        ),
        ("comprehensive", LEADER, {}, "pass", "没有"),
        ("comprehensive", LEADER, {"comprehensive_support": True}, "fail", "综合扶持"),
        (
            "condition",
            claim(TECHNICAL, recognised_investment="2000000"),
            {},
            "pass",
            "门槛 2,000,000.00 元",
        ),
        (
            "condition",
            claim(TECHNICAL, recognised_investment="1999999.99"),
            {},
            "fail",
            "认定投资额 1,999,999.99 元，低于门槛 2,000,000.00 元，还差 0.01 元",
        ),
        ("condition", claim(TECHNICAL), {}, "unknown", "暂不能判断：还缺认定投资额"),
        ("condition", claim("jb24-10a/increment"), {}, "pass", "增加 1,200,000.00 元"),
        (
            "condition",
            claim("jb24-10a/increment"),
            {"years": years(y2023={"rd_spend": "5200000.00"})},
            "fail",
            "还差 0.01 元",
        ),
        (
            "condition",
            claim("jb24-10a/increment"),
            {"years": years(y2023={"rd_spend": NOT_GIVEN})},
            "unknown",
            "暂不能判断：还缺 2023 年度研发投入",
        ),
        (
            "condition",
            claim("jb24-10a/increment"),
            {"years": years(y2023={"rd_spend": NOT_GIVEN}, y2024={"rd_spend": NOT_GIVEN})},
            "unknown",
            "还缺 2024 年度研发投入、2023 年度研发投入",
        ),
        (
            "condition",
            claim("jb24-10a/increment"),
            {"years": years(y2023={"rd_spend": NOT_GIVEN}, y2024={"rd_spend": "0.00"})},
            "fail",
            "无论上年多少都不够",
        ),
        (
            "condition",
            claim("jb22-4b/over-10m"),
            {"years": years(y2023={"rd_spend": "10000000.01"})},
            "pass",
            "10,000,000.01 元",
        ),
        (
            "condition",
            claim("jb22-4b/over-10m"),
            {"years": years(y2023={"rd_spend": "10000000.00"})},
            "fail",
            "未超过门槛 10,000,000.00 元，还差 0.01 元",
        ),
        (
            "condition",
            claim("jb22-4b/over-10m"),
            {"years": years(y2023={"rd_spend": NOT_GIVEN})},
            "unknown",
            "还缺 2023 年度研发投入",
        ),
        ("condition", claim("jb22-8b/overseas", proceeds="200000000"), {}, "pass", "募集资金"),
        (
            "condition",
            claim("jb22-8b/overseas", proceeds="199999999.99"),
            {},
            "fail",
            "还差 0.01 元",
        ),
        ("condition", claim("jb22-8b/overseas"), {}, "unknown", "还缺募集资金"),
        (
            "condition",
            claim(BOND, proceeds="0.03", invested_in_district="0.02"),
            {},
            "pass",
            "须达到 50%",
        ),
        (
            "condition",
            claim(BOND, proceeds="0.03", invested_in_district="0.01"),
            {},
            "fail",
            "还差 0.01 元",
        ),
        (
            "condition",
            claim(BOND, invested_in_district="0"),
            {},
            "fail",
            "没有资金投向区内",
        ),
        ("condition", claim(BOND, proceeds="5"), {}, "unknown", "还缺投向区内的资金"),
        ("condition", claim(BOND, invested_in_district="5"), {}, "unknown", "还缺募集资金"),
        ("condition", claim("jb24-17b/faster"), {"above_scale": False}, "pass", "规下"),
        ("condition", claim("jb24-17b/faster"), {}, "fail", "只面向规下企业"),
        (
            "condition",
            claim("jb24-17b/faster"),
            {"above_scale": NOT_GIVEN},
            "unknown",
            "还缺是否规上企业",
        ),
        ("condition", claim("jb24-13a/diagnosis"), {"industry": "06"}, "pass", "属工业"),
        ("condition", claim("jb24-13a/diagnosis"), {"industry": "A05"}, "fail", "不属工业"),
        (
            "condition",
            claim("jb24-13a/diagnosis"),
            {"industry": NOT_GIVEN, "above_scale": False},
            "fail",
            "属规下企业",
        ),
        ("condition", claim("jb24-13a/diagnosis"), {"industry": NOT_GIVEN}, "unknown", "行业代码"),
        ("condition", claim("jb24-18/1b"), {"industry": "13"}, "pass", "属制造业"),
        ("condition", claim("jb24-18/1b"), {"industry": "C43"}, "pass", "属制造业"),
        # The letter is not used: the digits 12 are mining, whatever stands before them.
        ("condition", claim("jb24-18/1b"), {"industry": "C12"}, "fail", "不属制造业"),
        ("condition", claim("jb24-18/1b"), {"industry": "4412"}, "fail", "不属制造业"),
        ("condition", claim("jb24-17a/upscale"), {"industry": "4612"}, "pass", "属工业"),
        ("condition", claim("jb24-17a/upscale"), {"industry": "E47"}, "fail", "不属工业"),
        ("condition", claim("jb22-1c/leader"), {"high_tech": False}, "fail", "高新技术企业"),
        (
            "condition",
            claim("jb22-4a/with-institution"),
            {"rd_institution": None},
            "fail",
            "有市级及以上研发机构（不通过）",
        ),
        (
            "condition",
            claim("jb22-4a/with-institution"),
            {"rd_institution": "national"},
            "pass",
            "有市级及以上研发机构（通过）",
        ),
        (
            "condition",
            claim("jb22-4a/with-institution"),
            {"rd_institution": NOT_GIVEN},
            "unknown",
            "有市级及以上研发机构（无法判断）",
        ),
    ],
)
def test_a_check_is_decided_by_the_fact_that_it_names(code, asked, facts, outcome, told):
    found = check(ask_one(asked, company=company(**facts)), code)

    assert found.outcome == outcome
    assert told in found.detail
    assert found.clause


@pytest.mark.parametrize(
    ("facts", "outcome", "told"),
    [
        ({}, "pass", "2,100,000.00 元"),
        ({"years": years(y2026={"rd_spend": "2099999.99"})}, "fail", "还差 0.01 元"),
        ({"industry_rd_intensity": "0.0210000000000000000001"}, "fail", "还差 0.01 元"),
        ({"industry_rd_intensity": "0"}, "pass", "0.00 元"),
        ({"industry_rd_intensity": NOT_GIVEN}, "unknown", "还缺行业平均研发强度"),
        ({"years": years(y2026={"revenue": NOT_GIVEN})}, "unknown", "还缺 2026 年度营业收入"),
        (
            {"years": years(y2026={"revenue": "0", "rd_spend": NOT_GIVEN})},
            "pass",
            "0.00 元",
        ),
    ],
)
def test_spending_is_held_against_the_exact_average_of_the_industry(facts, outcome, told):
    asked = claim("yz26-6b/institution", "2026-05-01", subject="研究院")

    answer = ask_one(asked, company=changed(changed(FACTS, YINZHOU), facts))
    found = check(answer, "rd_below_industry")

    assert found.outcome == outcome
    assert told in found.detail


@pytest.mark.parametrize(
    ("level", "subject", "earlier", "year", "earlier_subject", "outcome"),
    [
        # first, once: the same level of the same subject, whatever the year and the amount
        ("jb24-22a/provincial", "", "jb24-22a/provincial", 1999, "", "fail"),
        ("jb24-12/prov-factory", "甲", "jb24-12/city-factory", 2024, "甲", "pass"),
        ("jb24-12/prov-factory", "甲", "jb24-12/prov-factory", 2024, "乙", "pass"),
        ("jb24-12/prov-factory", "甲", "jb24-12/prov-factory", 2024, "甲", "fail"),
        ("jb24-12/prov-factory", "", "jb24-12/prov-factory", 2024, "", "fail"),
        ("jb24-12/prov-factory", "甲", "jb24-12/prov-factory", 2024, "甲 ", "pass"),
        # subject: any level of the item for the same subject
        ("jb24-09d/first", "甲", "jb24-09d/third", 2020, "甲", "fail"),
        ("jb24-09d/first", "甲", "jb24-09d/first", 2024, "乙", "pass"),
        # year: any level or subject, in the same policy year only
        ("jb22-4a/general", "", "jb22-4a/with-institution", 2024, "x", "fail"),
        ("jb22-4a/general", "", "jb22-4a/general", 2023, "", "pass"),
        # a company has no subject, whatever is written there
        ("jb24-22a/provincial", "一", "jb24-22a/provincial", 2023, "二", "fail"),
    ],
)
def test_what_was_granted_before_uses_up_what_is_granted_once(
    level, subject, earlier, year, earlier_subject, outcome
):
    history = [award(earlier, year, "0.00", earlier_subject)]

    found = check(ask_one(claim(level, subject=subject), history=history), "once")

    assert found.outcome == outcome


@pytest.mark.parametrize(
    ("level", "subject", "earlier", "year", "earlier_subject", "outcome"),
    [
        ("jb24-21a/first", "", "jb22-1a/first", 2022, "", "fail"),
        ("jb24-21a/first", "", "jb22-1a/again", 2024, "", "pass"),
        ("jb24-21a/first", "", "jb22-2a/moved-in", 2022, "x", "fail"),
        ("jb24-21a/again", "", "jb22-1a/again", 2024, "", "fail"),
        ("jb24-21a/again", "", "jb22-1a/again", 2023, "", "pass"),
        ("jb24-08a/prov-key-lab", "甲", "jb22-5/city-key-lab", 2022, "甲", "fail"),
        ("jb24-08a/prov-key-lab", "甲", "jb22-5/city-key-lab", 2022, "乙", "pass"),
    ],
)
def test_two_items_for_one_matter_are_paid_once_between_them(
    level, subject, earlier, year, earlier_subject, outcome
):
    history = [award(earlier, year, "0.00", earlier_subject)]

    found = check(ask_one(claim(level, subject=subject), history=history), "exclusive")

    assert found.outcome == outcome


def test_a_refused_repeat_tells_when_and_how_much_was_granted():
    found = check(ask_one(LEADER, history=[award("jb24-22a/provincial", 2023, "50000.00")]), "once")

    assert found.detail == "“provincial”这一档已于 2023 年兑现 50,000.00 元，只奖一次"


def test_an_earlier_claim_of_the_question_counts_as_history():
    first, second = ask(LEADER, LEADER).claims

    assert check(first, "once").outcome is Outcome.PASSED
    assert check(second, "once").outcome is Outcome.FAILED


def test_the_first_failure_hides_no_other_and_the_order_is_fixed():
    answer = ask_one(
        claim("jb24-18/1b", "2023-05-01"),
        company={
            "district": "宁波市海曙区",
            "industry": "I65",
            "comprehensive_support": True,
            "incidents": [{"kind": "food", "date": "2023-01-01"}],
            "dishonesty": [{"listed_on": "2020-01-01"}],
        },
        history=[award("jb24-18/1b", 2020, "1")],
    )

    assert [(found.code, found.outcome.value) for found in answer.checks] == [
        ("open", "pass"),
        ("validity", "fail"),
        ("registered", "fail"),
        ("misconduct", "fail"),
        ("dishonesty", "fail"),
        ("no_rd", "pass"),
        ("comprehensive", "fail"),
        ("condition", "fail"),
        ("once", "fail"),
    ]


def test_a_check_that_the_document_does_not_know_is_not_reported():
    codes = [found.code for found in ask_one(claim("jb22-8a/accepted")).checks]

    assert codes == ["open", "validity", "registered", "no_rd", "once", "exclusive"]


def test_the_comprehensive_support_itself_is_not_shut_out_by_itself():
    answer = ask_one(claim("jb24-02/case"), company=company(comprehensive_support=True))

    assert "comprehensive" not in [found.code for found in answer.checks]
    assert [found.code for found in answer.checks if found.outcome is Outcome.FAILED] == ["open"]


def test_dishonesty_is_judged_on_the_day_of_the_check_not_of_the_event():
    listed = company(dishonesty=[{"listed_on": "2024-03-01", "repaired_on": "2024-09-01"}])

    before = ask_one(LEADER, company=listed, as_of="2024-08-31")
    after = ask_one(LEADER, company=listed, as_of="2024-09-01")

    assert check(before, "dishonesty").outcome is Outcome.FAILED
    assert check(after, "dishonesty").outcome is Outcome.PASSED


def test_a_condition_that_fails_is_not_made_unknown_by_another():
    facts = company(high_tech=False, rd_institution=NOT_GIVEN)

    found = check(ask_one(claim("jb22-4a/with-institution"), company=facts), "condition")

    assert found.outcome is Outcome.FAILED
    assert found.missing == ()
    assert "有市级及以上研发机构（无法判断）" in found.detail
