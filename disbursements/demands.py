"""What the review's pages show of clawbacks."""

from collections.abc import Collection

from disbursements.models import Clawback
from reviews.money_back import Demand
from subsidies.models import Award


def demands(awards: Collection[Award]) -> list[Demand]:
    """The clawbacks of the awards that were confirmed: before that the company is not told."""
    rows = Clawback.objects.filter(award__in=awards).select_related("award")
    return [
        Demand(row.award, row.amount, row.returned, row.reason, row.confirmed_at)
        for row in rows.order_by("confirmed_at", "pk")
        if row.confirmed_at
    ]
