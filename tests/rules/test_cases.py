"""The worked cases of the district, each answered right to the fen."""

import json
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from subsidies.catalogue.vocabulary import CHECK_NAMES, CONDITIONS, STEP_NAMES
from subsidies.rules.conditions import read_condition
from subsidies.rules.estimate import estimate
from tests.rules.catalogue import catalogue

BOOK = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text(encoding="utf-8"))
AS_OF = {"jiangbei": "2024-12-31", "yinzhou": "2026-06-30"}


@pytest.mark.parametrize("case", BOOK["cases"], ids=lambda case: case["name"])
def test_a_worked_case_is_answered_right_to_the_fen(case):
    answer = estimate(json.dumps(question_of(case)), catalogue(), today=date(2000, 1, 1))

    assert [summary(claim) for claim in answer["claims"]] == [
        {"failed": [], "unknown": []} | claim["answer"] for claim in case["claims"]
    ]


def test_all_sixty_seven_worked_cases_are_here():
    assert len(BOOK["cases"]) == 67


def test_every_name_that_an_answer_uses_can_be_said_in_another_language():
    claims = [
        claim
        for case in BOOK["cases"]
        for claim in estimate(json.dumps(question_of(case)), catalogue(), today=date(2000, 1, 1))[
            "claims"
        ]
    ]

    assert {check["name"] for claim in claims for check in claim["checks"]} <= CHECK_NAMES
    assert {read_condition(text).name for text in CONDITIONS} <= CHECK_NAMES
    assert {step["name"] for claim in claims for step in claim["steps"]} <= STEP_NAMES


def question_of(case: dict[str, Any]) -> dict[str, Any]:
    home = case.get("company", "jiangbei")
    company = merged(BOOK["companies"][home], case.get("change", {}))
    for path in case.get("without", ()):
        *parents, last = path.split(".")
        place = company
        for key in parents:
            place = place[key]
        del place[last]
    return {
        "as_of": case.get("as_of", AS_OF[home]),
        "allocation": case.get("allocation"),
        "company": company,
        "history": [
            {key: value for key, value in award.items() if key != "is"} | split(award["is"])
            for award in case.get("history", ())
        ],
        "claims": [
            {"id": str(place), "event_date": claim["event_date"]}
            | split(claim["for"])
            | claim.get("facts", {})
            for place, claim in enumerate(case["claims"])
        ],
    }


def merged(facts: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    result = deepcopy(facts)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def split(text: str) -> dict[str, str]:
    item, level = text.split("/")
    return {"item": item, "level": level}


def summary(claim: dict[str, Any]) -> dict[str, Any]:
    outcomes = [(check["outcome"], check["code"]) for check in claim["checks"]]
    return {
        "eligible": claim["eligible"],
        "entitlement": claim["entitlement"],
        "payable": claim["payable"],
        "failed": [code for outcome, code in outcomes if outcome == "fail"],
        "unknown": [code for outcome, code in outcomes if outcome == "unknown"],
    }
