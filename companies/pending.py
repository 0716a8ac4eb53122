"""Whether money is on its way to a company: asked before its account or its row changes."""

from collections.abc import Callable

from companies.models import Company

# Rooms that grant money add their question when the applications are loaded.
SOURCES: list[Callable[[Company], bool]] = []


def has_pending_money(company: Company) -> bool:
    """Whether an award of the company was granted and is neither paid nor cancelled."""
    return any(source(company) for source in SOURCES)
