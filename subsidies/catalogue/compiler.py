"""From the body of an edition to what the engine takes: exact money, rates and dates.

A body is the parsed YAML file, known to be well-formed and sound (`schema`, `checks`); it is
also what the database keeps.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

from subsidies.catalogue.vocabulary import CEILINGS, FORMULA_BASE
from subsidies.rules.edition import (
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

Body: TypeAlias = Mapping[str, Any]

# What an item may state once for all its levels and a level may state for itself.
TERMS = (
    "amount",
    "rate",
    "base",
    "track",
    "ladder_scope",
    "per",
    "once",
    "conditions",
    "set_off",
    "exclusive_with",
    "exclusive_scope",
    "company_year_cap",
    "ceiling",
    "matching",
    "tech",
    "claim_facts",
)
_UNITS = {"元": 1, "万元": 10_000, "亿元": 100_000_000}


def sha256_of(body: Body) -> str:
    """The hash that an edition is known by. It is of the content, so that a comment or another
    layout of the file makes no new edition."""
    canonical = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def yuan(text: str) -> Decimal:
    """The sum in a text such as "200万元", exactly."""
    unit = next(unit for unit in ("亿元", "万元", "元") if text.endswith(unit))
    return Decimal(text.removesuffix(unit)) * _UNITS[unit]


def rate(text: str) -> Fraction:
    """The factor in "4%", or in "1:2", which reads one yuan from above, two from the district."""
    if text.endswith("%"):
        return Fraction(text.removesuffix("%")) / 100
    upper, own = text.split(":")
    return Fraction(own) / Fraction(upper)


def levels_of(item: Body) -> Iterator[Body]:
    """The item's levels, each with what the item states for all of them."""
    common = {term: item[term] for term in TERMS if term in item}
    for level in item["levels"]:
        yield {**common, **level}


def base_of(formula: Formula, level: Body) -> str:
    """What the level's amount is worked out from; empty where it stands by itself."""
    base: str = FORMULA_BASE.get(formula) or level.get("base", "")
    return base


def compile_edition(body: Body, sha256: str) -> tuple[Document, dict[str, Item]]:
    """The document and its items, by code, as the engine takes them."""
    document = _document(body, sha256)
    return document, {item["code"]: _item(document, item) for item in body["items"]}


def _document(body: Body, sha256: str) -> Document:
    head, events = body["document"], body["events"]
    return Document(
        code=head["code"],
        title=head["title"],
        district=head["district"],
        edition=body["edition"],
        sha256=sha256,
        events_from=_date(events.get("from")),
        events_to=_date(events.get("to")),
        events_clause=events["clause"],
        rules={
            rule["code"]: Rule(
                code=rule["code"],
                clause=rule["clause"],
                applies_to=rule.get("applies_to", ""),
                interpretation=rule.get("interpretation", ""),
            )
            for rule in body["rules"]
        },
    )


def _item(document: Document, item: Body) -> Item:
    formula = Formula(item["formula"])
    return Item(
        document=document,
        code=item["code"],
        clause=item["clause"],
        title=item["title"],
        formula=formula,
        levels={level["code"]: _level(formula, level) for level in levels_of(item)},
        interpretations=tuple(item.get("interpretations", ())),
    )


def _level(formula: Formula, level: Body) -> Level:
    return Level(
        code=level["code"],
        title=level["title"],
        amount=_fen(level.get("amount")),
        rate=rate(level["rate"]) if "rate" in level else None,
        base=base_of(formula, level),
        track=level.get("track", ""),
        ladder_scope=Scope(level.get("ladder_scope", Scope.EVER)),
        per=level["per"],
        once=Once(level["once"]) if "once" in level else None,
        conditions=tuple(level.get("conditions", ())),
        set_off=SetOff(level["set_off"]) if "set_off" in level else None,
        exclusive_with=tuple(_exclusive(other) for other in level.get("exclusive_with", ())),
        exclusive_scope=Scope(level.get("exclusive_scope", Scope.EVER)),
        matching=level.get("matching", False),
        tech=level.get("tech", False),
        ceiling=formula in CEILINGS or level.get("ceiling", False),
        company_year_cap=_fen(level.get("company_year_cap")),
        claim_facts=tuple(fact["fact"] for fact in level.get("claim_facts", ())),
    )


def _exclusive(text: str) -> ExclusiveWith:
    item, _, level = text.partition("/")
    return ExclusiveWith(item=item, level=level or None)


def _fen(text: str | None) -> int | None:
    return None if text is None else int(yuan(text) * 100)


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
