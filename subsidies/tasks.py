import logging

from celery import shared_task

from subsidies.applications.answers import is_true
from subsidies.ledger import reconciliation
from subsidies.models import Receipt

logger = logging.getLogger(__name__)


@shared_task(name="subsidies.reconcile_ledger")
def reconcile_ledger() -> None:
    if found := reconciliation.reconcile():
        logger.error("approvals are frozen: %s", found[0])


# Acknowledged at once: it takes longer than the broker waits, and the next night asks again.
@shared_task(
    name="subsidies.verify_receipts", acks_late=False, time_limit=7200, soft_time_limit=7000
)
def verify_receipts() -> None:
    for receipt in Receipt.objects.order_by("pk").iterator(chunk_size=500):
        if not is_true(receipt):
            logger.error("receipt %s of %s differs", receipt.pk, receipt.application_id)
            return
