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
from accounts.submissions import once
from reviews import services
from reviews.casefile import CaseFile
from reviews.credit import judge
from reviews.forms import DecisionForm, JudgementForm, RecusalForm
from reviews.models import Case, StageKind, Task
from reviews.screening import handle
from reviews.wording import said
from reviews.worklist import most_urgent
from subsidies.credit.findings import Finding

DECIDES = services.DECIDES
OFFICIALS = (*DECIDES, Role.AUDITOR)
# Where money is settled the password is asked for again.
WEIGHTY = frozenset({StageKind.DETERMINATION, StageKind.FINANCE, StageKind.APPROVAL})


@require_GET
@for_roles(*OFFICIALS)
def case_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _show(request, _file(request, pk))


@require_GET
@for_roles(*OFFICIALS)
def case_answer(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The answer alone; the page asks for it until it has come."""
    return render(request, "reviews/case_answer.html", {"file": _file(request, pk)})


@require_POST
@for_roles(*DECIDES)
def case_decide(request: SignedInRequest, pk: UUID) -> HttpResponse:
    file = _file(request, pk)
    task = get_object_or_404(
        Task.objects.filter(case=file.case).select_related("stage", "department", "case"),
        pk=posted_number(request, "task"),
    )
    decide = reauthenticated(_decide) if task.stage.kind in WEIGHTY else _decide
    return decide(request, file, task)


@once
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
        % {"stage": task.stage, "verdict": said(task.stage.kind, opinion.verdict)},
    )
    return redirect(file.case)


@require_POST
@for_roles(*DECIDES)
def case_judge(request: SignedInRequest, pk: UUID, entry: int) -> HttpResponse:
    """Judge a credit entry that the rules leave to people."""
    file = _file(request, pk)
    found = next((row.entry for row in file.credit if row.entry.pk == entry), None)
    if found is None:
        messages.error(request, _("这条信用记录现在不用判断了。"))
        return redirect(file.case)
    form = JudgementForm(found, request.POST)
    if not form.is_valid():
        return _show(request, file, judged=form, entry=entry, status=422)
    try:
        judge(
            file.case,
            found,
            matters=form.cleaned_data["matters"] == "yes",
            text=form.cleaned_data["text"],
            by=request.user,
        )
    except Refused as refusal:
        form.add_error(None, refusal.messages)
        return _show(request, file, judged=form, entry=entry, status=refusal.status_code)
    messages.success(request, _("判断已记下。"))
    return redirect(file.case)


@require_POST
@for_roles(*DECIDES)
def case_alert(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Lay the case's alert aside with a reason."""
    file = _file(request, pk)
    try:
        handle(file.case, text=request.POST.get("text", ""), by=request.user)
    except Refused as refusal:
        for text in refusal.messages:
            messages.error(request, text)
        return _show(request, file, status=refusal.status_code)
    messages.success(request, _("提醒已消除。"))
    return redirect(file.case)


@require_POST
@for_roles(*DECIDES)
def case_recuse(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Declare a conflict; others of the department go on with the case."""
    file = _file(request, pk)
    recusal = RecusalForm(request.POST)
    if not recusal.is_valid():
        return _show(request, file, recusal=recusal, status=422)
    try:
        services.declare_conflict(file.case, **recusal.cleaned_data, by=request.user)
    except Refused as refusal:
        recusal.add_error(None, refusal.messages)
        file = _file(request, pk)
        return _show(request, file, recusal=recusal, status=refusal.status_code)
    messages.success(request, _("已登记回避，本件由其他人办理。"))
    return redirect(file.case)


def _file(request: SignedInRequest, pk: UUID) -> CaseFile:
    cases = Case.objects.visible_to(request.user).for_page()
    return CaseFile(get_object_or_404(cases, pk=pk), request.user)


def _show(
    request: SignedInRequest,
    file: CaseFile,
    form: DecisionForm | None = None,
    *,
    judged: JudgementForm | None = None,
    entry: int | None = None,
    recusal: RecusalForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page; `judged` is a judgement of an entry that was not taken."""
    if form is None and file.task:
        form = DecisionForm(file, file.task)
    context: dict[str, Any] = {
        "file": file,
        "case": file.case,
        "application": file.application,
        "form": form,
        "recusal": recusal or RecusalForm(),
        "next_case": None if form else most_urgent(request.user),
        "may_end_notice": _may_end_notice(request, file),
        "credit_rows": _credit_rows(file, judged, entry),
    }
    return render(request, "reviews/case_detail.html", context, status=status)


def _credit_rows(
    file: CaseFile, judged: JudgementForm | None, entry: int | None
) -> list[tuple[Finding, JudgementForm | None]]:
    """What stands against the company, each with its form where the person may judge it."""
    if file.is_over or not file.credit:
        return []
    may_judge = file.may_judge
    return [
        (
            row,
            judged
            if judged and row.entry.pk == entry
            else JudgementForm(row.entry)
            if may_judge and not row.blocks
            else None,
        )
        for row in file.credit
    ]


def _may_end_notice(request: SignedInRequest, file: CaseFile) -> bool:
    """In the demo district nobody waits five working days."""
    notice = file.open_notice
    return (
        settings.DEMO
        and notice is not None
        and request.user.has_role(Role.REVIEWER, Role.LEAD, department_id=notice.department_id)
    )
