"""What the batches say of the money that the ledger has paid or is about to."""

from decimal import Decimal

from django.db.models import F, Min, Q, Sum, Value
from django.db.models.functions import Coalesce

from disbursements.models import BatchStatus
from subsidies.ledger.models import REACHED, AwardStatus
from subsidies.models import Award

UNDER_WAY = (BatchStatus.DRAFT, BatchStatus.APPROVED)


def differences() -> list[str]:
    """Every award that does not stand, for all that it comes to, on the one live line that its
    status asks for. With the award's own entries, compared elsewhere, a paid batch's lines are so
    what was paid, and nothing else is. Asked in one statement, like all that is compared."""
    live = Q(payment_lines__is_live=True)
    awards = Award.objects.filter(claim__isnull=False).annotate(
        listed=Sum("payment_lines__amount", filter=live, default=Decimal(0)),
        batch=Coalesce(Min("payment_lines__batch__status", filter=live), Value("")),
    )
    whole = Q(listed=F("amount") + F("adjusted"))
    paid = Q(status__in=REACHED, batch=BatchStatus.PAID) & whole
    under_way = Q(status=AwardStatus.SCHEDULED, batch__in=UNDER_WAY) & whole
    elsewhere = Q(listed=0) & ~Q(status__in=[*REACHED, AwardStatus.SCHEDULED])
    return [
        f"award {award.pk}: {award.status} {award.payable}; on live payment lines "
        f"{award.listed}, in a batch that is {award.batch or 'not there'}"
        for award in awards.exclude(paid | under_way | elsewhere)
    ]
