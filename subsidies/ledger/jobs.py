"""What the ledger does after the commit."""

from outbox.services import handler
from subsidies.ledger import reconciliation


@handler("subsidies.reconcile_ledger")
def reconcile_ledger() -> None:
    """Asked for by an administrator; the outcome stands on the status page."""
    reconciliation.reconcile()
