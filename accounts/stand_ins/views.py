"""One's stand-ins, and those whom one stands in for."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import SignedInRequest, for_roles, reauthenticated
from accounts.models import Role, StandIn
from accounts.refusals import Refused
from accounts.stand_ins.forms import StandInForm
from accounts.stand_ins.services import end_stand_in, may_keep

HAVE_STAND_INS = (Role.REVIEWER, Role.LEAD, Role.FINANCE, Role.POLICY_OFFICER)


@require_GET
@for_roles(*HAVE_STAND_INS, Role.SECURITY_OFFICER)
def stand_in_list(request: SignedInRequest) -> HttpResponse:
    return _show(request, StandInForm(request.user))


@require_POST
@for_roles(*HAVE_STAND_INS, Role.SECURITY_OFFICER)
@reauthenticated
def stand_in_give(request: SignedInRequest) -> HttpResponse:
    form = StandInForm(request.user, request.POST)
    if not form.is_valid():
        return _show(request, form, status=422)
    try:
        stand_in = form.give()
    except Refused as refusal:
        form.add_error(None, refusal.messages)
        return _show(request, form, status=refusal.status_code)
    messages.success(
        request,
        _("已委托%(deputy)s代办。期间每项办理都同时记两个人的名字。") % {"deputy": stand_in.deputy},
    )
    return redirect("stand_in_list")


@require_POST
@for_roles(*HAVE_STAND_INS, Role.SECURITY_OFFICER)
@reauthenticated
def stand_in_end(request: SignedInRequest, pk: int) -> HttpResponse:
    stand_in = get_object_or_404(StandIn.objects.visible_to(request.user), pk=pk)
    try:
        end_stand_in(stand_in, by=request.user)
    except Refused as refusal:
        form = StandInForm(request.user)
        return _show(request, form, faults=refusal.messages, status=refusal.status_code)
    messages.success(request, _("委托已终止，即刻生效。"))
    return redirect("stand_in_list")


def _show(
    request: SignedInRequest,
    form: StandInForm,
    *,
    faults: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    stand_ins = list(StandIn.objects.visible_to(request.user).for_list())
    taken = [each for each in stand_ins if each.deputy_id == request.user.pk]
    context: dict[str, Any] = {
        "form": form,
        "given": [_row(each, request) for each in stand_ins if each not in taken],
        "taken": [_row(each, request) for each in taken],
        "keeps_all": request.user.has_role(Role.SECURITY_OFFICER),
        "faults": faults or [],
    }
    return render(request, "account/stand_ins.html", context, status=status)


def _row(stand_in: StandIn, request: SignedInRequest) -> dict[str, Any]:
    may_end = stand_in.may_be_ended and may_keep(stand_in.appointment, request.user)
    return {"stand_in": stand_in, "may_end": may_end}
