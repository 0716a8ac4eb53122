"""A catalogue of the engine's values, made straight from the figures in `tests/fixtures`.

It knows nothing of the YAML editions, so that the engine is tested without them.
"""

import csv
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from functools import cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from subsidies.rules.edition import (
    Catalogue,
    Document,
    ExclusiveWith,
    Formula,
    Item,
    Level,
    Once,
    Rule,
    Scope,
    SetOff,
)

FIXTURES = Path(__file__).parent.parent / "fixtures"

Row = dict[str, str]


def rows(name: str) -> Iterator[Row]:
    with (FIXTURES / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split(";")) if text else ()


def fen(yuan: str) -> int | None:
    return int(yuan) * 100 if yuan else None


def day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def rule(text: str) -> Rule:
    """`no_rd:manufacturing@二（二）8`, `comprehensive:not jb24-02@九（四）`."""
    head, clause = text.split("@")
    code, _, applies_to = head.partition(":")
    return Rule(code, clause, applies_to)


def document(row: Row) -> Document:
    return Document(
        code=row["document"],
        title=row["title"],
        district=row["district"],
        edition=f"{row['document']}-{row['in_force_from']}",
        sha256="",
        events_from=day(row["events_from"]),
        events_to=day(row["events_to"]),
        events_clause=row["events_clause"],
        rules={found.code: found for found in map(rule, words(row["rules"]))},
    )


def level(row: Row) -> Level:
    exclusive = [text.partition("/") for text in words(row["exclusive_with"])]
    return Level(
        code=row["level"],
        title=row["level"],
        amount=fen(row["amount_yuan"]),
        rate=Fraction(row["rate"]) if row["rate"] else None,
        base=row["base"],
        track=row["track"],
        ladder_scope=Scope(row["ladder_scope"] or "ever"),
        per=row["per"],
        once=Once(row["once"]) if row["once"] else None,
        conditions=words(row["condition"]),
        set_off=SetOff(row["set_off"]) if row["set_off"] else None,
        exclusive_with=tuple(ExclusiveWith(item, code or None) for item, _, code in exclusive),
        exclusive_scope=Scope(row["exclusive_scope"] or "ever"),
        matching=row["matching"] == "1",
        tech=row["tech"] == "1",
        ceiling=row["ceiling"] == "1",
        company_year_cap=fen(row["company_year_cap_yuan"]),
        claim_facts=words(row["claim_facts"]),
    )


@cache
def catalogue() -> Catalogue:
    documents = {row["document"]: document(row) for row in rows("documents.csv")}
    items = {}
    for code, group in groupby(rows("catalogue.csv"), key=itemgetter("item")):
        levels = list(group)
        items[code] = Item(
            document=documents[levels[0]["document"]],
            code=code,
            clause=levels[0]["clause"],
            title=code,
            formula=Formula(levels[0]["formula"]),
            levels={row["level"]: level(row) for row in levels},
        )
    return Catalogue(items)
