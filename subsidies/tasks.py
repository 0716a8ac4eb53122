import logging

from celery import shared_task

from subsidies.incidents import services
from subsidies.ledger import reconciliation

logger = logging.getLogger(__name__)


@shared_task(name="subsidies.reconcile_ledger")
def reconcile_ledger() -> None:
    reconciliation.reconcile()


# Acknowledged at once: it takes longer than the broker waits, and the next night asks again.
@shared_task(
    name="subsidies.verify_receipts", acks_late=False, time_limit=7200, soft_time_limit=7000
)
def verify_receipts() -> None:
    _count, incidents = services.verify_receipts()
    for incident in incidents:
        if incident.acknowledged_at is None:
            receipt = incident.receipt
            logger.error("receipt %s of %s differs", receipt.pk, receipt.application_id)
            return
