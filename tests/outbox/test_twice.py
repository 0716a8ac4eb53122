"""F04: Celery may deliver a task more than once. Whatever was done is not done again."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from outbox.models import Job, State
from outbox.services import perform_due
from reviews.models import Alert, Notice
from subsidies.models import Award, LedgerEntry, Receipt
from tests import domain

pytestmark = pytest.mark.django_db


def seen(settings, mailoutbox):
    """All that jobs leave behind."""
    return {
        "notices": list(Notice.objects.order_by("pk").values_list("pk", "sha256", "pdf")),
        "awards": list(Award.objects.order_by("pk").values_list("pk", "status", "amount")),
        "entries": LedgerEntry.objects.count(),
        "receipts": Receipt.objects.count(),
        "alerts": Alert.objects.count(),
        "jobs": Job.objects.count(),
        "files": sorted(str(path) for path in Path(settings.MEDIA_ROOT).rglob("*.*")),
        "mails": len(mailoutbox),
    }


def test_what_was_done_and_is_delivered_again_is_done_no_second_time(
    company, budget, settings, mailoutbox
):
    domain.approved(company)
    perform_due()
    kinds = set(Job.objects.values_list("kind", flat=True))
    assert kinds >= {"mail", "reviews.render_notice", "subsidies.check_application"}
    before = seen(settings, mailoutbox)

    for _time in range(3):
        # As if the worker had died right before it noted that the job is done.
        Job.objects.filter(state=State.DONE).update(
            state=State.RUNNING, done_at=None, lease_until=timezone.now() - timedelta(seconds=1)
        )
        perform_due()

    assert seen(settings, mailoutbox) == before
    assert set(Job.objects.exclude(state=State.DONE).values_list("kind", flat=True)) == {"mail"}
