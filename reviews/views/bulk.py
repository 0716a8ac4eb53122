"""Approving several cases with one press: each is decided by itself, as on its own page."""

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from uuid import UUID

from django.db import OperationalError
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import (
    NUMBER_LENGTH,
    SignedInRequest,
    for_roles,
    posted_number,
    reauthenticated,
)
from accounts.models import Role
from accounts.refusals import Refused
from accounts.submissions import do_part, key_of, without_key
from reviews import services
from reviews.models import StageKind, Task, TaskQuerySet, Verdict

# As many as somebody waits for.
PAGE_SIZE = 50


@dataclass(frozen=True)
class Outcome:
    """What became of one of the chosen cases; no reasons where it was approved."""

    task: Task
    reasons: list[str]
    stays_chosen: bool = False


@require_http_methods(["GET", "POST"])
@for_roles(Role.LEAD)
def bulk_approval(request: SignedInRequest) -> HttpResponse:
    """What waits for one's approval, the most urgent first. Sent again under its key, it tells
    again what was approved, and tries again what was not."""
    return _approve(request) if request.method == "POST" else _show(request)


@reauthenticated
def _approve(request: SignedInRequest) -> HttpResponse:
    key = key_of(request)
    if key is None:
        return without_key(request)
    numbers = [
        int(text)
        for text in request.POST.getlist("task")
        if len(text) <= NUMBER_LENGTH and text.isascii() and text.isdigit()
    ]
    tasks = _for_page(
        Task.objects.filter(
            pk__in=numbers,
            stage__kind=StageKind.APPROVAL,
            department__in=[row.department_id for row in request.user.current_appointments],
        )
    )
    outcomes = _decide_each(request, list(tasks), key)
    return _show(request, outcomes, status=200 if outcomes else 422)


def _decide_each(request: SignedInRequest, tasks: list[Task], key: UUID) -> list[Outcome]:
    outcomes = []
    for task in tasks[:PAGE_SIZE]:
        try:
            outcomes.append(_decide(request, task, key))
        except OperationalError:
            # Whoever keeps this lock may keep the next as well: nobody waits for it fifty times.
            busy = _("系统繁忙，没有得到确认，请打开办件看结果")
            outcomes.append(Outcome(task, [busy], stays_chosen=True))
            break
    not_tried = _("这次没有轮到，仍选中，请再批准一次")
    rest = tasks[len(outcomes) :]
    return outcomes + [Outcome(task, [not_tried], stays_chosen=True) for task in rest]


def _decide(request: SignedInRequest, task: Task, key: UUID) -> Outcome:
    revision = posted_number(request, f"revision-{task.pk}")
    decide = partial(services.decide, task, Verdict.AGREE, by=request.user, revision=revision)
    try:
        do_part(decide, key=key, part=f"task {task.pk}", contents=str(revision), by=request.user)
    except Refused as refusal:
        return Outcome(task, [str(text) for text in refusal.messages])
    return Outcome(task, [])


def _for_page(tasks: TaskQuerySet) -> TaskQuerySet:
    return (
        tasks.select_related(
            "case__application__company", "case__application__item", "stage", "department"
        )
        .prefetch_related("case__application__claims")
        .order_by("due_on", "pk")
    )


def _show(
    request: SignedInRequest, outcomes: list[Outcome] | None = None, *, status: int = 200
) -> HttpResponse:
    waiting = Task.objects.for_user(request.user).filter(stage__kind=StageKind.APPROVAL)
    rows = [
        (
            task,
            sum(
                (claim.determined_amount or Decimal(0))
                for claim in task.case.application.claims.all()
            ),
        )
        for task in _for_page(waiting)[:PAGE_SIZE]
    ]
    context = {
        "rows": rows,
        "waiting": waiting.count(),
        "outcomes": outcomes,
        "chosen": {outcome.task.pk for outcome in outcomes or [] if outcome.stays_chosen},
        "approved": sum(not outcome.reasons for outcome in outcomes or []),
    }
    return render(request, "reviews/bulk_approval.html", context, status=status)
