"""What becomes of the adjustments that a settlement proposes. Amounts are yuan."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import User
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.services import record
from disbursements.services import demand_return, require_own_office, require_stranger
from outbox.services import mail_language
from subsidies.ledger import services as ledger
from subsidies.ledger.models import AwardStatus
from subsidies.ledger.settlement_models import Adjustment, AdjustmentStatus


@transaction.atomic
def agree(adjustment: Adjustment, *, by: User) -> Adjustment:
    """Agree to an adjustment. The second person's consent makes it: an unpaid award is adjusted
    by an entry. What was paid too much of becomes a clawback, which has its own two people."""
    adjustment = _locked(adjustment, by)
    award = adjustment.award
    if adjustment.agreed_by_id == by.pk:
        raise NotAllowed(_("您已经同意过，须由另一人确认。"))
    if award.status in ledger.ADJUSTABLE:
        if adjustment.agreed_by_id is None:
            adjustment.agreed_by = by
            adjustment.status = AdjustmentStatus.AGREED
        else:
            reduces = adjustment.kind == Adjustment.Kind.REDUCE
            ledger.adjust(award, -adjustment.amount if reduces else adjustment.amount, by=by)
            adjustment.done_by = by
            adjustment.status = AdjustmentStatus.DONE
    elif adjustment.kind == Adjustment.Kind.REDUCE and award.status == AwardStatus.PAID:
        with mail_language():
            reason = _("年度结算：%(settlement)s") % {"settlement": adjustment.settlement}
        demand_return(award, adjustment.amount, reason=reason, by=by)
        adjustment.status = AdjustmentStatus.DEMANDED
    else:
        raise Refused(
            _("这笔奖补现在是“%(status)s”，不能调整：已列入批次的等批次办结，已拨付的不再补差。")
            % {"status": award.get_status_display()}
        )
    adjustment.save(update_fields=["status", "agreed_by", "done_by"])
    _record("agreed", adjustment, by)
    return adjustment


@transaction.atomic
def drop(adjustment: Adjustment, *, by: User) -> Adjustment:
    """Leave an award as it was granted."""
    adjustment = _locked(adjustment, by)
    adjustment.status = AdjustmentStatus.DROPPED
    adjustment.save(update_fields=["status"])
    _record("dropped", adjustment, by)
    return adjustment


def _locked(adjustment: Adjustment, by: User) -> Adjustment:
    ledger.lock_awards([adjustment.award])
    adjustment = (
        locked(Adjustment.objects.filter(pk=adjustment.pk))
        .select_related("award__district", "settlement__company_year__company")
        .get()
    )
    require_own_office(adjustment.award.district, by)
    require_stranger({by}, [adjustment.award])
    if not adjustment.is_open:
        raise StateChanged(
            _("状态已变化：这项调整现在是“%(status)s”。请刷新页面。")
            % {"status": adjustment.get_status_display()}
        )
    return adjustment


def _record(act: str, adjustment: Adjustment, by: User) -> None:
    record(
        f"adjustment.{act}",
        about=adjustment.award,
        by=by,
        kind=adjustment.kind,
        amount=str(adjustment.amount),
        status=adjustment.status,
    )
