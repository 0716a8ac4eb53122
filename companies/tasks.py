from celery import shared_task

from companies.registration.services import forget_licences
from companies.vault import services


@shared_task(name="companies.scan_what_waits")
def scan_what_waits() -> None:
    services.scan_what_waits()


@shared_task(name="companies.tend_the_vault")
def tend_the_vault() -> None:
    """Once a day: tell of files that run out, delete what nobody sent and what no row knows."""
    services.remind_of_expiry()
    forget_licences()
    services.sweep_orphans()
