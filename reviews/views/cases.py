"""One case: everything known of it, and the decision."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import SignedInRequest, for_roles, posted_number, reauthenticated
from accounts.models import Role
from accounts.refusals import Refused
from reviews.casefile import CaseFile
from reviews.forms import DecisionForm
from reviews.models import Case, StageKind, Task
from reviews.wording import said
from reviews.worklist import most_urgent

OFFICIALS = (Role.REVIEWER, Role.LEAD, Role.FINANCE, Role.AUDITOR)
# Where money is settled the password is asked for again.
WEIGHTY = frozenset({StageKind.DETERMINATION, StageKind.FINANCE, StageKind.APPROVAL})


@require_GET
@for_roles(*OFFICIALS)
def case_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    file = _file(request, pk)
    form = DecisionForm(file, file.task) if file.task else None
    return _show(request, file, form)


@require_GET
@for_roles(*OFFICIALS)
def case_answer(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The answer alone; the page asks for it until it has come."""
    return render(request, "reviews/case_answer.html", {"file": _file(request, pk)})


@require_POST
@for_roles(*OFFICIALS)
def case_decide(request: SignedInRequest, pk: UUID) -> HttpResponse:
    file = _file(request, pk)
    task = get_object_or_404(
        Task.objects.filter(case=file.case).select_related("stage", "department", "case"),
        pk=posted_number(request, "task"),
    )
    decide = reauthenticated(_decide) if task.stage.kind in WEIGHTY else _decide
    return decide(request, file, task)


def _decide(request: SignedInRequest, file: CaseFile, task: Task) -> HttpResponse:
    form = DecisionForm(file, task, request.POST)
    if not form.is_valid():
        return _show(request, file, form, status=422)
    try:
        opinion = form.decide(revision=posted_number(request, "revision"))
    except Refused as refusal:
        # The refused transaction was rolled back: the page shows how things stand now.
        file = _file(request, file.case.pk)
        form = DecisionForm(file, task, request.POST)
        form.full_clean()
        form.add_error(None, refusal.messages)
        return _show(request, file, form, status=refusal.status_code)
    messages.success(
        request,
        _("%(stage)s意见已提交：%(verdict)s。")
        % {"stage": task.stage.name, "verdict": said(task.stage.kind, opinion.verdict)},
    )
    return redirect(file.case)


def _file(request: SignedInRequest, pk: UUID) -> CaseFile:
    cases = Case.objects.visible_to(request.user).for_page()
    return CaseFile(get_object_or_404(cases, pk=pk), request.user)


def _show(
    request: SignedInRequest, file: CaseFile, form: DecisionForm | None, *, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "file": file,
        "case": file.case,
        "application": file.application,
        "form": form,
        "next_case": None if form else most_urgent(request.user),
        "may_end_notice": _may_end_notice(request, file),
    }
    return render(request, "reviews/case_detail.html", context, status=status)


def _may_end_notice(request: SignedInRequest, file: CaseFile) -> bool:
    """In the demo district nobody waits five working days."""
    notice = file.open_notice
    return (
        settings.DEMO
        and notice is not None
        and request.user.has_role(Role.REVIEWER, Role.LEAD, department_id=notice.department_id)
    )
