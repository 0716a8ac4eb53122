"""Batches of awards: made by one person in finance, approved by another, paid, noted."""

from collections.abc import Iterable
from datetime import date

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import District, NumberSeries, Role, User
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.services import record
from companies.models import Company
from disbursements.models import Batch, BatchStatus, PaymentLine
from outbox.failpoints import failpoint
from subsidies.applications import answers
from subsidies.applications import services as applications
from subsidies.applications.enums import Reason
from subsidies.ledger import services as ledger
from subsidies.ledger.locks import locked
from subsidies.ledger.models import AwardStatus
from subsidies.models import Award

# What is looked at once more before money leaves: things that change after the approval.
CHECKED_BEFORE_PAYMENT = frozenset({"dishonesty", "misconduct"})


@transaction.atomic
def make_batch(district: District, awards: Iterable[Award], *, by: User) -> Batch:
    """Put awards that were notified into a batch, with the accounts as they are now.

    Raises Refused naming each company without an account or no longer free to be paid.
    """
    _require_finance(district, by)
    awards = list(awards)
    _require_stranger(by, (award.company_id for award in awards))
    chosen = list(
        locked(Award.objects.filter(pk__in=[award.pk for award in awards], district=district))
        .select_related("company")
        .order_by("pk")
    )
    faults = []
    if not chosen:
        faults.append(_("请至少选择一笔待拨付的奖补。"))
    for award in chosen:
        if award.status not in (AwardStatus.NOTIFIED, AwardStatus.PAYMENT_FAILED):
            faults.append(
                _("%(company)s 的这笔奖补现在是“%(status)s”，不能列入批次。")
                % {"company": award.company, "status": award.get_status_display()}
            )
        if award.company.current_account is None:
            faults.append(
                _("%(company)s 没有收款账户，请企业先补充。") % {"company": award.company}
            )
    if faults:
        raise Refused(*faults)
    today = timezone.localdate()
    sequence = NumberSeries.next(district, "batch", today.year)
    batch = Batch.objects.create(district=district, number=f"{today:%Y-%m}-B{sequence}", made_by=by)
    try:
        with transaction.atomic():
            for award in chosen:
                account = award.company.current_account
                assert account is not None
                PaymentLine.objects.create(
                    batch=batch,
                    award=award,
                    payee=account.holder,
                    uscc=award.company.uscc,
                    bank=account.bank,
                    account=account.number,
                    cnaps=account.cnaps,
                    amount=award.amount,
                )
    except IntegrityError:
        raise StateChanged(_("有的奖补刚被列入另一个批次，请刷新页面后重新选择。")) from None
    for award in chosen:
        ledger.move_award(award, AwardStatus.SCHEDULED)
    failpoint("batch.made")
    record("batch.made", about=batch, by=by, number=batch.number, awards=len(chosen))
    return batch


class NotPayable(Refused):
    """A line may not be paid as things stand now."""


def approve_batch(batch: Batch, *, by: User) -> Batch:
    """A second person's consent, after every line was checked once more."""
    try:
        with transaction.atomic():
            return _approve(batch, by)
    except NotPayable:
        # The refusal undid its own receipts, and what stopped the money must be on record.
        with transaction.atomic():
            for line in batch.lines.select_related("award__claim__application"):
                assert line.award.claim is not None
                answers.keep_receipt(line.award.claim.application, Reason.PAYMENT)
        raise


def _approve(batch: Batch, by: User) -> Batch:
    batch = _locked(batch)
    _require_finance(batch.district, by)
    _require_stranger(by, batch.lines.values_list("award__company", flat=True))
    _require_status(batch, BatchStatus.DRAFT)
    if batch.made_by_id == by.pk:
        raise NotAllowed(_("制单人不能复核自己的批次，须由另一人复核。"))
    _check_before_payment(batch)
    batch.status = BatchStatus.APPROVED
    batch.approved_by = by
    batch.approved_at = timezone.now()
    batch.save()
    failpoint("batch.approved")
    record(
        "batch.approved",
        about=batch,
        by=by,
        number=batch.number,
        total=str(batch.total),
    )
    return batch


@transaction.atomic
def cancel_batch(batch: Batch, *, by: User) -> Batch:
    """Undo a batch that nobody has approved; its awards can be chosen again."""
    batch = _locked(batch)
    _require_finance(batch.district, by)
    _require_stranger(by, batch.lines.values_list("award__company", flat=True))
    _require_status(batch, BatchStatus.DRAFT)
    for line in batch.lines.select_related("award"):
        line.is_live = False
        line.save(update_fields=["is_live"])
        ledger.move_award(line.award, AwardStatus.NOTIFIED)
    batch.status = BatchStatus.CANCELLED
    batch.save(update_fields=["status"])
    record("batch.cancelled", about=batch, by=by, number=batch.number)
    return batch


@transaction.atomic
def mark_paid(batch: Batch, *, on: date, by: User) -> Batch:
    """Note that the bank has paid the whole batch on that day."""
    batch = _locked(batch)
    _require_finance(batch.district, by)
    _require_stranger(by, batch.lines.values_list("award__company", flat=True))
    _require_status(batch, BatchStatus.APPROVED)
    today = timezone.localdate()
    assert batch.approved_at is not None
    if not timezone.localdate(batch.approved_at) <= on <= today:
        raise Refused(_("拨付日期应在复核之日和今天之间，请重新填写。"))
    lines = list(batch.lines.select_related("award__claim__application").order_by("award"))
    ledger.lock_awards(line.award for line in lines)
    for line in lines:
        award = ledger.pay(line.award, on=on, by=by)
        assert line.award.claim is not None
        with applications.mail_language():
            applications.tell_company(
                line.award.claim.application,
                f"paid:{award.pk}",
                _("已拨付：%(application)s") % {"application": line.award.claim.application},
                _("款项已拨付到贵公司账户，请查收。"),
            )
    failpoint("batch.paid")
    batch.status = BatchStatus.PAID
    batch.paid_by = by
    batch.paid_on = on
    batch.save()
    record(
        "batch.paid",
        about=batch,
        by=by,
        number=batch.number,
        total=str(batch.total),
        on=on,
    )
    return batch


def _check_before_payment(batch: Batch) -> None:
    """Look at the credit record and the account again; name every line that may not be paid."""
    # Behind the companies' locks no account is changed until the approval stands.
    companies = Company.objects.filter(pk__in=batch.lines.values("award__company"))
    list(locked(companies.order_by("pk")))
    faults: list[str] = []
    for line in batch.lines.select_related("award__claim__application"):
        assert line.award.claim is not None
        application = line.award.claim.application
        receipt = answers.keep_receipt(application, Reason.PAYMENT)
        for entry in receipt.answer["claims"]:
            faults.extend(
                _("%(payee)s：%(fault)s（%(clause)s）")
                % {"payee": line.payee, "fault": check["detail"], "clause": check["clause"]}
                for check in entry["checks"]
                if check["code"] in CHECKED_BEFORE_PAYMENT and check["outcome"] == "fail"
            )
        account = application.company.current_account
        if account is None or (account.number, account.holder) != (
            line.account,
            line.payee,
        ):
            faults.append(
                _("%(payee)s：收款账户在制单后变更过，请作废本批次后重新制单。")
                % {"payee": line.payee}
            )
    if faults:
        raise NotPayable(_("拨付前核对没有通过："), *faults)


def _locked(batch: Batch) -> Batch:
    return locked(Batch.objects.filter(pk=batch.pk)).select_related("district").get()


def _require_finance(district: District, by: User) -> None:
    if district.pk not in by.district_ids(Role.FINANCE):
        raise NotAllowed(_("只有财政人员可以办理拨付。"))


def _require_stranger(by: User, companies: Iterable[int]) -> None:
    """Nobody pays a company they belong to."""
    own = by.memberships.filter(company__in=list(companies)).select_related("company").first()
    if own:
        raise NotAllowed(
            _("您是 %(company)s 的人员，不能办理它的拨付。") % {"company": own.company}
        )


def _require_status(batch: Batch, status: BatchStatus) -> None:
    if batch.status != status:
        raise StateChanged(
            _("状态已变化：批次 %(number)s 现在是“%(status)s”。请刷新页面。")
            % {"number": batch.number, "status": batch.get_status_display()}
        )
