"""How the installation is, and the jobs that were given up."""

from collections.abc import Callable

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import SignedInRequest, for_roles, reauthenticated
from accounts.models import Role
from accounts.submissions import once
from operations import vitals
from operations.kinds import kind_name
from operations.status import signs
from outbox.models import Job, State
from outbox.services import close_as_sent, try_again
from subsidies.ledger import reconciliation

PAGE_SIZE = 30


@require_GET
@for_roles(Role.ADMINISTRATOR, Role.AUDITOR)
def status(request: SignedInRequest) -> HttpResponse:
    found = signs(vitals.take())
    context = {
        "signs": found,
        "failing": [sign for sign in found if sign.kind in ("fail", "warn")],
        "unseen": [sign for sign in found if sign.kind == "unknown"],
        "may_ask": request.user.has_role(Role.ADMINISTRATOR),
        "is_reconciling": reconciliation.is_asked(),
    }
    return render(request, "operations/status.html", context)


@require_POST
@for_roles(Role.ADMINISTRATOR)
@reauthenticated
@once
def ledger_reconcile(request: SignedInRequest) -> HttpResponse:
    reconciliation.ask(by=request.user)
    messages.success(request, _("正在对账。稍后刷新本页，结果显示在“台账对账”一行。"))
    return redirect("status")


@require_GET
@for_roles(Role.ADMINISTRATOR, Role.AUDITOR)
def failed_jobs(request: SignedInRequest) -> HttpResponse:
    """Of all districts: a job belongs to none, and its arguments are not shown."""
    dead = Job.objects.filter(state=State.DEAD).order_by("-pk")
    page = Paginator(dead, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [(job, kind_name(job.kind)) for job in page]
    may_try = request.user.has_role(Role.ADMINISTRATOR)
    return render(
        request, "operations/failed_jobs.html", {"page": page, "rows": rows, "may_try": may_try}
    )


@require_POST
@for_roles(Role.ADMINISTRATOR)
def job_try_again(request: SignedInRequest, pk: int) -> HttpResponse:
    return _settle(
        request,
        pk,
        try_again,
        done=_("已重新排队，一会儿再看结果。"),
        gone=_("这项任务已不在失败列表中，没有再次排队。"),
    )


@require_POST
@for_roles(Role.ADMINISTRATOR)
def job_was_sent(request: SignedInRequest, pk: int) -> HttpResponse:
    return _settle(
        request,
        pk,
        close_as_sent,
        done=_("已记为发出，不再发送。"),
        gone=_("这项任务已不在待核对之列，没有改动。"),
    )


def _settle(
    request: SignedInRequest, pk: int, act: Callable[..., int], *, done: str, gone: str
) -> HttpResponse:
    """Do what is asked for a job that was given up; somebody else may have done so before."""
    job = get_object_or_404(Job, pk=pk)
    if act(Job.objects.filter(pk=job.pk), by=request.user):
        messages.success(request, done)
    else:
        messages.warning(request, gone)
    return redirect("failed_jobs")
