"""Reads questions from JSON and says everything that is wrong with them at once.

The form is closed: a key that is not listed here is a fault, so that a misspelt fact is never
taken for one that was left out.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, TypeVar

from subsidies.rules import fields
from subsidies.rules.edition import Catalogue
from subsidies.rules.money import show
from subsidies.rules.question import (
    Award,
    Claim,
    Company,
    DishonestyEntry,
    Incident,
    Question,
    RdInstitution,
    YearFigures,
)

ROOT = "$"

_YEAR = re.compile(r"[0-9]{4}")
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a question: where it stands and what to write instead."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}：{self.message}"


class BadQuestion(ValueError):
    """The text is no question, or no array of them; `faults` holds every fault found."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


def parse_questions(source: object, catalogue: Catalogue, today: date) -> Question | list[Question]:
    """The question in `source`, or the questions where it holds an array.

    `source` is JSON text, its bytes in UTF-8, or what such a text was already read into; only
    the text shows a key that is given twice, so hand over the text wherever there is one.
    `today` stands in for an `as_of` left out. Raises BadQuestion with all faults.
    """
    document = _read_json(source) if isinstance(source, str | bytes | bytearray) else source
    reader = _Reader(catalogue, today)
    if isinstance(document, list):
        questions = [reader.question(entry, f"[{place}]") for place, entry in enumerate(document)]
    else:
        questions = [reader.question(document, "")]
    if reader.faults:
        raise BadQuestion(reader.faults)
    whole = [question for question in questions if question is not None]
    return whole if isinstance(document, list) else whole[0]


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its keys were given more than once."""

    repeated: tuple[str, ...] = ()


class _Unreadable:
    """A literal that Python reads but JSON does not know, or one too long for any field."""


def _object_of(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object(pairs)
    if len(found) < len(pairs):
        times = Counter(key for key, _ in pairs)
        found.repeated = tuple(key for key, count in times.items() if count > 1)
    return found


def _integer_of(digits: str) -> int | _Unreadable:
    try:
        return int(digits)
    except ValueError:  # Python refuses to convert thousands of digits
        return _Unreadable()


def _read_json(source: str | bytes | bytearray) -> object:
    try:
        text = source if isinstance(source, str) else source.decode("utf-8")
        return json.loads(
            text.removeprefix("\ufeff"),
            object_pairs_hook=_object_of,
            parse_int=_integer_of,
            parse_float=lambda digits: _Unreadable(),
            parse_constant=lambda name: _Unreadable(),
        )
    except UnicodeDecodeError:
        message = "内容不是 UTF-8 编码的文本，请另存为 UTF-8 后再试"
    except json.JSONDecodeError as error:
        message = (
            f"第 {error.lineno} 行第 {error.colno} 个字符处不是有效的 JSON，"
            "请检查引号、逗号和括号是否成对"
        )
    except RecursionError:
        message = "嵌套层数过多，请按测算问题的格式书写"
    raise BadQuestion([Fault(ROOT, message)])


def _shown(text: str) -> str:
    """A value or key from the question, fit for one line of a terminal."""
    short = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return short if short.isprintable() else json.dumps(short)


def _under(path: str, key: str) -> str:
    shown = _shown(key) or '""'
    return f"{path}.{shown}" if path else shown


_Read = Callable[[Any, str], Any]
_Form = Mapping[str, _Read]
_T = TypeVar("_T")


class _Reader:
    """Reads values at their paths. Each method gives what the value stands for, or notes a
    fault and gives None, so that reading goes on and every fault is found."""

    def __init__(self, catalogue: Catalogue, today: date) -> None:
        self.catalogue = catalogue
        self.today = today
        self.faults: list[Fault] = []
        day = partial(self.plain, fields.day)
        flag = partial(self.plain, fields.flag)
        money = partial(self.plain, fields.money)
        text = partial(self.plain, fields.text)
        self.question_form: _Form = {
            "as_of": day,
            "allocation": partial(self.plain, fields.allocation),
            "company": self.company,
            "history": partial(self.each, self.award),
            "claims": self.claims,
        }
        self.company_form: _Form = {
            "name": text,
            "uscc": text,
            "district": text,
            "industry": partial(self.plain, fields.industry),
            "above_scale": flag,
            "high_tech": flag,
            "rd_institution": partial(self.plain, fields.rd_institution),
            "comprehensive_support": flag,
            "cultivation_cap": money,
            "industry_rd_intensity": partial(self.plain, fields.intensity),
            "years": self.years,
            "incidents": partial(self.each, self.incident),
            "dishonesty": partial(self.each, self.dishonesty),
        }
        self.year_form: _Form = {
            "rd_spend": money,
            "revenue": money,
            "fiscal_contribution": money,
        }
        self.incident_form: _Form = {
            "kind": partial(self.plain, fields.incident_kind),
            "date": day,
        }
        self.dishonesty_form: _Form = {"listed_on": day, "repaired_on": day}
        self.award_form: _Form = {
            "item": text,
            "level": text,
            "subject": text,
            "year": partial(self.plain, fields.integer),
            "amount": money,
        }
        self.claim_form: _Form = {
            "id": text,
            "item": text,
            "level": text,
            "event_date": day,
            "subject": text,
            "requested": money,
            "other_support": money,
            "match_required": flag,
            "recognised_investment": money,
            "eligible_investment": money,
            "project_investment": money,
            "quantity": partial(self.plain, fields.quantity),
            "fee_paid": money,
            "upper_grant": money,
            "proceeds": money,
            "invested_in_district": money,
        }

    def question(self, value: Any, path: str) -> Question | None:
        before = len(self.faults)
        facts = self.keys(value, path, self.question_form, required=("company", "claims"))
        return self.make(Question, {"as_of": self.today} | facts, before)

    def company(self, value: Any, path: str) -> Company | None:
        before = len(self.faults)
        facts = self.keys(value, path, self.company_form)
        if isinstance(value, dict) and value.get("rd_institution", "") is None:
            facts["rd_institution"] = RdInstitution.NONE
        return self.make(Company, facts, before)

    def years(self, value: Any, path: str) -> dict[int, YearFigures | None]:
        figures = {}
        for key, entry in self.entries(value, path):
            place = _under(path, key)
            if not _YEAR.fullmatch(key):
                self.fault(place, "年度应写成四位数字，例如 2024")
            elif entry is not None:
                before = len(self.faults)
                facts = self.keys(entry, place, self.year_form)
                figures[int(key)] = self.make(YearFigures, facts, before)
        return figures

    def incident(self, value: Any, path: str) -> Incident | None:
        before = len(self.faults)
        facts = self.keys(value, path, self.incident_form, required=("kind", "date"))
        return self.make(Incident, facts, before)

    def dishonesty(self, value: Any, path: str) -> DishonestyEntry | None:
        before = len(self.faults)
        facts = self.keys(value, path, self.dishonesty_form, required=("listed_on",))
        listed_on, repaired_on = facts.get("listed_on"), facts.get("repaired_on")
        if listed_on and repaired_on and repaired_on < listed_on:
            self.fault(
                _under(path, "repaired_on"), f"修复日期不能早于列入日期 {listed_on}，请核对两个日期"
            )
        return self.make(DishonestyEntry, facts, before)

    def award(self, value: Any, path: str) -> Award | None:
        before = len(self.faults)
        required = ("item", "level", "year", "amount")
        facts = self.keys(value, path, self.award_form, required)
        self.item_and_level(facts, path)
        return self.make(Award, facts, before)

    def claims(self, value: Any, path: str) -> tuple[Claim | None, ...]:
        claims = self.each(self.claim, value, path)
        seen = set()
        for place, entry in enumerate(value if isinstance(value, list) else ()):
            name = entry.get("id") if isinstance(entry, dict) else None
            if not isinstance(name, str):
                continue
            if name in seen:
                self.fault(
                    f"{path}[{place}].id",
                    f"编号“{_shown(name)}”前面已经用过，请给每项申领不同的编号",
                )
            seen.add(name)
        return claims

    def claim(self, value: Any, path: str) -> Claim | None:
        before = len(self.faults)
        required = ("id", "item", "level", "event_date")
        facts = self.keys(value, path, self.claim_form, required)
        self.item_and_level(facts, path)
        proceeds, invested = facts.get("proceeds"), facts.get("invested_in_district")
        if proceeds == 0:
            self.fault(_under(path, "proceeds"), "募集资金不能为 0，请填写实际募集金额")
        elif proceeds is not None and invested is not None and proceeds < invested:
            self.fault(
                _under(path, "proceeds"),
                f"募集资金不能少于投向区内的 {show(invested)}，请核对这两个金额",
            )
        return self.make(Claim, facts, before)

    def item_and_level(self, facts: Mapping[str, Any], path: str) -> None:
        code, level = facts.get("item"), facts.get("level")
        if code is None:
            return
        item = self.catalogue.items.get(code)
        if item is None:
            self.fault(_under(path, "item"), f"没有事项“{_shown(code)}”，请填写政策库中的事项编号")
        elif level is not None and level not in item.levels:
            self.fault(
                _under(path, "level"),
                f"事项 {code} 没有档次“{_shown(level)}”，可用的档次：{'、'.join(item.levels)}",
            )

    def entries(self, value: Any, path: str) -> list[tuple[str, Any]]:
        if not isinstance(value, dict):
            self.fault(path, f"应为对象，即花括号括起的键和值，现在是{fields.kind_of(value)}")
            return []
        for key in getattr(value, "repeated", ()):
            self.fault(_under(path, key), "这个键写了不止一次，请只保留一处")
        return [(str(key), entry) for key, entry in value.items()]

    def keys(
        self, value: Any, path: str, form: _Form, required: Collection[str] = ()
    ) -> dict[str, Any]:
        """The keys that were given and not null, each read by its form."""
        facts = {}
        missing = set(required) if isinstance(value, dict) else set()
        for key, entry in self.entries(value, path):
            if key not in form:
                self.fault(
                    _under(path, key), f"没有这个键，请删去或改正；可用的键：{'、'.join(form)}"
                )
            elif entry is not None:
                missing.discard(key)
                facts[key] = form[key](entry, _under(path, key))
        for key in required:
            if key in missing:
                self.fault(_under(path, key), "缺少这一项，必须填写")
        return facts

    def make(self, kind: Callable[..., _T], facts: dict[str, Any], before: int) -> _T | None:
        return kind(**facts) if len(self.faults) == before else None

    def each(self, read: Callable[[Any, str], _T], value: Any, path: str) -> tuple[_T, ...]:
        if not isinstance(value, list):
            self.fault(path, f"应为数组，即方括号括起的若干项，现在是{fields.kind_of(value)}")
            return ()
        return tuple(read(entry, f"{path}[{place}]") for place, entry in enumerate(value))

    def plain(self, read: Callable[[Any], _T], value: Any, path: str) -> _T | None:
        try:
            return read(value)
        except fields.Wrong as wrong:
            self.fault(path, str(wrong))
            return None

    def fault(self, path: str, message: str) -> None:
        self.faults.append(Fault(path or ROOT, message))
