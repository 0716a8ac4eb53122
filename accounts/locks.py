"""The one place where rows are locked before they change.

The order is fixed, so that two transactions never wait for each other in a ring:
application, case, task or public notice, batch or clawback, person, award, budget line, company,
company-year, adjustment, number series, alert, and last the audit chain's head. Several rows of
one kind are locked in the order of their keys.
"""

from typing import Any, TypeVar

from django.db.models import QuerySet

Rows = TypeVar("Rows", bound="QuerySet[Any]")


def locked(rows: Rows) -> Rows:
    """The rows, locked against other writers; readers and foreign keys go on."""
    return rows.select_for_update(of=("self",), no_key=True)
