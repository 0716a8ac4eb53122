"""What beat asks of the chain at night."""

import logging

from celery import shared_task

from audit.services import first_broken_entry

logger = logging.getLogger(__name__)


# Acknowledged at once: it takes longer than the broker waits, and the next night asks again.
@shared_task(name="audit.verify_audit", acks_late=False, time_limit=7200, soft_time_limit=7000)
def verify_audit() -> None:
    if broken := first_broken_entry():
        logger.error("the audit chain is broken at entry %s", broken)
