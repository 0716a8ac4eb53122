"""What was concluded, held against what is known of the companies now.

Every open case, and every award that is not paid yet, is asked its last question again with the
company's facts of today. Where the answer got worse it is kept as a receipt, and one alert tells
whose task it is. Whoever screens twice finds nothing new the second time.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import Appointment, Role, User
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.services import record
from companies.facts import company_facts
from companies.models import Company
from outbox.services import enqueue, mail_language
from reviews import receipts
from reviews.models import Alert, Case, Task
from reviews.people import is_outsider, principal_on
from subsidies.applications import answers
from subsidies.applications import services as applications
from subsidies.applications.enums import Reason, Status
from subsidies.credit.findings import CHECK, Finding, dishonesty, findings_of
from subsidies.models import Application, Receipt
from subsidies.money import yuan

BATCH = 100
Json = dict[str, Any]
Change = dict[str, str]


def start(run: str, *, district: int | None = None, company: int | None = None) -> None:
    """Have the cases of a district, of a company or of everybody screened, once for a run."""
    enqueue("reviews.screen", run, run=run, district=district, company=company)


def screen_next(
    run: str, *, district: int | None, company: int | None, after: str | None = None
) -> None:
    """Screen the next cases behind the application `after`, then leave the rest to another job:
    none takes long, however many there are."""
    cases = Case.objects.to_screen()
    if district is not None:
        cases = cases.filter(application__district=district)
    if company is not None:
        cases = cases.filter(application__company__in=Company(pk=company).rows())
    if after is not None:
        cases = cases.filter(application__gt=after)
    ids = list(cases.order_by("application").values_list("application", flat=True)[:BATCH])
    for pk in ids:
        screen(pk)
    if len(ids) == BATCH:
        rest = {"district": district, "company": company, "after": str(ids[-1])}
        with transaction.atomic():
            enqueue("reviews.screen", f"{run}:{ids[-1]}", run=run, **rest)


def screen(application_id: UUID) -> bool:
    """Screen one application; whether its answer is no longer what it was."""
    with transaction.atomic():
        # What has not changed, and that is most, is left alone without a lock.
        if not _outdated(_application(application_id)):
            return False
        application = applications.lock_application(_application(application_id))
        found = _outdated(application)
        if not found:
            return False
        question, findings, changes = found
        receipt = answers.keep_answer(application, Reason.SCREENING, question, findings)
        case = locked(Case.objects.filter(application=application)).get()
        if changes:
            _raise_alert(case, application, receipt, changes)
        elif _is_clean(receipt.answer, findings):
            clear(case, by=None, how="restored")
    return True


def _application(pk: UUID) -> Application:
    return (
        Application.objects.select_related("company__district", "item__edition")
        .defer("item__edition__body")
        .get(pk=pk)
    )


def _outdated(application: Application) -> tuple[Json, list[Finding], list[Change]] | None:
    """The last question with today's facts, and what got worse; None where all is as it was."""
    before = application.latest_receipt
    if before is None or receipts.is_pending(application, before):
        return None  # the check that the filing waits for sees today's facts itself
    findings = findings_of(application)
    claims = list(application.claims.all())
    facts = company_facts(application.company.standing_row, year=answers.policy_year(claims))
    # The history stays: what was granted since is not what this looks for.
    question = before.question | {
        "as_of": timezone.localdate().isoformat(),
        "company": facts | {"dishonesty": dishonesty(findings)},
    }
    answer = answers.answer(question, application.item.edition)
    changes = list(_changes(before, answer, findings))
    same = _outcome(answer) == _outcome(before.answer) and _kept(before) == {
        (row.entry.pk, row.entry.kind, row.entry.grade) for row in findings
    }
    if not changes and same:
        return None
    return question, findings, changes


def _kept(receipt: Receipt) -> set[tuple[int, str, str]]:
    """The credit entries that a receipt rests on."""
    return {(row["entry"], row["kind"], row["grade"]) for row in receipt.credit or ()}


def _outcome(answer: Json) -> list[tuple[bool | None, str | None]]:
    return [(claim["eligible"], claim["payable"]) for claim in answer["claims"]]


def _is_clean(answer: Json, findings: Iterable[Finding]) -> bool:
    return all(claim["eligible"] for claim in answer["claims"]) and not any(
        finding.obstacle for finding in findings
    )


def _changes(before: Receipt, answer: Json, findings: list[Finding]) -> Iterable[Change]:
    """What got worse, each thing once, in Chinese as all that is kept."""
    with mail_language():
        passed = {
            (claim["id"], check["code"])
            for claim in before.answer["claims"]
            for check in claim["checks"]
            if check["outcome"] == "pass"
        }
        was_clean = any(code == CHECK for _id, code in passed)
        kept = _kept(before)
        told = set()
        for row in findings:
            entry = row.entry
            if row.blocks and was_clean:
                yield _change("blocked", _("新增失信记录，原结论不再成立：%(what)s"), row)
            elif row.is_open and (entry.pk, entry.kind, entry.grade) not in kept:
                yield _change("judge", _("新增信用记录，需要判断：%(what)s"), row)
        for old, new in zip(before.answer["claims"], answer["claims"], strict=True):
            for check in new["checks"]:
                code = check["code"]
                if code == CHECK or check["outcome"] == "pass" or (new["id"], code) not in passed:
                    continue
                if code not in told:
                    told.add(code)
                    text = _("“%(check)s”不再通过：%(why)s（%(clause)s）") % {
                        "check": check["name"],
                        "why": check["detail"],
                        "clause": check["clause"],
                    }
                    yield {"code": "check", "text": text}
            if old["eligible"] and new["eligible"] and _less(old, new):
                text = _("可兑现金额由 %(old)s 元降为 %(new)s 元，年度数据有更新") % {
                    "old": yuan(Decimal(old["payable"])),
                    "new": yuan(Decimal(new["payable"])),
                }
                yield {"code": "amount", "text": text}
            elif old["eligible"] and new["eligible"] is None and not told:
                yield {"code": "amount", "text": _("数据有更新，金额暂不能判断")}


def _change(code: str, text: str, finding: Finding) -> Change:
    what = _("%(entry)s，依据 %(clause)s") % {
        "entry": finding.entry.named,
        "clause": finding.clause,
    }
    return {"code": code, "text": text % {"what": what}}


def _less(old: Json, new: Json) -> bool:
    return Decimal(new["payable"]) < Decimal(old["payable"])


def _raise_alert(
    case: Case, application: Application, receipt: Receipt, changes: list[Change]
) -> None:
    alert = case.alerts.open().first() or Alert(case=case)
    alert.receipt = receipt
    alert.changes = [*alert.changes, *changes]
    alert.save()
    _tell(alert, case, application)
    record(
        "case.alert_raised",
        about=application,
        by=None,
        changes=[change["text"] for change in changes],
        receipt=receipt.sha256,
        receipt_id=receipt.pk,
    )


def _tell(alert: Alert, case: Case, application: Application) -> None:
    """Mail those whose task it is, once for what the alert says now."""
    texts = [change["text"] for change in alert.changes]
    with mail_language():
        subject = _("结论有变化：%(application)s") % {"application": application}
        body = _("%(changes)s\n请登录工作台，在待办的“结论有变”中处理。") % {
            "changes": "\n".join(texts)
        }
    for person in sorted(_concerned(case, application), key=lambda person: person.pk):
        if person.email:
            enqueue(
                "mail",
                f"alert:{alert.pk}:{alert.receipt_id}:{person.pk}",
                to=[person.email],
                subject=subject,
                body=body,
            )


def _concerned(case: Case, application: Application) -> set[User]:
    """Whose task the case is now; where it is nobody's the lead department, and once it is
    approved finance besides."""
    today = Appointment.objects.on(timezone.localdate()).filter(user__is_active=True)
    tasks = Task.objects.open().filter(case=case)
    wanted = Q(pk__in=[])
    for task in tasks:
        wanted |= Q(department=task.department_id, role=task.role)
    if not tasks:
        wanted |= Q(department=application.item.leads[0], role=Role.REVIEWER)
    if application.status == Status.APPROVED:
        wanted |= Q(department__district=application.district_id, role=Role.FINANCE)
    members = application.company.standing_row.members.values("user")
    return {row.user for row in today.filter(wanted).exclude(user__in=members)}


def clear(
    case: Case, *, by: User | None, how: str, on_behalf_of: User | None = None, text: str = ""
) -> None:
    """Lay the case's alert aside, in the transaction that handled it, behind all other locks."""
    alert = locked(case.alerts.open()).first()
    if alert is None:
        return
    alert.handled_at, alert.handled_by, alert.note = timezone.now(), by, text
    alert.save(update_fields=["handled_at", "handled_by", "note"])
    record(
        "case.alert_handled",
        about=case.application,
        by=by,
        on_behalf_of=on_behalf_of,
        how=how,
        text=text,
    )


def clear_judged(case: Case, *, by: User) -> None:
    """Lay the alert aside where judging was all that it asked for, and nothing is left to judge."""
    alert = case.alerts.open().first()
    if alert and alert.only_asks and not any(row.is_open for row in findings_of(case.application)):
        clear(case, by=by, on_behalf_of=principal_on(case, by), how="judged")


def clear_what_is_over() -> int:
    """Lay aside the alerts of cases that nobody decides or pays any more; how many those were."""
    over = Case.objects.filter(alerts__handled_at__isnull=True, alerts__isnull=False).exclude(
        pk__in=Case.objects.to_screen()
    )
    cases = list(over.select_related("application__company").distinct())
    for case in cases:
        with transaction.atomic():
            clear(case, by=None, how="over")
    return len(cases)


def may_handle(case: Case, user: User) -> bool:
    """Whose task it is; where it is nobody's the lead department, and once it is approved
    finance besides."""
    application = case.application
    if not is_outsider(case, user):
        return False
    if Task.objects.open().filter(case=case).exists():
        return Task.objects.for_user(user).filter(case=case).exists()
    lead = user.has_role(Role.REVIEWER, Role.LEAD, department_id=application.item.leads[0].pk)
    approved = application.status == Status.APPROVED
    return lead or (approved and application.district_id in user.district_ids(Role.FINANCE))


@transaction.atomic
def handle(case: Case, *, text: str, by: User) -> None:
    """Lay an alert aside with a reason. What it told stays in the way where it blocks."""
    applications.lock_application(case.application)
    if not may_handle(case, by):
        raise NotAllowed(_("这条提醒由正在办理本件的部门处理。"))
    if not case.alerts.open().exists():
        raise StateChanged(_("这条提醒已经处理过了，请刷新页面。"))
    if not text.strip():
        raise Refused(_("请写明怎样处理的，留作审计依据。"))
    clear(
        case,
        by=by,
        on_behalf_of=principal_on(case, by),
        how="handled",
        text=text.strip()[:500],
    )
