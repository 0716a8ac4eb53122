from celery import shared_task

from companies.vault import services


@shared_task(name="companies.scan_what_waits")
def scan_what_waits() -> None:
    services.scan_what_waits()


@shared_task(name="companies.tend_the_vault")
def tend_the_vault() -> None:
    """Once a day: tell of files that run out, delete what no row knows."""
    services.remind_of_expiry()
    services.sweep_orphans()
