from celery import shared_task

from outbox import services


@shared_task(name="outbox.run")
def run(job_id: int) -> None:
    services.perform(job_id)


@shared_task(name="outbox.relay")
def relay() -> None:
    services.relay()
