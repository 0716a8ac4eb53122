from celery import shared_task
from django.db import transaction
from django.utils import timezone

from reviews import screening, services


@shared_task(name="reviews.end_due_public_notices")
def end_due_public_notices() -> None:
    services.end_due_public_notices()


@shared_task(name="reviews.screen_everything")
def screen_everything() -> None:
    """Once a day, however often it is asked for."""
    screening.clear_what_is_over()
    with transaction.atomic():
        screening.start(f"night:{timezone.localdate()}")
