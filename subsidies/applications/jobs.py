"""What is done about an application after the commit."""

from django.db import transaction

from accounts.locks import locked
from outbox.services import handler
from subsidies.applications.answers import keep_receipt
from subsidies.applications.enums import Reason
from subsidies.applications.models import Application


@handler("subsidies.check_application")
def check_application(application: str, revision: int, reason: str) -> None:
    """Keep the answer to the filing of that revision; delivered twice it is kept once."""
    with transaction.atomic():
        row = locked(Application.objects.filter(pk=application)).get()
        if row.revision != revision or row.receipts.filter(revision=revision, reason=reason):
            return
        keep_receipt(row, Reason(reason))
