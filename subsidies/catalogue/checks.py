"""What the values of an edition mean together, and beside the other editions.

Each check yields the place (keys into what it was given) and the sentence; all problems are
reported at once. What does not have its form is reported by `schema` and not checked further,
the rest is.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from subsidies.catalogue.compiler import Body, base_of, levels_of, rate, yuan
from subsidies.catalogue.schema import Key, Problem, check_form, problem_at
from subsidies.catalogue.vocabulary import (
    APPLIES_TO,
    CLAIM_FACTS,
    CONDITION_FACTS,
    LADDERS,
    WITH_AMOUNT,
)
from subsidies.rules.edition import Formula, SetOff

Finding: TypeAlias = tuple[Sequence[Key], str]

# An amount's column holds twelve digits before the point.
TOO_MUCH = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an item is checked against. None means unknown, because that part of the files has
    problems of its own: nothing is reported twice."""

    rules: Collection[str] | None
    departments: Collection[str] | None
    levels: Mapping[str, Collection[str]] | None


def check_departments(file: str, data: Body) -> list[Problem]:
    """Codes and names of districts and departments that stand twice, a second finance office."""
    districts = data["districts"]
    findings: list[Finding] = [
        *_twice((["districts", n, "code"], row["code"]) for n, row in enumerate(districts)),
        *_twice((["districts", n, "name"], row["name"]) for n, row in enumerate(districts)),
    ]
    for n, district in enumerate(districts):
        for field in ("code", "short_name"):
            findings += _twice(
                (["districts", n, "departments", m, field], row[field])
                for m, row in enumerate(district["departments"])
            )
        finance = [m for m, row in enumerate(district["departments"]) if row.get("finance")]
        findings += (
            (["districts", n, "departments", m, "finance"], "一个区县只能有一个财政部门")
            for m in finance[1:]
        )
    return [problem_at(file, data, keys, message) for keys, message in findings]


def check_editions(
    bodies: Mapping[str, Any], districts: Sequence[Body], *, complete: bool = True
) -> list[Problem]:
    """Every problem of the editions, given by file name, in form and in meaning. Where they are
    not `complete`, an item that none of them has is not reported as missing."""
    departments = {
        district["name"]: {department["short_name"] for department in district["departments"]}
        for district in districts
    }
    levels = _levels_by_item(bodies.values()) if complete else None
    problems: list[Problem] = []
    for file, body in bodies.items():
        malformed = check_form(file, body)
        problems += malformed
        if isinstance(body, Mapping):
            problems += (
                problem_at(file, body, keys, message)
                for keys, message in _check_edition(file, body, malformed, departments, levels)
            )
    return problems


def _check_edition(
    file: str,
    body: Body,
    malformed: Sequence[Problem],
    departments: Mapping[str, Collection[str]],
    levels: Mapping[str, Collection[str]] | None,
) -> Iterator[Finding]:
    surroundings = Surroundings(rules=None, departments=None, levels=levels)
    if all(problem.item_index is not None for problem in malformed):
        yield from _check_head(file, body, departments, levels)
        surroundings = Surroundings(
            rules={rule["code"] for rule in body["rules"]},
            departments=departments.get(body["document"]["district"]),
            levels=levels,
        )
        unknown = {p.item_index for p in malformed if p.keys[2:] in ((), ("code",))}
        yield from _check_codes(
            body["document"]["code"],
            [(n, item["code"]) for n, item in enumerate(body["items"]) if n not in unknown],
        )
    items = body.get("items")
    malformed_items = {problem.item_index for problem in malformed}
    for n, item in enumerate(items if isinstance(items, list) else ()):
        if n not in malformed_items:
            for keys, message in _check_item(item, surroundings):
                yield ["items", n, *keys], message


def _levels_by_item(bodies: Iterable[Any]) -> dict[str, set[str]]:
    """The level codes of every item of all editions, also of those with problems elsewhere: an
    award of an older edition stands in the history under its old level."""
    known: dict[str, set[str]] = {}
    for body in bodies:
        for item in _rows(body, "items"):
            if isinstance(item.get("code"), str):
                levels = known.setdefault(item["code"], set())
                levels.update(str(level.get("code")) for level in _rows(item, "levels"))
    return known


def _rows(data: Any, key: str) -> list[Body]:
    rows = data.get(key) if isinstance(data, Mapping) else None
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _twice(places: Iterable[tuple[Sequence[Key], str]]) -> Iterator[Finding]:
    seen: set[str] = set()
    for keys, value in places:
        if value in seen:
            yield keys, f"“{value}”已经用过，不能重复"
        seen.add(value)


def _check_head(
    file: str,
    body: Body,
    departments: Mapping[str, Collection[str]],
    levels: Collection[str] | None,
) -> Iterator[Finding]:
    edition, head = body["edition"], body["document"]
    if file != f"{edition}.yaml":
        yield ["edition"], f"文件名要和版本名一致，应为 {edition}.yaml"
    code, day = edition.split("-", 1)
    if code != head["code"]:
        yield ["edition"], f"版本名要以文件代码开头，应为 {head['code']}-{day}"
    if head["district"] not in departments:
        yield ["document", "district"], f"部门表里没有“{head['district']}”"
    yield from _check_dates(body, day)
    yield from _check_rules(body["rules"], levels)


def _check_dates(body: Body, day: str) -> Iterator[Finding]:
    days: dict[tuple[str, ...], date] = {}
    for keys, text in {
        ("edition",): day,
        ("in_force_from",): body.get("in_force_from"),
        ("events", "from"): body["events"].get("from"),
        ("events", "to"): body["events"].get("to"),
    }.items():
        if text is not None:
            try:
                days[keys] = date.fromisoformat(text)
            except ValueError:
                yield keys, f"没有 {text} 这一天"
    in_force, start = days.get(("in_force_from",)), days.get(("events", "from"))
    end = days.get(("events", "to"))
    if in_force and days.get(("edition",), in_force) != in_force:
        yield ["edition"], f"版本名里的日期要和施行日期 {in_force} 一致"
    for place, first in (("events", "to"), start), (("in_force_from",), in_force):
        if first and end and end < first:
            yield place, f"日期先后颠倒：{first} 晚于 events.to 的 {end}"


def _check_rules(rules: Sequence[Body], items: Collection[str] | None) -> Iterator[Finding]:
    yield from _twice((["rules", n, "code"], rule["code"]) for n, rule in enumerate(rules))
    for n, rule in enumerate(rules):
        code, applies_to = rule["code"], rule.get("applies_to")
        keys: Sequence[Key] = ("rules", n, "applies_to")
        if code == "comprehensive":
            if applies_to is not None and not _is_exception(applies_to, items):
                yield keys, f'要写成 "not 事项代码"，事项要存在，现在是 "{applies_to}"'
        elif code in APPLIES_TO:
            if applies_to not in APPLIES_TO[code]:
                allowed = "、".join(APPLIES_TO[code])
                yield keys, f"规则 {code} 要写明适用范围，可以写：{allowed}"
        elif applies_to is not None:
            yield keys, f"规则 {code} 没有适用范围可选，请删去"


def _is_exception(text: str, items: Collection[str] | None) -> bool:
    code = text.removeprefix("not ")
    return code != text and (items is None or code in items)


def _check_codes(document: str, codes: Sequence[tuple[int, str]]) -> Iterator[Finding]:
    """Item codes are unique over all documents, because they begin with the document's own."""
    yield from _twice((["items", n, "code"], code) for n, code in codes)
    for n, code in codes:
        if not code.startswith(f"{document}-"):
            yield ["items", n, "code"], f'事项代码要以 "{document}-" 开头'


def _check_item(item: Body, surroundings: Surroundings) -> Iterator[Finding]:
    yield from _check_item_departments(item, surroundings.departments)
    yield from _twice(
        (["levels", n, "code"], level["code"]) for n, level in enumerate(item["levels"])
    )
    levels = list(levels_of(item))
    found: list[Finding] = []
    for n, level in enumerate(levels):
        for term, message in _check_level(item, level, surroundings):
            # A term that the item states for all its levels is wrong in one place only.
            inherited = term in item and term not in item["levels"][n]
            found.append(((term,) if inherited else ("levels", n, term), message))
    yield from dict.fromkeys(found)
    yield from _check_tracks(item, levels)
    if all(level["per"] == "company" for level in levels):
        if "subject_label" in item:
            yield ["subject_label"], "奖补对象是企业本身，不用写对象名称"
    elif "subject_label" not in item:
        yield ["subject_label"], '要写明奖补对象叫什么，例如 "项目名称"'


def _check_item_departments(item: Body, departments: Collection[str] | None) -> Iterator[Finding]:
    named = [
        ([role, n], name) for role in ("lead", "co") for n, name in enumerate(item.get(role, ()))
    ]
    yield from _twice(named)
    for keys, name in named:
        if departments is not None and name not in departments:
            yield keys, f"部门表里没有“{name}”"


def _check_level(item: Body, level: Body, surroundings: Surroundings) -> Iterator[tuple[str, str]]:
    formula = Formula(item["formula"])
    yield from _check_sums(formula, level)
    for term, wanted in {
        "amount": formula in WITH_AMOUNT,
        "rate": formula in (Formula.RATE, Formula.MATCH),
        "base": formula is Formula.RATE,
        "track": formula in LADDERS,
        "ladder_scope": formula in LADDERS,
    }.items():
        if wanted and term not in level:
            yield term, f"计算方式 {formula} 缺少这一项"
        elif term in level and not wanted:
            yield term, f"计算方式 {formula} 不用这一项"
    yield from _check_exclusions(item, level, surroundings.levels)
    if level.get("set_off") == SetOff.OVERLAP:
        if level.get("tech") or level.get("matching"):
            yield "set_off", "科技类事项和配套奖补不适用从高、不重复"
        elif surroundings.rules is not None and "overlap" not in surroundings.rules:
            yield "set_off", "文件的 rules 里没有 overlap 规则"
    yield from _check_claim_facts(formula, level)


def _check_sums(formula: Formula, level: Body) -> Iterator[tuple[str, str]]:
    for term in ("amount", "company_year_cap"):
        if term in level and not 0 < yuan(level[term]) < TOO_MUCH:
            yield term, f'金额要大于零、小于一万亿元，现在是 "{level[term]}"'
        elif term in level and yuan(level[term]) * 100 % 1:
            yield term, f'金额最多精确到分，现在是 "{level[term]}"'
    if "rate" in level:
        factor = rate(level["rate"])
        if factor == 0 or (formula is Formula.RATE and factor > 1):
            yield (
                "rate",
                f'比例要大于零，补助比例还不能超过 100%，现在是 "{level["rate"]}"',
            )
    if {"amount", "company_year_cap"} <= level.keys():
        cap, amount = yuan(level["company_year_cap"]), yuan(level["amount"])
        if cap < amount:
            sums = f"{level['company_year_cap']}，低于档次“{level['code']}”的 {level['amount']}"
            yield "company_year_cap", f"年度上限是 {sums}"


def _check_exclusions(
    item: Body, level: Body, levels: Mapping[str, Collection[str]] | None
) -> Iterator[tuple[str, str]]:
    if "exclusive_with" not in level:
        if "exclusive_scope" in level:
            yield "exclusive_scope", "没有写 exclusive_with，不用这一项"
        return
    if "exclusive_scope" not in level:
        yield "exclusive_scope", "写了 exclusive_with，就要写明 ever 或 year"
    for other in level["exclusive_with"]:
        code, _, level_code = other.partition("/")
        if other in (item["code"], f"{item['code']}/{level['code']}"):
            yield "exclusive_with", "不能和自己互斥，同一事项的次数由 once 规定"
        elif levels is not None and code not in levels:
            yield "exclusive_with", f"没有事项“{code}”"
        elif levels is not None and level_code and level_code not in levels[code]:
            yield "exclusive_with", f"事项 {code} 没有档次“{level_code}”"


def _check_claim_facts(formula: Formula, level: Body) -> Iterator[tuple[str, str]]:
    """The applicant is asked for exactly what the level's amount and conditions use."""
    used = {base_of(formula, level)} & CLAIM_FACTS.keys()
    for condition in level.get("conditions", ()):
        used.update(CONDITION_FACTS.get(condition, ()))
    asked = [row["fact"] for row in level.get("claim_facts", ())]
    for fact in CLAIM_FACTS:
        if fact in used and fact not in asked:
            yield "claim_facts", f"计算或条件要用“{fact}”，却没有问"
        elif fact in asked and fact not in used:
            yield "claim_facts", f"问了“{fact}”，计算和条件都用不到"
        elif asked.count(fact) > 1:
            yield "claim_facts", f"“{fact}”问了两次"


def _check_tracks(item: Body, levels: Sequence[Body]) -> Iterator[Finding]:
    """Levels on one track share one history, so they must read it in one way."""
    first: dict[str, Body] = {}
    for n, level in enumerate(levels):
        if "track" not in level:
            continue
        other = first.setdefault(level["track"], level)
        shared = ["per", "ladder_scope"]
        if item["formula"] == Formula.LADDER_UP_TO:
            # Its amount is a ceiling of the whole track.
            shared.append("amount")
        for term in shared:
            if level.get(term) != other.get(term):
                yield (
                    ["levels", n, "track"],
                    f"和档次“{other['code']}”同在序列“{level['track']}”，{term} 却不一样",
                )
