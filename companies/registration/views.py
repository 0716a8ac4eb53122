"""Registering a company, and the district's answer."""

from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import SignedInRequest, for_roles, reauthenticated
from accounts.models import Role
from accounts.refusals import NotAllowed, Refused
from companies.models import Company, Registration
from companies.registration import services
from companies.registration.forms import RefusalForm, RegistrationForm
from companies.registration.models import RegistrationState
from companies.vault.access import may_open

PAGE_SIZE = 20


@require_http_methods(["GET", "POST"])
def company_register(request: SignedInRequest) -> HttpResponse:
    """For a person without a company, and for one who has another besides."""
    typed = request.POST.copy() if request.method == "POST" else None
    wrong_file: list[str] = []
    licence = request.FILES.get("licence")
    if typed is not None and isinstance(licence, UploadedFile):
        # Kept at once: whatever else is wrong, it need not come again.
        try:
            kept = services.keep_licence(licence, by=request.user)
        except Refused as refusal:
            wrong_file = refusal.messages
        else:
            typed["kept"] = str(kept.pk)
    form = RegistrationForm(request.user, typed)
    for text in wrong_file:
        form.add_error("licence", text)
    if request.method == "POST" and form.is_valid():
        try:
            services.register(**form.registration(), by=request.user)
        except services.CodeTaken as refusal:
            form.add_error("code", refusal.messages)
        except Refused as refusal:
            form.add_error(None, refusal.messages)
        else:
            messages.success(request, _("已提交。核对后会发邮件告诉您结果。"))
            return redirect("company_register")
    context = {
        "form": form,
        "registrations": request.user.registrations.order_by("-created_at"),
    }
    return render(
        request, "registration/company_register.html", context, status=422 if form.errors else 200
    )


@require_GET
@for_roles(Role.ADMINISTRATOR)
def registration_list(request: SignedInRequest) -> HttpResponse:
    """What waits to be looked at, the longest first; then what was decided, the latest first."""
    mine = Registration.objects.kept_by(request.user).select_related("person", "district")
    decided = mine.exclude(state=RegistrationState.PENDING).order_by("-decided_at")
    context = {
        "pending": mine.pending().order_by("created_at"),
        "page": Paginator(decided, PAGE_SIZE).get_page(request.GET.get("page")),
    }
    return render(request, "registration/registration_list.html", context)


@require_GET
@for_roles(Role.ADMINISTRATOR)
def registration_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _show(request, _kept(request, pk), RefusalForm())


@require_POST
@for_roles(Role.ADMINISTRATOR)
@reauthenticated
def registration_confirm(request: SignedInRequest, pk: UUID) -> HttpResponse:
    registration = _kept(request, pk)
    try:
        services.confirm(registration, by=request.user)
    except NotAllowed:
        raise
    except Refused as refusal:
        return _show(request, registration, RefusalForm(), refusal)
    messages.success(request, _("已确认，已发邮件告诉申请人。"))
    return redirect("registration_list")


@require_POST
@for_roles(Role.ADMINISTRATOR)
def registration_refuse(request: SignedInRequest, pk: UUID) -> HttpResponse:
    registration = _kept(request, pk)
    form = RefusalForm(request.POST)
    if not form.is_valid():
        return _show(request, registration, form)
    try:
        services.refuse(registration, reason=form.cleaned_data["reason"], by=request.user)
    except NotAllowed:
        raise
    except Refused as refusal:
        return _show(request, registration, form, refusal)
    messages.success(request, _("已退回，原因已发邮件告诉申请人。"))
    return redirect("registration_list")


def _kept(request: SignedInRequest, pk: UUID) -> Registration:
    mine = Registration.objects.kept_by(request.user)
    return get_object_or_404(
        mine.select_related("person", "district", "licence", "decided_by", "company"), pk=pk
    )


def _show(
    request: SignedInRequest,
    registration: Registration,
    form: RefusalForm,
    refusal: Refused | None = None,
) -> HttpResponse:
    for text in refusal.messages if refusal else []:
        messages.error(request, text)
    licence = registration.licence
    context = {
        "registration": registration,
        "known": Company.objects.by_code(registration.uscc),
        "similar": Company.objects.similar_to(
            registration.district, registration.name, registration.uscc
        ),
        "pages": licence.preview_pages.all() if may_open(licence, request.user) else [],
        "may_open": may_open(licence, request.user),
        "form": form,
    }
    status = refusal.status_code if refusal else 422 if form.errors else 200
    return render(request, "registration/registration_detail.html", context, status=status)
