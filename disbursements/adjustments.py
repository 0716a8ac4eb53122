"""What becomes of the adjustments that a settlement proposes. Amounts are yuan."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import User
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.services import record
from disbursements.services import demand_return, require_finance, require_stranger
from outbox.services import mail_language
from subsidies.applications.services import tell_company
from subsidies.ledger import services as ledger
from subsidies.ledger.models import AwardStatus
from subsidies.ledger.settlement import still_holds
from subsidies.ledger.settlement_models import Adjustment, AdjustmentStatus
from subsidies.models import Award
from subsidies.money import yuan


@transaction.atomic
def agree(adjustment: Adjustment, *, by: User) -> Adjustment:
    """Agree to an adjustment. The second person's consent makes it: an unpaid award is adjusted
    by an entry. What was paid too much of becomes a clawback, which has its own two people."""
    adjustment, principal = _locked(adjustment, by)
    award = adjustment.award
    if not still_holds(adjustment):
        raise StateChanged(
            _("结算之后这家企业的奖补、追回或总量有变化，这项调整已不准确。请重新结算。")
        )
    if adjustment.agreers & {by.pk, principal and principal.pk}:
        raise NotAllowed(_("您已经同意过，须由另一人确认。"))
    if award.status in ledger.ADJUSTABLE:
        if adjustment.agreed_by_id is None:
            adjustment.agreed_by, adjustment.agreed_for = by, principal
            adjustment.status = AdjustmentStatus.AGREED
        else:
            reduces = adjustment.kind == Adjustment.Kind.REDUCE
            amount = -adjustment.amount if reduces else adjustment.amount
            _tell(adjustment, ledger.adjust(award, amount, by=by))
            adjustment.done_by, adjustment.done_for = by, principal
            adjustment.status = AdjustmentStatus.DONE
    elif adjustment.kind == Adjustment.Kind.REDUCE and award.status == AwardStatus.PAID:
        with mail_language():
            reason = _(
                "按 %(year)s 年度总量结算，这笔奖补应为 %(settled)s 元，已兑现 %(net)s 元，"
                "多兑现 %(amount)s 元。"
            ) % {
                "year": award.policy_year,
                "settled": yuan(award.net - adjustment.amount),
                "net": yuan(award.net),
                "amount": yuan(adjustment.amount),
            }
        demand_return(award, adjustment.amount, reason=reason, by=by, adjustment=adjustment)
        adjustment.status = AdjustmentStatus.DEMANDED
    else:
        raise Refused(
            _("这笔奖补现在是“%(status)s”，不能调整：已列入批次的等批次办结，已拨付的不再补差。")
            % {"status": award.get_status_display()}
        )
    adjustment.save(update_fields=["status", "agreed_by", "agreed_for", "done_by", "done_for"])
    _record("adjustment.agreed", adjustment, by, principal)
    return adjustment


@transaction.atomic
def drop(adjustment: Adjustment, *, by: User) -> Adjustment:
    """Leave an award as it was granted."""
    adjustment, principal = _locked(adjustment, by)
    adjustment.status = AdjustmentStatus.DROPPED
    adjustment.save(update_fields=["status"])
    _record("adjustment.dropped", adjustment, by, principal)
    return adjustment


def _locked(adjustment: Adjustment, by: User) -> tuple[Adjustment, User | None]:
    """The adjustment, and on whose behalf the person handles it."""
    principal = require_finance(adjustment.award.district, by)
    ledger.lock_awards([adjustment.award])
    adjustment = (
        locked(Adjustment.objects.filter(pk=adjustment.pk))
        .select_related("award__district", "settlement__company_year__company")
        .get()
    )
    require_stranger({by, principal}, [adjustment.award])
    if not adjustment.is_open:
        raise StateChanged(
            _("状态已变化：这项调整现在是“%(status)s”。请刷新页面。")
            % {"status": adjustment.get_status_display()}
        )
    return adjustment, principal


def _tell(adjustment: Adjustment, award: Award) -> None:
    """The company hears of its changed amount before the money comes."""
    assert award.claim is not None
    application = award.claim.application
    left = Decimal(0) if award.status == AwardStatus.CANCELLED else award.payable
    with mail_language():
        tell_company(
            application,
            f"adjusted:{adjustment.pk}",
            _("奖补金额有调整：%(application)s") % {"application": application},
            _(
                "按年度总量结算，%(kind)s %(amount)s 元，现为 %(left)s 元。"
                "原通知书所载金额以此为准，核验页面已经注明。"
            )
            % {
                "kind": adjustment.get_kind_display(),
                "amount": yuan(adjustment.amount),
                "left": yuan(left),
            },
        )


def _record(action: str, adjustment: Adjustment, by: User, principal: User | None) -> None:
    record(
        action,
        about=adjustment.award,
        by=by,
        on_behalf_of=principal,
        kind=adjustment.kind,
        amount=str(adjustment.amount),
        status=adjustment.status,
    )
