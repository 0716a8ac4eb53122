"""What the engine is asked: one company's facts, its history and its claims.

Money is whole fen, days are `date`, and None is a fact that was not given; nothing is guessed.
`reader.parse_questions` makes questions of JSON; an application makes its own from the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Allocation(StrEnum):
    """How claims share a yearly cap: by order of acceptance, or each in proportion."""

    IN_ORDER = "in_order"
    PROPORTIONAL = "proportional"


class RdInstitution(StrEnum):
    """The highest R&D institution of the company; NONE is known to have none."""

    NONE = "none"
    MUNICIPAL = "municipal"
    PROVINCIAL = "provincial"
    NATIONAL = "national"


class IncidentKind(StrEnum):
    """The serious problems that 九（二） names."""

    SAFETY = "safety"
    FOOD = "food"
    ENVIRONMENT = "environment"
    QUALITY = "quality"
    TAX_EVASION = "tax_evasion"
    FRAUD = "fraud"
    MASS_INCIDENT = "mass_incident"
    IDLE_LAND = "idle_land"
    OTHER_VIOLATION = "other_violation"


@dataclass(frozen=True, slots=True)
class Incident:
    kind: IncidentKind
    date: date


@dataclass(frozen=True, slots=True)
class DishonestyEntry:
    """An entry of the credit register; it stands from `listed_on` until the day before
    `repaired_on`."""

    listed_on: date
    repaired_on: date | None = None

    def stands_on(self, day: date) -> bool:
        return self.listed_on <= day and (self.repaired_on is None or self.repaired_on > day)


@dataclass(frozen=True, slots=True)
class YearFigures:
    """What is known of the company in one calendar year."""

    rd_spend: int | None = None
    revenue: int | None = None
    fiscal_contribution: int | None = None


@dataclass(frozen=True, slots=True)
class Company:
    """The company's facts. `industry` is a GB/T 4754 code such as `C3912`, `3912` or `39`;
    `industry_rd_intensity` is spending for each yuan of revenue; `cultivation_cap` takes the
    place of the fiscal contribution in every policy year."""

    name: str | None = None
    uscc: str | None = None
    district: str | None = None
    industry: str | None = None
    above_scale: bool | None = None
    high_tech: bool | None = None
    rd_institution: RdInstitution | None = None
    comprehensive_support: bool = False
    cultivation_cap: int | None = None
    industry_rd_intensity: Decimal | None = None
    years: Mapping[int, YearFigures] = field(default_factory=dict)
    incidents: tuple[Incident, ...] = ()
    dishonesty: tuple[DishonestyEntry, ...] = ()

    def in_year(self, year: int) -> YearFigures:
        return self.years.get(year, _NOTHING_KNOWN)


_NOTHING_KNOWN = YearFigures()


@dataclass(frozen=True, slots=True)
class Award:
    """Something granted before: `year` is its policy year, `amount` what was granted."""

    item: str
    level: str
    year: int
    amount: int
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """One level of one item asked for. A fact that the item does not use has no effect."""

    id: str
    item: str
    level: str
    event_date: date
    subject: str = ""
    requested: int | None = None
    other_support: int = 0
    match_required: bool = False
    recognised_investment: int | None = None
    eligible_investment: int | None = None
    project_investment: int | None = None
    quantity: Decimal | None = None
    fee_paid: int | None = None
    upper_grant: int | None = None
    proceeds: int | None = None
    invested_in_district: int | None = None

    @property
    def policy_year(self) -> int:
        return self.event_date.year


@dataclass(frozen=True, slots=True)
class Question:
    """Claims stand in order of acceptance; `as_of` is the day of the check."""

    as_of: date
    company: Company
    claims: tuple[Claim, ...]
    history: tuple[Award, ...] = ()
    allocation: Allocation = Allocation.IN_ORDER
