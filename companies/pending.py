"""Whether money is on its way to a company, or has reached it: asked before its account or its row
changes."""

from collections.abc import Callable
from datetime import datetime

from companies.models import Company

# Rooms that grant money add their question when the applications are loaded.
SOURCES: list[Callable[[Company], bool]] = []
PAYMENTS: list[Callable[[Company, datetime], bool]] = []


def has_pending_money(company: Company) -> bool:
    """Whether money is held for the company, or was granted to it and is neither paid nor
    cancelled."""
    return any(source(company) for source in SOURCES)


def was_paid_since(company: Company, moment: datetime) -> bool:
    """Whether money reached the company, or a row merged into it, after that moment."""
    return any(source(company, moment) for source in PAYMENTS)
