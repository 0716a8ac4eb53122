"""What beat asks of the chain."""

import logging

from celery import shared_task

from audit import anchors
from audit.verification import verify_chain

logger = logging.getLogger(__name__)


# Acknowledged at once: it takes longer than the broker waits, and the next night asks again.
@shared_task(name="audit.verify_audit", acks_late=False, time_limit=7200, soft_time_limit=7000)
def verify_audit() -> None:
    for fault in verify_chain():
        logger.error(fault)


@shared_task(name="audit.drop_anchor")
def drop_anchor() -> None:
    anchors.drop_anchor()
