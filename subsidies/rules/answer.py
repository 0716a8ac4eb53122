"""What the engine says: for each claim its checks, its steps, and what may be paid."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from subsidies.rules.money import yuan_of


class Outcome(StrEnum):
    PASSED = "pass"
    FAILED = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One rule's outcome. `detail` names the deciding fact and, where the check does not pass,
    what would have to be different; `missing` are the paths of the facts it waits for."""

    code: str
    name: str
    outcome: Outcome
    clause: str
    detail: str
    missing: tuple[str, ...] = ()
    interpretation: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "name": self.name,
            "outcome": self.outcome.value,
            "clause": self.clause,
            "detail": self.detail,
            "interpretation": self.interpretation,
        }


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of the amount, in fen.

    `before` is what stood there before this step limited it, `limit` the most that the step
    lets through, where it has such a limit. `detail` is one sentence a line: how the amount
    comes about first, then the limit and what is cut, each on a line of its own.
    """

    code: str
    name: str
    amount: int
    clause: str
    detail: str
    before: int
    limit: int | None = None
    interpretation: str = ""

    @property
    def cut(self) -> int:
        """What the step takes away, in fen."""
        return self.before - self.amount

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "name": self.name,
            "amount": yuan_of(self.amount),
            "clause": self.clause,
            "detail": self.detail,
            "before": yuan_of(self.before),
            "cut": yuan_of(self.cut),
            "limit": None if self.limit is None else yuan_of(self.limit),
            "interpretation": self.interpretation,
        }


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """The answer to one claim, money in fen.

    `eligible` is None for undecided. `entitlement` is None where it hangs on a fact that is
    missing, or where the clause names no amount. `payable` is None for an undecided claim.
    `ceiling` says that the amount is the most that may be granted (最高可得). `missing` holds
    the paths of the facts that stand in the way.
    """

    id: str
    eligible: bool | None
    entitlement: int | None
    payable: int | None
    ceiling: bool
    missing: tuple[str, ...]
    checks: tuple[Check, ...]
    steps: tuple[Step, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "eligible": self.eligible,
            "entitlement": None if self.entitlement is None else yuan_of(self.entitlement),
            "payable": None if self.payable is None else yuan_of(self.payable),
            "ceiling": self.ceiling,
            "missing": list(self.missing),
            "checks": [check.to_json() for check in self.checks],
            "steps": [step.to_json() for step in self.steps],
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """The answers in the order of the claims; `total` adds up what is payable, in fen."""

    claims: tuple[ClaimAnswer, ...]

    @property
    def total(self) -> int:
        return sum(claim.payable or 0 for claim in self.claims)

    def to_json(self) -> dict[str, Any]:
        return {
            "claims": [claim.to_json() for claim in self.claims],
            "total": yuan_of(self.total),
        }
