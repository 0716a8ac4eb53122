"""Batches of awards: made by one person in finance, approved by another, paid, noted."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import Appointment, District, NumberSeries, Role, StandIn, User
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.models import Entry
from audit.services import record
from companies.models import Company
from companies.team import access
from disbursements.models import (
    SENT,
    Batch,
    BatchStatus,
    Clawback,
    ClawbackStatus,
    PaymentLine,
)
from outbox.failpoints import failpoint
from outbox.services import mail_language
from reviews.models import Case, Opinion, Recusal, StageKind, Verdict
from reviews.money_back import how_to_give_back
from subsidies.applications import answers
from subsidies.applications import services as applications
from subsidies.applications.enums import Reason
from subsidies.credit.findings import findings_of
from subsidies.ledger import services as ledger
from subsidies.ledger.models import AwardStatus
from subsidies.ledger.settlement import propose_again
from subsidies.models import Adjustment, Award
from subsidies.money import yuan

# What is looked at once more before money leaves, beside the credit record.
CHECKED_BEFORE_PAYMENT = frozenset({"misconduct"})


class NotPayable(Refused):
    """A line may not be paid as things stand now."""


def make_batch(district: District, awards: Iterable[Award], *, by: User) -> Batch:
    """Put awards that were notified into a batch, with the accounts as they are now.

    Raises Refused naming each company without an account, no longer free to be paid, or with a
    credit entry in the way.
    """
    awards = list(awards)
    try:
        with transaction.atomic():
            return _make(district, awards, by)
    except NotPayable:
        _keep_receipts([award for award in awards if award.district_id == district.pk])
        raise


def _make(district: District, awards: list[Award], by: User) -> Batch:
    principal = require_finance(district, by)
    require_stranger({by, principal}, awards)
    chosen = list(
        locked(Award.objects.filter(pk__in=[award.pk for award in awards], district=district))
        .select_related("company__merged_into", "claim__application")
        .order_by("pk")
    )
    ledger.refuse_while_frozen()
    faults = []
    if not chosen:
        faults.append(_("请至少选择一笔待拨付的奖补。"))
    for award in chosen:
        if award.status not in (AwardStatus.NOTIFIED, AwardStatus.PAYMENT_FAILED):
            faults.append(
                _("%(company)s 的这笔奖补现在是“%(status)s”，不能列入批次。")
                % {"company": award.company, "status": award.get_status_display()}
            )
        payee = award.company.standing_row
        if payee.current_account is None:
            faults.append(_("%(company)s 没有收款账户，请企业先补充。") % {"company": payee})
        if payee.open_account_change:
            faults.append(_unconfirmed(payee))
        faults += _strange_holder(payee)
    if faults:
        raise Refused(*faults)
    if held := [fault for award in chosen for fault in _against(award)]:
        raise NotPayable(_("拨付前核对没有通过："), *held)
    today = timezone.localdate()
    sequence = NumberSeries.next(district, "batch", today.year)
    batch = Batch.objects.create(
        district=district, number=f"{today:%Y-%m}-B{sequence}", made_by=by, made_for=principal
    )
    try:
        with transaction.atomic():
            for award in chosen:
                payee = award.company.standing_row
                account = payee.current_account
                assert account is not None
                PaymentLine.objects.create(
                    batch=batch,
                    award=award,
                    payee=account.holder,
                    uscc=payee.uscc,
                    bank=account.bank,
                    account=account.number,
                    cnaps=account.cnaps,
                    amount=award.payable,
                )
    except IntegrityError:
        raise StateChanged(_("有的奖补刚被列入另一个批次，请刷新页面后重新选择。")) from None
    failpoint("batch.lined")
    for award in chosen:
        ledger.move_award(award, AwardStatus.SCHEDULED)
    failpoint("batch.made")
    record(
        "batch.made",
        about=batch,
        by=by,
        on_behalf_of=principal,
        number=batch.number,
        awards=len(chosen),
    )
    return batch


def approve_batch(batch: Batch, *, by: User) -> Batch:
    """A second person's consent, after every line was checked once more."""
    try:
        with transaction.atomic():
            return _approve(batch, by)
    except NotPayable:
        _keep_receipts(_awards_of(batch))
        raise


def _awards_of(batch: Batch) -> list[Award]:
    return [line.award for line in batch.lines.select_related("award__claim__application")]


def _keep_receipts(awards: list[Award]) -> None:
    """A refusal undoes its own receipts, and what stopped the money must be on record."""
    with transaction.atomic():
        for award in awards:
            assert award.claim is not None
            answers.keep_receipt(award.claim.application, Reason.PAYMENT)


def _approve(batch: Batch, by: User) -> Batch:
    batch = _locked(batch)
    principal = require_finance(batch.district, by)
    require_stranger({by, principal}, _awards_of(batch))
    _require_status(batch, BatchStatus.DRAFT)
    if batch.makers & {by.pk, principal and principal.pk}:
        raise NotAllowed(_("制单人不能复核自己的批次，须由另一人复核。"))
    _check_before_payment(batch)
    ledger.refuse_while_frozen()
    batch.status = BatchStatus.APPROVED
    batch.approved_by = by
    batch.approved_for = principal
    batch.approved_at = timezone.now()
    batch.save()
    failpoint("batch.approved")
    record(
        "batch.approved",
        about=batch,
        by=by,
        on_behalf_of=principal,
        number=batch.number,
        total=str(batch.total),
    )
    return batch


@transaction.atomic
def hand_out_list(batch: Batch, *, by: User) -> Batch:
    """Note that somebody takes the list for the bank: only what two people have seen leaves the
    house. Behind the batch's lock, for whoever cancels it asks whether its list is out."""
    batch = _locked(batch)
    principal = by.principal(Role.FINANCE, Role.AUDITOR, district_id=batch.district_id)
    _hold({by, principal})
    require_stranger({by, principal}, _awards_of(batch))
    if batch.status not in SENT:
        raise StateChanged(_("批次复核后才能下载拨付清单。"))
    if batch.status == BatchStatus.APPROVED:
        ledger.refuse_while_frozen()
    record(
        "batch.downloaded",
        about=batch,
        by=by,
        on_behalf_of=principal,
        number=batch.number,
    )
    return batch


def holders_of_list(batch: Batch) -> set[int | None]:
    """Who has the batch's list, and so may have sent it to the bank; a person and whoever they
    stood in for."""
    taken = Entry.objects.about(batch).filter(action="batch.downloaded")
    names = taken.values_list("actor", "data__on_behalf_of")
    return {name for pair in names for name in pair} - {None}


@transaction.atomic
def cancel_batch(batch: Batch, *, by: User, unpaid: str = "") -> Batch:
    """Undo a batch that nobody has approved, one that is held, or one that somebody signed who
    declared a conflict since; its awards can be chosen again.

    Where its list is out of the house, the bank may be paying it: somebody who does not have the
    list asks the bank, and says in `unpaid` who said when that it has not.
    """
    batch = _locked(batch)
    principal = require_finance(batch.district, by)
    require_stranger({by, principal}, _awards_of(batch))
    if not (batch.status == BatchStatus.APPROVED and (held(batch) or declared_since(batch))):
        _require_status(batch, BatchStatus.DRAFT)
    if holders := holders_of_list(batch):
        if holders & {by.pk, principal and principal.pk}:
            raise NotAllowed(
                _("您下载过本批次的拨付清单，须由没有下载过的另一人与银行确认未付款后作废。")
            )
        if not unpaid:
            raise Refused(
                _("拨付清单已经下载，可能已送银行。请与银行确认没有付款，写明与谁、何时确认。")
            )
    for line in batch.lines.filter(is_live=True).select_related("award"):
        line.is_live = False
        line.save(update_fields=["is_live"])
        ledger.move_award(line.award, AwardStatus.NOTIFIED)
    was_approved = batch.status == BatchStatus.APPROVED
    batch.status = BatchStatus.CANCELLED
    batch.save(update_fields=["status"])
    record(
        "batch.cancelled",
        about=batch,
        by=by,
        on_behalf_of=principal,
        number=batch.number,
        was_approved=was_approved,
        unpaid=unpaid,
    )
    return batch


def mark_paid(batch: Batch, *, on: date, by: User) -> Batch:
    """Note that the bank has paid the batch on that day, but for lines that failed before. Raises
    Refused where something stands against a line by that day: the money must not leave. What the
    bank did is noted whatever the ledger's state, also while it is frozen."""
    try:
        with transaction.atomic():
            return _pay(batch, on, by)
    except NotPayable:
        _keep_receipts(_awards_of(batch))
        raise


def _pay(batch: Batch, on: date, by: User) -> Batch:
    batch = _locked(batch)
    principal = require_finance(batch.district, by)
    require_stranger({by, principal}, _awards_of(batch))
    _require_status(batch, BatchStatus.APPROVED)
    today = timezone.localdate()
    assert batch.approved_at is not None
    if not timezone.localdate(batch.approved_at) <= on <= today:
        raise Refused(_("拨付日期应在复核之日和今天之间，请重新填写。"))
    if faults := held(batch, by_day=on):
        raise NotPayable(_("拨付前核对没有通过，请通知银行停止支付，作废本批次："), *faults)
    lines = list(
        batch.lines.filter(is_live=True)
        .select_related("award__claim__application")
        .order_by("award")
    )
    ledger.lock_awards(line.award for line in lines)
    for line in lines:
        ledger.pay(line.award, on=on, by=by)
        assert line.award.claim is not None
        with mail_language():
            applications.tell_company(
                line.award.claim.application,
                # Not of the award: after a line that failed it is paid once more.
                f"paid:{line.pk}",
                _("已拨付：%(application)s") % {"application": line.award.claim.application},
                _("款项已拨付到贵公司账户，请查收。"),
            )
    failpoint("batch.paid")
    batch.status = BatchStatus.PAID
    batch.paid_by = by
    batch.paid_for = principal
    batch.paid_on = on
    batch.save()
    record(
        "batch.paid",
        about=batch,
        by=by,
        on_behalf_of=principal,
        number=batch.number,
        total=str(sum(line.amount for line in lines)),
        on=on,
    )
    return batch


@transaction.atomic
def fail_line(line: PaymentLine, *, reason: str, by: User) -> PaymentLine:
    """Note that the bank sent a payee's money back, or could not pay it: the award leaves the
    batch and may be put into another. The company is asked to look at its account."""
    batch = _locked(line.batch)
    principal = require_finance(batch.district, by)
    line = locked(batch.lines.filter(pk=line.pk)).select_related("award__claim__application").get()
    require_stranger({by, principal}, [line.award])
    if not line.can_fail:
        raise StateChanged(_("状态已变化：这笔明细已经不在本批次中。请刷新页面。"))
    award = ledger.fail(line.award, by=by)
    line.is_live = False
    line.failed_at = timezone.now()
    line.failed_by = by
    line.failure = reason
    line.save(update_fields=["is_live", "failed_at", "failed_by", "failure"])
    if batch.status == BatchStatus.APPROVED and not batch.lines.filter(is_live=True).exists():
        batch.status = BatchStatus.CANCELLED
        batch.save(update_fields=["status"])
    assert line.award.claim is not None
    application = line.award.claim.application
    with mail_language():
        applications.tell_company(
            application,
            f"failed:{line.pk}",
            _("银行退汇：%(application)s") % {"application": application},
            _("原因：%(reason)s\n请登录核对收款账户，更正后财政部门会再次拨付。")
            % {"reason": reason},
        )
    record(
        "payment.failed",
        about=batch,
        by=by,
        on_behalf_of=principal,
        number=batch.number,
        award=str(award.pk),
        amount=str(line.amount),
        reason=reason,
    )
    return line


@transaction.atomic
def demand_return(
    award: Award,
    amount: Decimal,
    *,
    reason: str,
    by: User,
    adjustment: Adjustment | None = None,
) -> Clawback:
    """Propose to ask a paid award back, or a part of it (yuan), by itself or as a settlement's
    adjustment has it. A second person confirms it."""
    principal = require_finance(award.district, by)
    award = locked(Award.objects.filter(pk=award.pk)).get()
    require_stranger({by, principal}, [award])
    if award.status != AwardStatus.PAID or award.claim_id is None:
        raise StateChanged(_("只有已拨付的奖补可以要求退回。请刷新页面。"))
    if Clawback.objects.open().filter(award=award).exists():
        raise StateChanged(_("这笔奖补已经有一件追回在办。"))
    if not 0 < amount <= award.net:
        raise Refused(
            _("退回金额应大于 0，不超过企业现有的 %(net)s 元。") % {"net": yuan(award.net)}
        )
    clawback = Clawback.objects.create(
        award=award,
        adjustment=adjustment,
        amount=amount,
        reason=reason,
        demanded_by=by,
        demanded_for=principal,
    )
    record(
        "clawback.demanded",
        about=clawback,
        by=by,
        on_behalf_of=principal,
        amount=str(amount),
        reason=reason,
    )
    return clawback


@transaction.atomic
def confirm_return(clawback: Clawback, *, by: User) -> Clawback:
    """A second person's consent: the company is told what to give back, and why."""
    clawback, principal = _locked_clawback(clawback, by, ClawbackStatus.DEMANDED)
    if clawback.demanders & {by.pk, principal and principal.pk}:
        raise NotAllowed(_("提出人不能确认自己提出的追回，须由另一人确认。"))
    ledger.move_award(clawback.award, AwardStatus.CLAWBACK)
    clawback.status = ClawbackStatus.CONFIRMED
    clawback.confirmed_by = by
    clawback.confirmed_for = principal
    clawback.confirmed_at = timezone.now()
    clawback.save(update_fields=["status", "confirmed_by", "confirmed_for", "confirmed_at"])
    assert clawback.award.claim is not None
    application = clawback.award.claim.application
    with mail_language():
        applications.tell_company(
            application,
            f"clawback:{clawback.pk}",
            _("请退回奖补：%(application)s") % {"application": application},
            _("应退 %(amount)s 元。\n原因：%(reason)s\n%(how)s\n登录后可在申请页面看到还应退多少。")
            % {
                "amount": yuan(clawback.amount),
                "reason": clawback.reason,
                "how": how_to_give_back(application),
            },
        )
    record(
        "clawback.confirmed",
        about=clawback,
        by=by,
        on_behalf_of=principal,
        amount=str(clawback.amount),
    )
    return clawback


@transaction.atomic
def drop_return(clawback: Clawback, *, by: User) -> Clawback:
    """Let go of a demand that nobody has confirmed; a settlement's adjustment waits again."""
    clawback, principal = _locked_clawback(clawback, by, ClawbackStatus.DEMANDED)
    clawback.status = ClawbackStatus.DROPPED
    clawback.save(update_fields=["status"])
    if clawback.adjustment:
        propose_again(clawback.adjustment)
    record("clawback.dropped", about=clawback, by=by, on_behalf_of=principal)
    return clawback


@transaction.atomic
def receive_return(clawback: Clawback, amount: Decimal, *, by: User) -> Clawback:
    """Note what came back (yuan). With the last of it the clawback ends: the award stays with
    what is left, or counts no more where nothing is."""
    clawback, principal = _locked_clawback(clawback, by, ClawbackStatus.CONFIRMED)
    if not 0 < amount <= clawback.left:
        raise Refused(
            _("退回金额应大于 0，不超过还应退的 %(left)s 元。") % {"left": yuan(clawback.left)}
        )
    award = ledger.take_back(clawback.award, amount, by=by)
    clawback.returned += amount
    if not clawback.left:
        clawback.status = ClawbackStatus.DONE
        ledger.move_award(award, AwardStatus.PAID if award.net else AwardStatus.RETURNED)
    clawback.save(update_fields=["returned", "status"])
    record(
        "clawback.received",
        about=clawback,
        by=by,
        on_behalf_of=principal,
        amount=str(amount),
    )
    return clawback


def _locked_clawback(
    clawback: Clawback, by: User, status: ClawbackStatus
) -> tuple[Clawback, User | None]:
    """The clawback, and on whose behalf the person handles it."""
    clawback = (
        locked(Clawback.objects.filter(pk=clawback.pk))
        .select_related("award__district", "award__claim__application")
        .get()
    )
    principal = require_finance(clawback.award.district, by)
    require_stranger({by, principal}, [clawback.award])
    if clawback.status != status:
        raise StateChanged(
            _("状态已变化：这件追回现在是“%(status)s”。请刷新页面。")
            % {"status": clawback.get_status_display()}
        )
    return clawback, principal


def _check_before_payment(batch: Batch) -> None:
    """Look at the credit record and the account again; name every line that may not be paid."""
    # Behind the companies' locks no account is changed until the approval stands.
    lines = batch.lines.select_related("award__claim__application", "award__company__merged_into")
    payees = Company.objects.filter(pk__in={line.award.company.standing_row.pk for line in lines})
    list(locked(payees).order_by("pk"))
    faults: list[str] = []
    for line in lines:
        assert line.award.claim is not None
        answers.keep_receipt(line.award.claim.application, Reason.PAYMENT)
        faults.extend(_against(line.award))
        payee = line.award.company.standing_row
        if payee.open_account_change:
            faults.append(_unconfirmed(payee))
        faults += _strange_holder(payee)
        account = payee.current_account
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


def held(batch: Batch, *, by_day: date | None = None) -> list[str]:
    """What stands against the lines of a batch by that day, today if none is named: each with
    its company, document number and clause."""
    lines = batch.lines.filter(is_live=True).select_related(
        "award__claim__application", "award__company"
    )
    return [fault for line in lines for fault in _against(line.award, by_day)]


def _against(award: Award, by_day: date | None = None) -> list[str]:
    """Why an award may not be paid. An entry of a later day than the bank's does not count: the
    money had left."""
    assert award.claim is not None
    application = award.claim.application
    found = findings_of(application)
    day = by_day or timezone.localdate()
    faults = [row.obstacle for row in found if row.obstacle and row.entry.listed_on <= day]
    answer = answers.answer(answers.question_for(application, found), application.item.edition)
    faults += [
        _("%(fault)s，依据 %(clause)s") % {"fault": check["detail"], "clause": check["clause"]}
        for claim in answer["claims"]
        for check in claim["checks"]
        if check["code"] in CHECKED_BEFORE_PAYMENT and check["outcome"] == "fail"
    ]
    return [
        _("%(payee)s：%(fault)s") % {"payee": award.company, "fault": fault} for fault in faults
    ]


def _strange_holder(company: Company) -> list[str]:
    """Nobody but the company itself is paid, also after its row was renamed or merged."""
    account = company.current_account
    if account is None or account.holder == company.name:
        return []
    return [
        _("%(company)s：收款账户的户名是“%(holder)s”，与企业名称不一致，请企业更正账户。")
        % {"company": company, "holder": account.holder}
    ]


def _unconfirmed(company: Company) -> str:
    return _(
        "%(company)s 更换了收款账户，还没有经两位财政人员确认，先不拨付。请到“收款账户变更”办理。"
    ) % {"company": company}


def _locked(batch: Batch) -> Batch:
    return locked(Batch.objects.filter(pk=batch.pk)).select_related("district").get()


def require_finance(district: District, by: User) -> User | None:
    """On whose behalf the person handles the district's money."""
    if district.pk not in by.district_ids(Role.FINANCE):
        raise NotAllowed(_("只有财政人员可以办理拨付。"))
    principal = by.principal(Role.FINANCE, district_id=district.pk)
    _hold({by, principal})
    return principal


def _hold(people: set[User | None]) -> None:
    """Until the act is done none of them declares a conflict."""
    names = [person.pk for person in people if person]
    list(locked(User.objects.filter(pk__in=names)).order_by("pk"))


def require_stranger(people: set[User | None], awards: Iterable[Award]) -> None:
    """Nobody pays a company they belong to, an award they approved themselves, or one of a case
    in which they declared a conflict; nor does a stand-in of such a person."""
    awards = list(awards)
    persons = [person for person in people if person]
    companies = Company.objects.filter(pk__in=[award.company_id for award in awards])
    access.require_stranger(companies, persons)
    cases = Case.objects.filter(application__claims__award__in=awards)
    recusal = _recusals(awards, persons).first()
    if recusal:
        raise NotAllowed(
            _("%(person)s已申请回避“%(case)s”，不能办理它的拨付。")
            % {"person": recusal.person, "case": recusal.case}
        )
    approvals = Opinion.objects.filter(
        case__in=cases, task__stage__kind=StageKind.APPROVAL, verdict=Verdict.AGREE
    )
    approved = approvals.by_any(persons).select_related("case__application").first()
    if approved:
        raise NotAllowed(_("“%(case)s”是您批准的，须由另一人办理拨付。") % {"case": approved.case})


def declared_since(batch: Batch) -> list[Recusal]:
    """Conflicts on its awards that somebody declared whose name stands under the batch. What they
    did before is not undone by it; others may go on with the batch or cancel it."""
    awards = [line.award for line in batch.lines.filter(is_live=True).select_related("award")]
    return list(_recusals(awards, batch.names))


def _recusals(awards: Iterable[Award], people: Iterable[User | int | None]) -> QuerySet[Recusal]:
    return (
        Recusal.objects.filter(
            case__application__claims__award__in=list(awards), person__in=list(people)
        )
        .select_related("person", "case__application")
        .distinct()
    )


def bar(awards: Iterable[Award], person: User, *, district_id: int) -> str:
    """What keeps the person from awards of the district, the office apart; empty where nothing
    does."""
    principal = person.principal(Role.FINANCE, district_id=district_id)
    try:
        require_stranger({person, principal}, awards)
    except NotAllowed as refusal:
        return refusal.messages[0]
    return ""


def bar_to_batch(batch: Batch, person: User) -> str:
    """What keeps the person from any of its awards."""
    return bar(_awards_of(batch), person, district_id=batch.district_id)


def who_goes_on(batch: Batch) -> list[User]:
    """Who in finance may take the batch's next step today, in their own name or another's."""
    today = timezone.localdate()
    offices = Appointment.objects.on(today).filter(
        role=Role.FINANCE, department__district=batch.district_id
    )
    lent = StandIn.objects.in_force(today).filter(appointment__in=offices)
    people = User.objects.filter(
        Q(pk__in=offices.values("user")) | Q(pk__in=lent.values("deputy"))
    ).order_by("name", "pk")
    return [person for person in people if _goes_on(batch, person)]


def _goes_on(batch: Batch, person: User) -> bool:
    principal = person.principal(Role.FINANCE, district_id=batch.district_id)
    own = batch.makers & {person.pk, principal and principal.pk}
    return (
        batch.district_id in person.district_ids(Role.FINANCE)
        and not (batch.status == BatchStatus.DRAFT and own)
        and not bar_to_batch(batch, person)
    )


def _require_status(batch: Batch, status: BatchStatus) -> None:
    if batch.status != status:
        raise StateChanged(
            _("状态已变化：批次 %(number)s 现在是“%(status)s”。请刷新页面。")
            % {"number": batch.number, "status": batch.get_status_display()}
        )
