"""The worklist: the views of it, and what one row of its table says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Role, User
from reviews import deadlines, receipts
from reviews.models import Alert, Case, CaseQuerySet, StageKind, Task, TaskState
from reviews.wording import status_of
from subsidies.applications.enums import Status
from subsidies.credit.findings import findings_of_all
from subsidies.models import Receipt

VIEW_NAMES: dict[str, Promise] = {
    "todo": gettext_lazy("全部待办"),
    "alerts": gettext_lazy("结论有变"),
    "overdue": gettext_lazy("已超期"),
    "soon": gettext_lazy("三日内到期"),
    "returned": gettext_lazy("等企业补正"),
    "others": gettext_lazy("等部门意见"),
    "done": gettext_lazy("已办结"),
}


@dataclass(frozen=True)
class View:
    """A view of the worklist, with the number of cases in it."""

    code: str
    name: Promise
    count: int


def conditions(user: User, today: date) -> dict[str, Q]:
    """Which of the visible cases belong to each view."""
    mine = Q(Exists(Task.objects.for_user(user).filter(case=OuterRef("pk"))))
    returned = Q(application__status=Status.RETURNED)
    return {
        "todo": mine,
        "alerts": Q(Exists(Alert.objects.open().filter(case=OuterRef("pk")))),
        "overdue": mine & Q(due_on__lt=today),
        "soon": mine & Q(due_on__range=(today, deadlines.last_soon_day(today))),
        "returned": returned,
        "others": Q(stage__kind=StageKind.JOINT) & ~returned & ~mine,
        "done": Q(closed_at__isnull=False),
    }


def views(cases: CaseQuerySet, user: User) -> list[View]:
    """All views with their counts, in one query."""
    counts = cases.aggregate(
        **{
            code: Count("pk", filter=condition)
            for code, condition in conditions(user, timezone.localdate()).items()
        }
    )
    return [View(code, name, counts[code]) for code, name in VIEW_NAMES.items()]


def most_urgent(user: User) -> Case | None:
    """The case to take up next: the own task whose last day comes first."""
    task = (
        Task.objects.for_user(user)
        .select_related("case")
        .order_by("due_on", "case__opened_at", "pk")
        .first()
    )
    return task.case if task else None


@dataclass(frozen=True)
class Row:
    """One case in the table. `days` as `components/days.html` takes them."""

    case: Case
    subject: str
    stage: str
    checks: receipts.Summary
    days: int | None
    handler: str
    alerts: list[str]
    principal: str

    @property
    def is_paused(self) -> bool:
        return self.case.application.status == Status.RETURNED

    @property
    def is_over(self) -> bool:
        return self.days is not None and self.days < 0


def rows(cases: Sequence[Case], user: User) -> list[Row]:
    """The rows of a page for a person, from cases loaded by `for_list`, with a few queries however
    many."""
    answers = receipts.latest_receipts(case.application for case in cases)
    left_to_people = _left_to_people(cases, answers)
    left = deadlines.days_left(timezone.localdate(), (case.due_on for case in cases if case.due_on))
    return [
        Row(
            case=case,
            subject=_subject(case),
            stage=_stage(case),
            checks=receipts.summary(
                case.application,
                case.application.claims.all(),
                answers.get(case.application_id),
                left_to_people[case.pk],
            ),
            days=left[case.due_on] if case.due_on else None,
            handler=_handler(case),
            alerts=[text for alert in case.alerts.all() if alert.is_open for text in alert.texts],
            principal=_principal(case, user),
        )
        for case in cases
    ]


def _left_to_people(
    cases: Sequence[Case], answers: dict[UUID, Receipt]
) -> dict[UUID, list[dict[str, Any]]]:
    """What `CaseFile` tells each answer with: today's credit entries as long as they matter, then
    those that the receipt rests on."""
    pks = [case.pk for case in cases]
    open_cases = set(Case.objects.filter(pk__in=pks).to_screen().values_list("pk", flat=True))
    found = findings_of_all([case.application for case in cases if case.pk in open_cases])
    kept: dict[UUID, list[dict[str, Any]]] = {}
    for case in cases:
        receipt = answers.get(case.application_id)
        if case.pk in open_cases:
            kept[case.pk] = [row.as_kept() for row in found.get(case.application_id, [])]
        else:
            kept[case.pk] = receipt.credit or [] if receipt else []
    return kept


@dataclass(frozen=True)
class Totals:
    """What a page adds up to; `open` counts the rows whose amount is not known yet."""

    requested: Decimal
    payable: Decimal
    open: int


def totals(rows: Iterable[Row]) -> Totals:
    checks = [row.checks for row in rows]
    return Totals(
        requested=sum((check.requested or Decimal(0) for check in checks), Decimal(0)),
        payable=sum((check.payable or Decimal(0) for check in checks), Decimal(0)),
        open=sum(check.payable is None for check in checks),
    )


def _subject(case: Case) -> str:
    claims = case.application.claims.all()
    return _("；").join(claim.subject or claim.level.title for claim in claims)


def _stage(case: Case) -> str:
    if case.application.status == Status.RETURNED:
        return _("补正")
    if case.stage is None:
        return status_of(case.application.status, None)
    return str(case.stage)


def _principal(case: Case, user: User) -> str:
    """On whose behalf one would take the case up; empty where it is one's own work or nobody's."""
    names = (
        user.principal(Role(task.role), department_id=task.department_id)
        for task in case.tasks.all()
        if task.state == TaskState.OPEN
    )
    return next((str(name) for name in names if name), "")


def _handler(case: Case) -> str:
    """Who has it now."""
    if case.application.status == Status.RETURNED:
        return _("企业")
    waiting = [task for task in case.tasks.all() if task.state == TaskState.OPEN]
    return _("、").join(str(task.assignee or task.department) for task in waiting) or "—"
