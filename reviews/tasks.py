from celery import shared_task

from reviews import services


@shared_task(name="reviews.end_due_public_notices")
def end_due_public_notices() -> None:
    services.end_due_public_notices()
