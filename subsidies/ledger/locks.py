"""The one place where rows are locked before money moves.

The order is fixed, so that two transactions never wait for each other in a ring:
application, budget line, company, company-year, and last the audit chain's head.
"""

from typing import TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def locked(rows: "QuerySet[Row]") -> "QuerySet[Row]":
    """The rows, locked against other writers; readers and foreign keys go on."""
    return rows.select_for_update(of=("self",), no_key=True)
