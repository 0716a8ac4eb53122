"""The editions that the product ships say what the documents say, figure by figure."""

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from subsidies.catalogue import vocabulary
from subsidies.catalogue.compiler import Body, compile_edition, levels_of, rate, sha256_of, yuan
from subsidies.catalogue.files import CatalogueFiles, load_catalogue_files
from subsidies.catalogue.schema import EDITION_SCHEMA
from subsidies.rules.edition import Document, Formula, Item, Level, Scope

FIXTURES = Path(__file__).parent.parent / "fixtures"


def rows(name: str) -> list[dict[str, str]]:
    with (FIXTURES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


LEVELS = rows("catalogue.csv")
DOCUMENTS = rows("documents.csv")


@cache
def files() -> CatalogueFiles:
    return load_catalogue_files()


@cache
def documents() -> dict[str, tuple[Document, Mapping[str, Item]]]:
    compiled = (compile_edition(edition.body, edition.sha256) for edition in files().editions)
    return {document.code: (document, items) for document, items in compiled}


@cache
def items() -> dict[str, Item]:
    return {code: item for _, found in documents().values() for code, item in found.items()}


@cache
def bodies() -> dict[str, Body]:
    return {item["code"]: item for edition in files().editions for item in edition.body["items"]}


def compiled_level(row: Mapping[str, str]) -> tuple[Item, Level]:
    item = items()[row["item"]]
    return item, item.levels[row["level"]]


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split(";")) if text else ()


def ids(row: Mapping[str, str]) -> str:
    return f"{row['item']}/{row['level']}"


def test_there_are_eighty_items_and_a_hundred_and_sixty_levels_and_no_others():
    shipped = {(code, level) for code, item in items().items() for level in item.levels}

    assert shipped == {(row["item"], row["level"]) for row in LEVELS}
    assert (len(items()), len(shipped)) == (80, 160)


@pytest.mark.parametrize("row", LEVELS, ids=ids)
def test_a_level_carries_its_figures(row):
    item, level = compiled_level(row)

    assert item.document.code == row["document"]
    assert item.clause == row["clause"]
    assert item.formula == row["formula"]
    assert level.amount == (int(row["amount_yuan"]) * 100 if row["amount_yuan"] else None)
    assert level.rate == (Fraction(row["rate"]) if row["rate"] else None)
    assert level.company_year_cap == (
        int(row["company_year_cap_yuan"]) * 100 if row["company_year_cap_yuan"] else None
    )
    assert level.base == row["base"]
    assert level.track == row["track"]
    assert level.ladder_scope == (row["ladder_scope"] or Scope.EVER)
    assert level.per == row["per"]
    assert (level.once or "") == row["once"]
    assert (level.set_off or "") == row["set_off"]
    assert level.conditions == words(row["condition"])
    assert level.claim_facts == words(row["claim_facts"])
    assert [f"{e.item}/{e.level}" if e.level else e.item for e in level.exclusive_with] == list(
        words(row["exclusive_with"])
    )
    assert level.exclusive_scope == (row["exclusive_scope"] or Scope.EVER)
    assert (level.matching, level.tech, level.ceiling) == tuple(
        row[flag] == "1" for flag in ("matching", "tech", "ceiling")
    )


@pytest.mark.parametrize("row", LEVELS, ids=ids)
def test_an_item_names_its_departments_in_order(row):
    body = bodies()[row["item"]]

    assert tuple(body["lead"]) == words(row["lead"])
    assert tuple(body.get("co", ())) == words(row["co"])


@pytest.mark.parametrize("row", DOCUMENTS, ids=lambda row: row["document"])
def test_a_document_carries_its_dates_and_rules(row):
    document, _ = documents()[row["document"]]
    body = next(e.body for e in files().editions if e.body["document"]["code"] == row["document"])
    head = body["document"]

    assert document.title == row["title"]
    assert document.district == row["district"]
    assert (head["issuer"], head.get("number", ""), head["level"]) == (
        row["issuer"],
        row["number"],
        row["level"],
    )
    assert body.get("in_force_from", "") == row["in_force_from"]
    assert (document.events_from, document.events_to) == tuple(
        date.fromisoformat(row[key]) if row[key] else None for key in ("events_from", "events_to")
    )
    if row["events_clause"]:
        assert document.events_clause == row["events_clause"]
    assert [
        f"{rule.code}{':' if rule.applies_to else ''}{rule.applies_to}@{rule.clause}"
        for rule in document.rules.values()
    ] == list(words(row["rules"]))


def test_every_item_explains_itself_in_chinese():
    for body in bodies().values():
        texts = [body["title"], body["summary"], body["event_label"]]
        texts += [material["name"] for material in body["materials"]]
        texts += [fact["question"] for level in levels_of(body) for fact in questions(level)]
        texts += body.get("interpretations", [])
        for text in texts:
            assert any("一" <= sign <= "鿿" for sign in text), (body["code"], text)


def questions(level: Body) -> Iterator[Body]:
    yield from level.get("claim_facts", ())


def test_an_item_without_an_amount_says_that_it_cannot_be_claimed_yet():
    silent = [
        code
        for code, item in items().items()
        if item.formula is Formula.UNSPECIFIED
        and code != "jb24-02"  # decided case by case, for good
        and "实施细则" not in bodies()[code]["summary"]
    ]
    assert silent == []


def test_a_reading_of_the_text_is_stated_where_two_documents_pay_for_one_matter():
    for item in items().values():
        if any(level.exclusive_with for level in item.levels.values()):
            assert any("同一件事" in text for text in item.interpretations), item.code


def test_a_document_without_items_says_what_it_is_for():
    for code in ("nb21", "jb21"):
        document, found = documents()[code]
        body = next(e.body for e in files().editions if e.name == document.edition)

        assert found == {}
        assert "没有可以申领的事项" in body["document"]["summary"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("200万元", 2_000_000), ("1亿元", 100_000_000), ("30元", 30), ("1.5万元", 15_000)],
)
def test_money_is_read_with_its_unit(text, expected):
    assert yuan(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4%", Fraction(1, 25)),
        ("0.3%", Fraction(3, 1000)),
        ("1:2", Fraction(2)),
        ("1:1.5", Fraction(3, 2)),
    ],
)
def test_a_rate_is_exact(text, expected):
    assert rate(text) == expected


def test_the_hash_is_of_the_content_and_not_of_the_layout():
    body = files().editions[0].body
    turned = dict(reversed(body.items()))

    assert sha256_of(turned) == sha256_of(json.loads(json.dumps(body)))
    assert sha256_of({**body, "edition": "jb21-2030-01-01"}) != sha256_of(body)


def test_editors_and_the_engine_know_the_same_codes():
    schema = json.loads(EDITION_SCHEMA.read_text(encoding="utf-8"))
    defs = schema["$defs"]
    item = defs["item"]["properties"]
    offered = {
        "formula": (item["formula"]["enum"], vocabulary.FORMULAS),
        "material": (
            item["materials"]["items"]["properties"]["code"]["enum"],
            vocabulary.MATERIALS,
        ),
        "rule": (
            schema["properties"]["rules"]["items"]["properties"]["code"]["enum"],
            vocabulary.RULES,
        ),
        "fact": (
            defs["claim_facts"]["items"]["properties"]["fact"]["enum"],
            vocabulary.CLAIM_FACTS,
        ),
        "condition": (defs["conditions"]["items"]["enum"], vocabulary.CONDITIONS),
        "base": (defs["base"]["enum"], vocabulary.BASES),
        "per": (defs["per"]["enum"], vocabulary.PER),
        "once": (defs["once"]["enum"], vocabulary.ONCE),
        "set_off": (defs["set_off"]["enum"], vocabulary.SET_OFFS),
        "ladder_scope": (defs["ladder_scope"]["enum"], vocabulary.SCOPES),
        "exclusive_scope": (defs["exclusive_scope"]["enum"], vocabulary.SCOPES),
    }
    for name, (enum, words_for) in offered.items():
        assert enum == [str(code) for code in words_for], name
