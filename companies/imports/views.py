"""Importing tables into the registry: upload, look at what would change, confirm."""

from collections.abc import Callable
from hashlib import sha256
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from accounts.access import SignedInRequest, reauthenticated
from accounts.refusals import Refused
from companies.imports import services, tables
from companies.imports.access import kinds_for
from companies.imports.forms import ImportForm
from companies.imports.kinds import KINDS
from companies.imports.models import Import
from companies.said import say_again
from companies.vault.downloads import attachment

PAGE_SIZE = 20
FAULTS_SHOWN = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_http_methods(["GET", "POST"])
def import_list(request: SignedInRequest) -> HttpResponse:
    """What was imported, and the form for the next table."""
    kinds = kinds_for(request.user)
    if not kinds:
        raise PermissionDenied
    form = ImportForm(request.user, request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            run = services.start_import(
                data["kind"], data["district"], data["upload"], by=request.user
            )
        except Refused as refusal:
            for text in refusal.messages:
                form.add_error("upload", text)
        else:
            return redirect(run)
    runs = Import.objects.visible_to(request.user).for_list()
    context = {
        "form": form,
        "kinds": kinds,
        "page": Paginator(runs, PAGE_SIZE).get_page(request.GET.get("page")),
    }
    return render(request, "imports/import_list.html", context, status=422 if form.errors else 200)


@require_GET
def import_template(request: SignedInRequest, kind: str) -> FileResponse:
    if kind not in kinds_for(request.user):
        raise Http404
    name = _("%(kind)s导入模板.xlsx") % {"kind": KINDS[kind].sheet}
    return attachment(tables.template(KINDS[kind]), name, XLSX)


@require_GET
def import_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _show(request, _visible(request, pk))


@require_GET
def import_progress(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The bar, asked for by the page each second; the whole page when the job has ended."""
    run = _visible(request, pk)
    if not request.headers.get("HX-Request"):
        return redirect(run)
    if not run.is_running:
        return HttpResponseClientRefresh()
    return render(request, "imports/progress.html", {"run": run})


@require_POST
@reauthenticated
def import_confirm(request: SignedInRequest, pk: UUID) -> HttpResponse:
    run = _visible(request, pk)
    try:
        run = services.confirm_import(
            run,
            plan=request.POST.get("plan", ""),
            codes_confirmed="codes" in request.POST,
            by=request.user,
        )
    except Refused as refusal:
        return _refused(request, run, refusal)
    return redirect(run)


@require_POST
def import_discard(request: SignedInRequest, pk: UUID) -> HttpResponse:
    run = _visible(request, pk)
    try:
        services.discard_import(run, by=request.user)
    except Refused as refusal:
        return _refused(request, run, refusal)
    messages.success(request, _("已放弃，企业库没有变化。"))
    return redirect("import_list")


@require_GET
def import_faults(request: SignedInRequest, pk: UUID, ending: str) -> FileResponse:
    run = _visible(request, pk)
    makers: dict[str, tuple[Callable[[Import], bytes], str]] = {
        "xlsx": (tables.faults_xlsx, XLSX),
        "csv": (tables.faults_csv, "text/csv; charset=utf-8"),
    }
    if ending not in makers or not run.fault_list:
        raise Http404
    make, content_type = makers[ending]
    content = make(run)
    services.note_download(run, f"faults.{ending}", sha256(content).hexdigest(), by=request.user)
    return attachment(content, _("错误清单.%(ending)s") % {"ending": ending}, content_type)


@require_GET
@reauthenticated
def import_file(request: SignedInRequest, pk: UUID) -> FileResponse:
    """The table as it was uploaded."""
    run = _visible(request, pk)
    services.note_download(run, "table", run.sha256, by=request.user)
    return attachment(run.content.open("rb"), run.name, "application/octet-stream")


def _visible(request: SignedInRequest, pk: UUID) -> Import:
    runs = Import.objects.visible_to(request.user).select_related(
        "district", "uploaded_by", "confirmed_by", "progress"
    )
    return get_object_or_404(runs, pk=pk)


def _refused(request: SignedInRequest, run: Import, refusal: Refused) -> HttpResponse:
    for text in refusal.messages:
        messages.error(request, text)
    return _show(request, _visible(request, run.pk), status=refusal.status_code)


def _show(request: SignedInRequest, run: Import, *, status: int = 200) -> HttpResponse:
    faults = [fault | {"text": say_again(fault)} for fault in run.fault_list[:FAULTS_SHOWN]]
    again = {"kind": run.kind, "district": run.district_id}
    context = {"run": run, "faults": faults, "form": ImportForm(request.user, initial=again)}
    return render(request, "imports/import_detail.html", context, status=status)
