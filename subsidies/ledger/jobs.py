"""What the ledger does after the commit."""

from outbox.services import handler
from subsidies.ledger import reconciliation


@handler(reconciliation.KIND)
def reconcile_now() -> None:
    """The outcome stands on the status page."""
    reconciliation.reconcile()
