"""Whether money is on its way to a company, or has reached it, or a decision rests on its facts:
asked before its account, its row or a figure changes."""

from collections.abc import Callable
from datetime import datetime

from companies.models import Company

# Rooms that grant money add their question when the applications are loaded.
SOURCES: list[Callable[[Company], set[str]]] = []
PAYMENTS: list[Callable[[Company, datetime], bool]] = []
# Rooms that decide on a company's facts add theirs.
DECISIONS: list[Callable[[Company], bool]] = []


def pending_money(company: Company) -> list[str]:
    """The numbers of the applications for which money is held for the company, or was granted to
    it and is neither paid nor cancelled."""
    return sorted(set().union(*(source(company) for source in SOURCES)))


def has_pending_money(company: Company) -> bool:
    return bool(pending_money(company))


def was_paid_since(company: Company, moment: datetime) -> bool:
    """Whether money reached the company, or a row merged into it, after that moment."""
    return any(source(company, moment) for source in PAYMENTS)


def is_being_decided_on(company: Company) -> bool:
    """Whether an application of the company is filed and not decided yet."""
    return any(source(company) for source in DECISIONS)
