from celery import shared_task

from subsidies.ledger import reconciliation


@shared_task(name="subsidies.reconcile_ledger")
def reconcile_ledger() -> None:
    reconciliation.reconcile()
