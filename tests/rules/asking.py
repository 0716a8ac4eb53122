"""Short ways to put a question to the engine and to look at its answer."""

import json
from datetime import date
from types import EllipsisType
from typing import Any

from subsidies.rules.answer import Answer, Check, ClaimAnswer, Step
from subsidies.rules.question import Question
from subsidies.rules.reader import BadQuestion, Fault, parse_questions
from subsidies.rules.settle import explain
from tests.rules.catalogue import catalogue

NOT_GIVEN: EllipsisType = ...
TODAY = date(2024, 12, 31)

# A company that every check lets through in 2024.
FACTS: dict[str, Any] = {
    "district": "宁波市江北区",
    "industry": "C3912",
    "above_scale": True,
    "high_tech": True,
    "rd_institution": "municipal",
    "years": {
        "2023": {"rd_spend": "4000000.00"},
        "2024": {
            "rd_spend": "5200000.00",
            "revenue": "98000000.00",
            "fiscal_contribution": "90000000.00",
        },
    },
}
YINZHOU: dict[str, Any] = {
    "district": "宁波市鄞州区",
    "industry_rd_intensity": "0.021",
    "years": {"2026": {"rd_spend": "2100000.00", "revenue": "100000000.00"}},
}


def company(**changes: Any) -> dict[str, Any]:
    """The company above with some facts changed; NOT_GIVEN takes one away."""
    return changed(FACTS, changes)


def changed(facts: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    result = dict(facts)
    for key, value in changes.items():
        if value is NOT_GIVEN:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = changed(result.get(key, {}), value)
        else:
            result[key] = value
    return result


def claim(level: str, event_date: str = "2024-06-30", **facts: Any) -> dict[str, Any]:
    """A claim for `item/level`."""
    item, code = level.split("/")
    return {"id": "a", "item": item, "level": code, "event_date": event_date} | facts


def award(level: str, year: int, amount: str, subject: str = "") -> dict[str, Any]:
    item, code = level.split("/")
    return {"item": item, "level": code, "year": year, "amount": amount, "subject": subject}


def question(*claims: dict[str, Any], **parts: Any) -> dict[str, Any]:
    numbered = [entry | {"id": str(place)} for place, entry in enumerate(claims)]
    return {"as_of": "2024-12-31", "company": FACTS, "claims": numbered} | parts


def read(asked: dict[str, Any]) -> Question:
    found = parse_questions(json.dumps(asked), catalogue(), TODAY)
    assert isinstance(found, Question)
    return found


def ask(*claims: dict[str, Any], **parts: Any) -> Answer:
    return explain(read(question(*claims, **parts)), catalogue())


def ask_one(asked: dict[str, Any], **parts: Any) -> ClaimAnswer:
    return ask(asked, **parts).claims[0]


def faults_of(source: object) -> list[Fault]:
    try:
        parse_questions(source, catalogue(), TODAY)
    except BadQuestion as error:
        return list(error.faults)
    return []


def check(answer: ClaimAnswer, code: str) -> Check:
    (found,) = [entry for entry in answer.checks if entry.code == code]
    return found


def step(answer: ClaimAnswer, code: str) -> Step:
    (found,) = [entry for entry in answer.steps if entry.code == code]
    return found


def codes(answer: ClaimAnswer) -> list[str]:
    return [entry.code for entry in answer.steps]
