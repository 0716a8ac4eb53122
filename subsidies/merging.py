"""What merging two companies asks of applications and money."""

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from accounts.refusals import Refused
from companies.merging import signals
from companies.models import Company
from subsidies.applications.enums import Status
from subsidies.applications.models import Application
from subsidies.ledger.services import recount

CLOSED = (Status.APPROVED, Status.REJECTED, Status.WITHDRAWN)


@receiver(signals.merged)
def take_over(sender: type[Company], kept: Company, removed: Company, **given: Any) -> None:
    """Nobody acts for the merged row any more, so nothing of it may be under way."""
    open_ones = Application.objects.filter(company=removed).exclude(status__in=CLOSED).count()
    if open_ones:
        raise Refused(
            _("%(company)s 还有 %(n)d 件没有办结的申请（含草稿），办结或撤回以后才能合并。")
            % {"company": removed, "n": open_ones}
        )
    recount(kept)


@receiver(signals.parted)
def give_back(sender: type[Company], kept: Company, removed: Company, **given: Any) -> None:
    recount(kept)
