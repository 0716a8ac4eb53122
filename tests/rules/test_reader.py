"""The form of a question: what is refused, where, and what the applicant is told to write."""

import json
from copy import deepcopy
from typing import Any

import pytest

from subsidies.rules.question import Allocation, Question, RdInstitution
from subsidies.rules.reader import parse_questions
from tests.rules.asking import TODAY, award, claim, company, faults_of, question, read
from tests.rules.catalogue import catalogue

WHOLE = question(
    claim("jb24-03/general", subject="压铸线改造"),
    history=[award("jb24-20/city-potential", 2024, "100000.00")],
    company=company(
        incidents=[{"kind": "safety", "date": "2023-05-03"}],
        dishonesty=[{"listed_on": "2022-01-01", "repaired_on": "2023-01-01"}],
    ),
)
NULL = None


def with_value(path: str, value: Any) -> dict[str, Any]:
    """WHOLE with one value put at `path`, written as faults write it."""
    asked = deepcopy(WHOLE)
    *parents, last = path.replace("[", ".[").split(".")
    place: Any = asked
    for key in parents:
        place = place[int(key[1:-1])] if key.startswith("[") else place[key]
    if last.startswith("["):
        place[int(last[1:-1])] = value
    else:
        place[last] = value
    return asked


def test_a_whole_question_has_no_fault():
    assert faults_of(json.dumps(WHOLE)) == []


@pytest.mark.parametrize(
    ("path", "value", "remedy"),
    [
        ("claim", [], "没有这个键"),
        ("company.rd_speend", "1", "没有这个键"),
        ("company.years.2024.profit", "1", "rd_spend、revenue、fiscal_contribution"),
        ("claims[0].note", NULL, "没有这个键"),
        ("history[0].id", "x", "没有这个键"),
        ("company.incidents[0].day", "2024-01-01", "没有这个键"),
        ("company", NULL, "缺少这一项"),
        ("claims", NULL, "缺少这一项"),
        ("claims[0].id", NULL, "缺少这一项"),
        ("claims[0].event_date", NULL, "缺少这一项"),
        ("history[0].year", NULL, "缺少这一项"),
        ("history[0].amount", NULL, "缺少这一项"),
        ("company.incidents[0].kind", NULL, "缺少这一项"),
        ("company.dishonesty[0].listed_on", NULL, "缺少这一项"),
        ("company", [], "应为对象"),
        ("claims", {}, "应为数组"),
        ("claims[0]", NULL, "应为对象，即花括号括起的键和值，现在是null"),
        ("history", "无", "应为数组"),
        ("company.years", [], "应为对象"),
        ("company.years.2024", "5200000", "应为对象"),
        ("company.name", 7, "加引号的字符串"),
        ("company.name", "\ud800", "重新输入"),
        ("claims[0].id", 1, "加引号的字符串"),
        ("claims[0].subject", True, "现在是布尔值"),
        ("company.above_scale", "true", "true 或 false"),
        ("company.high_tech", 1, "true 或 false"),
        ("claims[0].match_required", "是", "true 或 false"),
        ("history[0].year", "2024", "整数"),
        ("history[0].year", 2024.0, "整数"),
        ("history[0].year", True, "整数"),
        ("company.years.24", {}, "四位数字"),
        ("company.years.２０２４", NULL, "四位数字"),
        ("claims[0].requested", 1000, "加引号的数字"),
        ("claims[0].requested", 0.1, "加引号的数字"),
        ("claims[0].requested", "-1", "不带正负号"),
        ("claims[0].requested", "1e5", "加引号的数字"),
        ("claims[0].requested", "1,000.00", "不带正负号和逗号"),
        ("claims[0].requested", "１２", "加引号的数字"),
        ("claims[0].requested", "1.", "一至两位"),
        ("claims[0].requested", ".5", "一至两位"),
        ("claims[0].requested", "1.234", "一至两位"),
        ("claims[0].requested", "1\n", "一至两位"),
        ("claims[0].requested", "12345678901234", "至多十三位"),
        ("company.cultivation_cap", "", "加引号的数字"),
        ("company.years.2024.rd_spend", " 1", "加引号的数字"),
        ("claims[0].quantity", "1.23456", "一至四位"),
        ("claims[0].quantity", 12.5, "加引号的数字"),
        ("company.industry_rd_intensity", "2.1%", '"0.021"'),
        ("company.industry_rd_intensity", "12345678901234.5", '"0.021"'),
        ("as_of", "2024/12/31", "YYYY-MM-DD"),
        ("as_of", "20241231", "YYYY-MM-DD"),
        ("claims[0].event_date", "2024-6-30", "YYYY-MM-DD，例如 2024-06-30"),
        ("claims[0].event_date", "2023-02-29", "日历上没有 2023-02-29"),
        ("claims[0].event_date", "0000-01-01", "日历上没有"),
        ("company.incidents[0].date", 20240503, "YYYY-MM-DD"),
        ("claims[0].item", "jb24-99", "没有事项“jb24-99”"),
        ("history[0].item", "jb24-99", "没有事项“jb24-99”"),
        ("claims[0].level", "top", "可用的档次：general、key、featured"),
        ("history[0].level", "top", "可用的档次：national-champion"),
        ("company.incidents[0].kind", "fire", "safety、food"),
        ("company.rd_institution", "none", "municipal、provincial、national"),
        ("company.rd_institution", "区级", "municipal、provincial、national"),
        ("allocation", "by_size", "in_order、proportional"),
        ("company.industry", "c3912", "C3912"),
        ("company.industry", "U3912", "C3912"),
        ("company.industry", "CC39", "C3912"),
        ("company.industry", "C3", "C3912"),
        ("company.industry", "C39123", "C3912"),
        ("company.dishonesty[0].repaired_on", "2021-12-31", "不能早于列入日期 2022-01-01"),
        ("claims[0].proceeds", "0.00", "不能为 0"),
    ],
)
def test_one_fault_is_named_by_its_path_and_its_remedy(path, value, remedy):
    (fault,) = faults_of(json.dumps(with_value(path, value)))

    assert fault.path == path
    assert remedy in fault.message
    assert "\n" not in str(fault)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("claims", []),
        ("history", NULL),
        ("company", {}),
        ("company.years.2024", NULL),
        ("company.years.0999", {}),
        ("claims[0].requested", "1234567890123.99"),
        ("claims[0].requested", "007.5"),
        ("claims[0].quantity", "12.1234"),
        ("company.industry_rd_intensity", "0.02111111111111111111"),
        ("company.industry", "39"),
        ("company.industry", "391"),
        ("company.industry", "T96"),
        ("company.dishonesty[0].repaired_on", "2022-01-01"),
        ("claims[0].proceeds", "0.01"),
        ("claims[0].event_date", "2024-02-29"),
        ("claims[0].event_date", "2030-01-01"),
    ],
)
def test_what_the_form_allows_is_no_fault(path, value):
    assert faults_of(json.dumps(with_value(path, value))) == []


def test_every_fault_is_told_at_once():
    asked = deepcopy(WHOLE)
    asked["claims"][0] |= {"event_date": "2024-13-01", "requested": 5, "colour": "红"}
    asked["company"]["years"]["2024"]["rd_spend"] = "五百万"
    del asked["claims"][0]["level"]

    assert [fault.path for fault in faults_of(json.dumps(asked))] == [
        "company.years.2024.rd_spend",
        "claims[0].event_date",
        "claims[0].requested",
        "claims[0].colour",
        "claims[0].level",
    ]


def test_a_key_given_twice_is_a_fault_even_with_the_same_value():
    text = json.dumps(WHOLE).replace('"id": "0"', '"id": "0", "id": "0"')

    assert [str(fault) for fault in faults_of(text)] == [
        "claims[0].id：这个键写了不止一次，请只保留一处"
    ]


def test_a_year_given_twice_is_a_fault():
    text = '{"company": {"years": {"2024": {}, "2024": {}}}, "claims": []}'

    assert [fault.path for fault in faults_of(text)] == ["company.years.2024"]


def test_two_claims_with_one_id_are_a_fault_of_the_later():
    asked = deepcopy(WHOLE)
    asked["claims"] = [claim("jb24-22a/provincial"), claim("jb24-19a/reform"), asked["claims"][0]]

    assert [fault.path for fault in faults_of(json.dumps(asked))] == ["claims[1].id"]


def test_proceeds_below_what_was_invested_are_a_fault_even_where_the_item_uses_neither():
    asked = question(claim("jb24-19a/reform", proceeds="1.00", invested_in_district="1.01"))

    assert [fault.path for fault in faults_of(json.dumps(asked))] == ["claims[0].proceeds"]


def test_in_an_array_the_path_names_the_question():
    asked = [WHOLE, with_value("claims[0].id", NULL), NULL]

    assert [fault.path for fault in faults_of(json.dumps(asked))] == ["[1].claims[0].id", "[2]"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "不是有效的 JSON"),
        ("{'company': {}}", "第 1 行第 2 个字符"),
        ('{"claims": [],}', "不是有效的 JSON"),
        ("null", "现在是null"),
        ('"company"', "应为对象"),
        ("12", "应为对象"),
        ("NaN", "应为对象"),
        ("9" * 5000, "应为对象"),
        ("[" * 100_000, "嵌套层数过多"),
        ('{"company":' * 100_000, "嵌套层数过多"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
def test_text_that_is_no_question_gives_one_clear_fault(text, told):
    (fault,) = faults_of(text)

    assert fault.path == "$"
    assert told in fault.message


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_a_number_that_json_cannot_hold_is_a_fault_at_its_path(literal):
    text = json.dumps(WHOLE).replace('"year": 2024', f'"year": {literal}')

    assert [fault.path for fault in faults_of(text)] == ["history[0].year"]


def test_an_unknown_key_cannot_break_the_line_its_fault_is_told_on():
    (fault,) = faults_of('{"company": {}, "claims": [], "a\\nb": 1}')

    assert fault.path == '"a\\nb"'


def test_null_is_the_same_as_left_out():
    asked = with_value("company.high_tech", NULL)
    asked["allocation"] = asked["as_of"] = NULL

    found = read(asked)

    assert found.company.high_tech is None
    assert found.allocation is Allocation.IN_ORDER
    assert found.as_of == TODAY


def test_null_for_the_rd_institution_says_that_there_is_none():
    assert read(with_value("company.rd_institution", NULL)).company.rd_institution is (
        RdInstitution.NONE
    )


def test_an_array_is_read_in_order_and_an_object_stays_one():
    found = parse_questions(json.dumps([WHOLE, question()]), catalogue(), TODAY)

    assert [len(entry.claims) for entry in found] == [1, 0]
    assert parse_questions("[]", catalogue(), TODAY) == []
    assert isinstance(parse_questions(WHOLE, catalogue(), TODAY), Question)


def test_bytes_and_a_byte_order_mark_are_read():
    assert faults_of(b"\xef\xbb\xbf" + json.dumps(WHOLE, ensure_ascii=False).encode()) == []
