"""How a case moves: stage after stage, opinion after opinion.

Locks are taken in the order that `accounts.locks` names.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import Department, District, NumberSeries, Role, User
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.services import record
from outbox.failpoints import failpoint
from reviews import calendar, routes, screening
from reviews.models import (
    Case,
    Opinion,
    PublicNotice,
    PublicNoticeEntry,
    Recusal,
    Stage,
    StageKind,
    Task,
    TaskState,
    Verdict,
    Where,
)
from reviews.notices import services as notices
from reviews.people import is_free
from subsidies.applications import answers
from subsidies.applications import services as applications
from subsidies.applications.enums import Reason, Status
from subsidies.credit.findings import Finding, findings_of
from subsidies.ledger import services as ledger
from subsidies.models import Application, Receipt
from subsidies.money import yuan

# What may be said on a stage. A co-department gives its opinion; the lead department returns
# and rejects.
VERDICTS: dict[StageKind, tuple[Verdict, ...]] = {
    StageKind.ACCEPTANCE: (Verdict.AGREE, Verdict.RETURN, Verdict.REJECT),
    StageKind.REVIEW: (Verdict.AGREE, Verdict.RETURN, Verdict.REJECT),
    StageKind.JOINT: (Verdict.AGREE, Verdict.DISAGREE),
    StageKind.DETERMINATION: (Verdict.AGREE, Verdict.RETURN, Verdict.REJECT),
    StageKind.FINANCE: (Verdict.AGREE, Verdict.REDETERMINE, Verdict.RETURN),
    StageKind.PUBLIC_NOTICE: (),
    StageKind.APPROVAL: (
        Verdict.AGREE,
        Verdict.REDETERMINE,
        Verdict.RETURN,
        Verdict.REJECT,
    ),
}
# Where the amounts are proposed, and where they are settled.
SETS_AMOUNTS = frozenset({StageKind.REVIEW, StageKind.DETERMINATION})
# What lets go of the money that finance holds for a case.
BACK = frozenset({Verdict.RETURN, Verdict.REDETERMINE, Verdict.REJECT})
# From here on nobody agrees to a claim that the rules do not pay.
NEEDS_ELIGIBLE = frozenset(
    {StageKind.REVIEW, StageKind.DETERMINATION, StageKind.FINANCE, StageKind.APPROVAL}
)


# Who has a say in cases at all.
DECIDES = (Role.REVIEWER, Role.LEAD, Role.FINANCE)


class NotPayable(Refused):
    """The rules do not pay what somebody was about to agree to."""


def open_case(application: Application) -> Case:
    """Begin the review of a filed application, in its transaction."""
    route = routes.current_route(application.district)
    case = Case.objects.create(
        application=application,
        route=route,
        stage=route.stages.order_by("position").first(),
    )
    assert case.stage is not None
    _enter(case, case.stage)
    return case


def resume_case(application: Application) -> Case:
    """Take a corrected application up again, in a new round: earlier opinions no longer count.
    What was accepted once goes straight to the first review."""
    case = _locked_case(application)
    accepted = case.opinions.filter(
        task__stage__kind=StageKind.ACCEPTANCE, verdict=Verdict.AGREE
    ).exists()
    stages = case.route.stages.order_by("position")
    if accepted:
        stages = stages.exclude(kind=StageKind.ACCEPTANCE)
        applications.accept(application)
    _begin_round(case, stages.first())
    return case


def close_withdrawn_case(application: Application) -> None:
    case = _locked_case(application)
    _close(case)


def decide(
    task: Task,
    verdict: Verdict,
    *,
    by: User,
    revision: int,
    text: str = "",
    amounts: dict[int, Decimal] | None = None,
) -> Opinion:
    """Say a department's opinion on a task and draw what follows from it.

    `revision` is that of the application as it was read: StateChanged if it changed since.
    `amounts` maps each claim's id to the amount proposed (yuan), where the stage sets amounts;
    never above the answer, and with a reason where below. Raises Refused with every fault.
    """
    try:
        with transaction.atomic():
            return _decide(task, verdict, by, revision, text.strip(), amounts)
    except NotPayable:
        # The refusal undid its own receipt, and what stopped the money must be on record.
        with transaction.atomic():
            application = applications.lock_application(task.case.application)
            answers.keep_receipt(application, _reason_of(StageKind(task.stage.kind)))
        raise


def _decide(
    task: Task,
    verdict: Verdict,
    by: User,
    revision: int,
    text: str,
    amounts: dict[int, Decimal] | None,
) -> Opinion:
    application = applications.lock_application(task.case.application)
    case = _locked_case(application)
    task = locked(Task.objects.filter(pk=task.pk)).select_related("stage", "department").get()
    failpoint("case.locked")
    _require_open(task, case, application, revision)
    principal = _require_person(task, case, by)
    kind = StageKind(task.stage.kind)
    if verdict not in VERDICTS[kind]:
        raise Refused(_("本环节不能作这个结论，请重新选择。"))
    if verdict != Verdict.AGREE and not text:
        raise Refused(_("请写明理由，企业和其他部门要据此办理。"))
    receipt = None
    if verdict == Verdict.AGREE and kind in NEEDS_ELIGIBLE:
        receipt = answers.keep_receipt(application, _reason_of(kind))
        _require_payable(receipt, findings_of(application))
        if kind not in SETS_AMOUNTS:
            _require_within(application, receipt)
    if verdict == Verdict.AGREE and kind in SETS_AMOUNTS:
        assert receipt is not None
        amounts = _checked_amounts(application, receipt, amounts, text)
    else:
        amounts = {}
    opinion = Opinion.objects.create(
        case=case,
        task=task,
        round=case.round,
        person=by,
        on_behalf_of=principal,
        verdict=verdict,
        text=text,
        amounts={str(claim): str(amount) for claim, amount in amounts.items()},
        receipt=receipt,
    )
    failpoint("case.opinion")
    _finish(task)
    if verdict in BACK:
        ledger.release_application(application, by=by)
    if verdict == Verdict.RETURN:
        _stop_clock(case)
        applications.return_for_correction(application, reason=text)
    elif verdict == Verdict.REDETERMINE:
        _cancel_tasks(case)
        _begin_round(case, case.route.stages.get(kind=StageKind.DETERMINATION))
    elif verdict == Verdict.REJECT:
        _close(case)
        applications.reject(application, reason=text)
    else:
        _after_consent(application, case, task, amounts, by=by)
    if kind in NEEDS_ELIGIBLE or verdict in (Verdict.RETURN, Verdict.REJECT):
        screening.clear(case, by=by, on_behalf_of=principal, how=verdict)
    record(
        f"case.{kind}.{verdict}",
        about=application,
        by=by,
        on_behalf_of=principal,
        department=task.department.short_name,
        round=opinion.round,
        text=text,
        amounts=opinion.amounts,
        receipt=receipt.sha256 if receipt else None,
        receipt_id=receipt.pk if receipt else None,
    )
    return opinion


def _after_consent(
    application: Application,
    case: Case,
    task: Task,
    amounts: dict[int, Decimal],
    *,
    by: User,
) -> None:
    kind = StageKind(task.stage.kind)
    if kind == StageKind.ACCEPTANCE:
        applications.accept(application)
    if kind == StageKind.DETERMINATION:
        for claim in application.claims.all():
            claim.determined_amount = amounts[claim.pk]
            claim.save(update_fields=["determined_amount"])
    if kind == StageKind.FINANCE:
        ledger.reserve_application(application, by=by)
    if kind == StageKind.APPROVAL:
        _grant(application, case, by=by)
        return
    if not case.tasks.filter(stage=task.stage, round=case.round, state=TaskState.OPEN).exists():
        _advance(case)


def _grant(application: Application, case: Case, *, by: User) -> None:
    amounts = {
        claim.pk: claim.determined_amount
        for claim in application.claims.all()
        if claim.determined_amount is not None
    }
    awards = ledger.grant_application(application, amounts, by=by)
    applications.approve(application)
    failpoint("case.approved")
    _close(case)
    for award in awards:
        notices.issue(award, by=by)


def _begin_round(case: Case, stage: Stage | None) -> None:
    """Begin again at a stage: what was said there and behind it no longer counts."""
    assert stage is not None
    case.round += 1
    case.round_from = stage.position
    _enter(case, stage)


def _advance(case: Case) -> None:
    assert case.stage is not None
    following = case.route.stages.filter(position__gt=case.stage.position).order_by("position")
    for stage in following:
        if departments(case, stage) or stage.where == Where.NOBODY:
            _enter(case, stage)
            return
    raise Refused(_("流程没有下一环节，请系统管理员检查流程设置。"))


def _enter(case: Case, stage: Stage) -> None:
    """Put a case on a stage: its tasks, its time limit; or onto a public notice."""
    case.stage = stage
    today = timezone.localdate()
    if stage.kind == StageKind.PUBLIC_NOTICE:
        case.due_on = _publish(case, stage, today).ends_on
    else:
        case.due_on = _time_limit(today, stage.days)
        Task.objects.bulk_create(
            Task(
                case=case,
                stage=stage,
                round=case.round,
                department=department,
                role=stage.role,
                due_on=case.due_on,
            )
            for department in departments(case, stage)
        )
    case.save()


def _time_limit(today: date, days: int) -> date | None:
    """The last day of a time limit; None, and shown so, while that year's calendar is missing."""
    try:
        return calendar.add_workdays(today, days, count_start=False)
    except calendar.CalendarMissing:
        return None


def departments(case: Case, stage: Stage) -> list[Department]:
    """Who is asked on a stage of this case."""
    item = case.application.item
    match stage.where:
        case Where.LEAD:
            return item.leads[:1]
        case Where.CO:
            # Of two departments that share the lead the second has its say with the others.
            return [*item.leads[1:], *item.co_departments]
        case Where.FINANCE:
            return [finance_department(case.application.district)]
        case _:
            return []


def finance_department(district: District) -> Department:
    return Department.objects.get(district=district, is_finance=True)


def _publish(case: Case, stage: Stage, today: date) -> PublicNotice:
    """Put a case on the public notice that its department opens that day under the document."""
    application = case.application
    item = application.item
    lead = item.leads[0]
    starts_on = calendar.add_workdays(today, 1, count_start=True)
    ends_on = calendar.add_workdays(starts_on, stage.days, count_start=True)
    # Two cases may want the day's first notice at the same moment: one makes it, both are on it.
    defaults: dict[str, Any] = {
        "district": application.district,
        "number": lambda: NumberSeries.next(application.district, "public_notice", starts_on.year),
        "ends_on": ends_on,
        "days": stage.days,
    }
    notice, _created = PublicNotice.objects.get_or_create(
        department=lead,
        document=item.edition.document,
        starts_on=starts_on,
        closed_at=None,
        defaults=defaults,
    )
    claims = list(application.claims.select_related("level"))
    PublicNoticeEntry.objects.create(
        notice=notice,
        case=case,
        round=case.round,
        company_name=application.company.name,
        uscc=application.company.uscc,
        matter="；".join(
            "·".join(part for part in (item.title, claim.level.title, claim.subject) if part)
            for claim in claims
        ),
        clause=item.clause,
        amount=sum((claim.determined_amount or Decimal(0) for claim in claims), Decimal(0)),
    )
    return notice


def end_due_public_notices(today: date | None = None) -> int:
    """Close every public notice whose last day is over and send its cases on; the number closed.
    Run as often as one likes: what is closed stays closed."""
    today = today or timezone.localdate()
    due = PublicNotice.objects.over(today).values_list("pk", flat=True)
    return sum(end_public_notice(pk, today) for pk in list(due))


@transaction.atomic
def end_public_notice(pk: int, today: date) -> bool:
    """Close one public notice if its last day is before `today`; False if it is not over."""
    entries = PublicNoticeEntry.objects.filter(notice=pk).select_related("case__application")
    # Applications first, in their order, as everywhere; the notice is read again behind them.
    for entry in sorted(entries, key=lambda entry: str(entry.case.application_id)):
        applications.lock_application(entry.case.application)
    row = locked(PublicNotice.objects.over(today).filter(pk=pk)).first()
    if row is None:
        return False
    row.closed_at = timezone.now()
    row.save(update_fields=["closed_at"])
    for entry in entries:
        case = _locked_case(entry.case.application)
        on_notice = case.stage is not None and case.stage.kind == StageKind.PUBLIC_NOTICE
        if on_notice and case.round == entry.round:
            _advance(case)
    record("public_notice.ended", about=row, by=None, entries=len(entries), on=today)
    return True


def _locked_case(application: Application) -> Case:
    case = (
        locked(Case.objects.filter(application=application)).select_related("stage", "route").get()
    )
    case.application = application
    return case


def _close(case: Case) -> None:
    _cancel_tasks(case)
    case.stage = None
    case.due_on = None
    case.closed_at = timezone.now()
    case.save()


def _stop_clock(case: Case) -> None:
    _cancel_tasks(case)
    case.due_on = None
    case.save(update_fields=["due_on"])


def _cancel_tasks(case: Case) -> None:
    case.tasks.open().update(state=TaskState.CANCELLED, done_at=timezone.now())


def _finish(task: Task) -> None:
    task.state = TaskState.DONE
    task.done_at = timezone.now()
    task.save(update_fields=["state", "done_at"])


def _require_open(task: Task, case: Case, application: Application, revision: int) -> None:
    if task.state != TaskState.OPEN or task.round != case.round:
        raise StateChanged(_("状态已变化：这项待办已经办过或不再需要。请刷新页面。"))
    if application.revision != revision:
        raise StateChanged(_("内容已更新，请重新审阅后再提交意见。"))


def _require_person(task: Task, case: Case, by: User) -> User | None:
    """On whose behalf the person decides; both must be free to."""
    role = Role(task.role)
    if not by.has_role(role, department_id=task.department_id):
        raise NotAllowed(
            _("这项待办由%(department)s办理。") % {"department": task.department.short_name}
        )
    if case.application.company.ever_had([by]):
        raise NotAllowed(_("您是这家企业的人员，不能办理它的申请。"))
    if case.recusals.filter(person=by).exists():
        raise NotAllowed(_("您已申请回避本件，须由另一人办理。"))
    if case.opinions.standing().by_any([by]).exists():
        raise NotAllowed(_("您已在本件的其他环节作过结论，须由另一人办理。"))
    principal = by.principal(role, department_id=task.department_id)
    if principal and not is_free(case, principal):
        raise NotAllowed(
            _("您代办的%(principal)s不能办理本件：是企业人员、已申请回避或已作过结论。")
            % {"principal": principal}
        )
    return principal


def takes_conflicts(case: Case) -> bool:
    """Whether somebody may still have to keep away from the case: until it is closed, and of an
    approved one for good, for its money is paid, adjusted and asked back."""
    return case.closed_at is None or case.application.status == Status.APPROVED


@transaction.atomic
def declare_conflict(case: Case, *, reason: str, by: User) -> Recusal:
    """Take no part in a case any more, whatever office one acts in: others of the department go
    on, after the approval others in finance. It is for good."""
    application = applications.lock_application(case.application)
    case = _locked_case(application)
    # A payment of theirs that is under way does not ask for the case.
    locked(User.objects.filter(pk=by.pk)).get()
    if not takes_conflicts(case):
        raise StateChanged(_("本件已办结，不用申请回避。"))
    if not by.has_role(*DECIDES):
        raise NotAllowed(_("只有办理人员申请回避。"))
    if not reason.strip():
        raise Refused(_("请写明回避的理由，如与企业有利害关系。"))
    if case.recusals.filter(person=by).exists():
        raise StateChanged(_("您已申请回避本件。"))
    recusal = Recusal.objects.create(case=case, person=by, reason=reason.strip())
    record("case.recused", about=application, by=by, reason=recusal.reason)
    return recusal


def _reason_of(kind: StageKind) -> Reason:
    match kind:
        case StageKind.FINANCE:
            return Reason.PUBLIC_NOTICE
        case StageKind.APPROVAL:
            return Reason.APPROVAL
        case _:
            return Reason.REVIEW


def _require_payable(receipt: Receipt, found: list[Finding]) -> None:
    """Nobody agrees to what the rules refuse or leave open, nor past a credit entry that stands
    in the way or that nobody has judged."""
    faults = [
        detail
        for claim in receipt.answer["claims"]
        if not claim["eligible"] or Decimal(claim["payable"] or 0) <= 0
        for detail in _why_not(claim)
    ]
    faults += [finding.obstacle for finding in found if finding.obstacle]
    if faults:
        raise NotPayable(_("按现行规则不能同意，可以退回补正或不予通过。"), *faults)


def _require_within(application: Application, receipt: Receipt) -> None:
    """What was determined must still be within the answer: facts may have changed since."""
    payable = {int(claim["id"]): Decimal(claim["payable"]) for claim in receipt.answer["claims"]}
    faults = [
        _("“%(claim)s”核定 %(amount)s 元，现在最多可兑现 %(payable)s 元。")
        % {
            "claim": claim,
            "amount": yuan(claim.determined_amount or Decimal(0)),
            "payable": yuan(payable[claim.pk]),
        }
        for claim in application.claims.select_related("level")
        if claim.determined_amount is None or claim.determined_amount > payable[claim.pk]
    ]
    if faults:
        raise NotPayable(_("核定金额超过现在的测算结果，请退回审定。"), *faults)


def _why_not(claim: dict[str, Any]) -> list[str]:
    against = [
        _("：").join([check["name"], check["detail"]])
        for check in claim["checks"]
        if check["outcome"] != "pass"
    ]
    if against:
        return against
    if claim["missing"]:
        return [_("还缺 %(count)s 个数据，暂不能判断。") % {"count": len(claim["missing"])}]
    return [_("测算金额为 0.00 元。")]


def _checked_amounts(
    application: Application,
    receipt: Receipt,
    amounts: dict[int, Decimal] | None,
    text: str,
) -> dict[int, Decimal]:
    """The amounts as proposed, each above zero, within the answer, and reasoned where below."""
    payable = {int(claim["id"]): Decimal(claim["payable"]) for claim in receipt.answer["claims"]}
    proposed = amounts if amounts is not None else payable
    faults = []
    for claim in application.claims.select_related("level"):
        amount = proposed.get(claim.pk)
        most = payable[claim.pk]
        if amount is None or amount <= 0:
            faults.append(_("请填写“%(claim)s”的金额。") % {"claim": claim})
        elif amount != amount.quantize(Decimal("0.01")):
            faults.append(_("金额最多写两位小数。"))
        elif amount > most:
            faults.append(
                _("金额 %(amount)s 元超过测算结果 %(most)s 元，只能核减，不能调高。")
                % {"amount": yuan(amount), "most": yuan(most)}
            )
        elif amount < most and not text:
            faults.append(
                _("金额比测算少 %(less)s 元，请在意见里写明核减理由。")
                % {"less": yuan(most - amount)}
            )
    if faults:
        raise Refused(*faults)
    return {claim.pk: proposed[claim.pk] for claim in application.claims.all()}
