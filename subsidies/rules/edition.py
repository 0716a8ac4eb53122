"""What the engine knows of the policies: documents, their rules, and every award level.

Plain values, made from one published edition of each document by
`subsidies.catalogue.compiler`. Money is in whole fen, rates are exact fractions, dates are
inclusive. Nothing in `subsidies.rules` knows Django or the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction


class Formula(StrEnum):
    FIXED = "fixed"
    UP_TO = "up_to"
    RATE = "rate"
    LADDER = "ladder"
    LADDER_UP_TO = "ladder_up_to"
    PER_UNIT = "per_unit"
    MATCH = "match"
    UNSPECIFIED = "unspecified"


class Once(StrEnum):
    FIRST = "first"
    ONCE = "once"
    SUBJECT = "subject"
    YEAR = "year"


class SetOff(StrEnum):
    OVERLAP = "overlap"
    MUNICIPAL = "municipal"
    JOINT = "joint"


class Scope(StrEnum):
    EVER = "ever"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a whole document: `registered`, `misconduct`, `dishonesty`, `no_rd`,
    `rd_below_industry`, `comprehensive`, `overlap`, `annual_cap`.

    `applies_to` narrows it where the document does: `above_scale_industrial` or
    `manufacturing` for `no_rd`, `tech` for `rd_below_industry`, `not jb24-02` (the item that is
    the comprehensive support itself) for `comprehensive`. `interpretation` is the
    reading chosen where the text leaves one open; empty where the text is plain.
    """

    code: str
    clause: str
    applies_to: str = ""
    interpretation: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One edition of a policy document. `events_from` and `events_to` are inclusive; None is
    no bound. `edition` is its public name, such as `jb24-2024-05-01`, `sha256` its hash."""

    code: str
    title: str
    district: str
    edition: str
    sha256: str
    events_from: date | None
    events_to: date | None
    events_clause: str
    rules: Mapping[str, Rule]


@dataclass(frozen=True, slots=True)
class ExclusiveWith:
    """An item (any level where `level` is None) that may not be paid beside this one."""

    item: str
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """One row of an item's amounts, with everything that decides about it.

    `amount` and `company_year_cap` are fen; `amount` is None for `match` and `unspecified`.
    `rate` is set for `rate` and `match`. `base` names the claim fact (or `rd_increment`,
    a difference of two yearly figures) that the rate applies to. `per` is what the award is
    for; for `company` the subject has no effect.
    """

    code: str
    title: str
    amount: int | None
    rate: Fraction | None
    base: str
    track: str
    ladder_scope: Scope
    per: str
    once: Once | None
    conditions: tuple[str, ...]
    set_off: SetOff | None
    exclusive_with: tuple[ExclusiveWith, ...]
    exclusive_scope: Scope
    matching: bool
    tech: bool
    ceiling: bool
    company_year_cap: int | None
    claim_facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that may be applied for. `interpretations` are the readings chosen for it,
    shown wherever the item's answer is shown."""

    document: Document
    code: str
    clause: str
    title: str
    formula: Formula
    levels: Mapping[str, Level]
    interpretations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All items in force, by code; item codes are unique over all documents."""

    items: Mapping[str, Item]
