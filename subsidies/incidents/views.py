"""The incidents of kept answers, for auditors and administrators."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.access import SignedInRequest, for_roles
from accounts.refusals import Refused
from subsidies.applications.models import Application
from subsidies.incidents import services
from subsidies.incidents.models import INCIDENT_ROLES, ReceiptIncident

PAGE_SIZE = 20


class ReasonForm(forms.Form):
    """What was found out about an incident."""

    use_required_attribute = False
    reason = forms.CharField(
        label=gettext_lazy("查明的原因"),
        help_text=gettext_lazy("写清是什么被改动、由谁处理、以哪个结果为准。会记入审计日志。"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("请写明查明的原因")},
    )


@require_GET
@for_roles(*INCIDENT_ROLES)
def incident_list(request: SignedInRequest) -> HttpResponse:
    incidents = ReceiptIncident.objects.visible_to(request.user)
    page = Paginator(incidents.for_list(), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "open_count": incidents.unacknowledged().count()}
    return render(request, "incidents/incident_list.html", context)


@require_GET
@for_roles(*INCIDENT_ROLES)
def incident_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    return _show(request, _incident(request, pk), ReasonForm())


@require_POST
@for_roles(*INCIDENT_ROLES)
def incident_acknowledge(request: SignedInRequest, pk: int) -> HttpResponse:
    incident = _incident(request, pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _show(request, incident, form, status=422)
    try:
        services.acknowledge(incident, reason=form.cleaned_data["reason"], by=request.user)
    except Refused as refusal:
        form.add_error(None, refusal.messages)
        return _show(request, _incident(request, pk), form, status=refusal.status_code)
    messages.success(request, _("已确认，原因记入审计日志。"))
    return redirect("incident_list")


def _incident(request: SignedInRequest, pk: int) -> ReceiptIncident:
    incidents = ReceiptIncident.objects.visible_to(request.user).select_related(
        "receipt__application__company", "acknowledged_by"
    )
    return get_object_or_404(incidents, pk=pk)


def _show(
    request: SignedInRequest, incident: ReceiptIncident, form: ReasonForm, *, status: int = 200
) -> HttpResponse:
    application = incident.receipt.application
    readable = Application.objects.visible_to(request.user).filter(pk=application.pk).exists()
    context = {"incident": incident, "form": form, "may_read_application": readable}
    return render(request, "incidents/incident_detail.html", context, status=status)
