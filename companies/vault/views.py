"""The document vault: what a company keeps, and each file for whoever may read it."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import SignedInRequest
from accounts.refusals import Refused
from companies.models import Company, StoredFile
from companies.team.access import company_of, may
from companies.team.enums import Scope
from companies.vault import access, services
from companies.vault.access import Use
from companies.vault.downloads import attachment, picture
from companies.vault.forms import DescriptionForm, UploadForm
from companies.vault.kinds import FileKind
from companies.vault.models import ScanState

PAGE_SIZE = 20
SOON = 30  # days
USES_SHOWN = 3
SCAN_KINDS = {
    ScanState.PENDING: "now",
    ScanState.CLEAN: "pass",
    ScanState.INFECTED: "fail",
    ScanState.UNSCANNED: "unknown",
}


@dataclass(frozen=True)
class Row:
    """A file as the list shows it."""

    file: StoredFile
    days: int | None
    uses: list[Use]
    more_uses: int
    can_open: bool

    @property
    def scan_kind(self) -> str:
        return SCAN_KINDS[ScanState(self.file.scan_state)]

    @property
    def is_expired(self) -> bool:
        return self.days is not None and self.days < 0

    @property
    def is_ending(self) -> bool:
        return self.days is not None and 0 <= self.days <= SOON


@require_http_methods(["GET", "POST"])
def vault(request: SignedInRequest) -> HttpResponse:
    company = _company_of(request)
    may_add = may(request.user, company, Scope.DATA)
    if request.method == "POST" and not may_add:
        raise PermissionDenied
    typed = request.POST.copy() if request.method == "POST" else None
    wrong_file: list[str] = []
    there_before: set[UUID] = set()
    upload = request.FILES.get("upload")
    if typed is not None and isinstance(upload, UploadedFile):
        # Kept at once: whatever else is wrong, it need not come again.
        there_before = set(company.files.values_list("pk", flat=True))
        try:
            stored = services.add_file(company, upload, kind=FileKind.OTHER, by=request.user)
        except Refused as refusal:
            wrong_file = refusal.messages
        else:
            typed["kept"] = str(stored.pk)
    form = UploadForm(company, typed)
    if wrong_file:
        # It came, and no second sentence asks for it.
        form.fields["upload"].initial = upload
    for text in wrong_file:
        form.add_error("upload", text)
    if request.method == "POST" and form.is_valid():
        data = {name: form.cleaned_data[name] for name in DescriptionForm.Meta.fields}
        before = form.cleaned_data["kept"]
        stored = services.describe_file(
            before,
            **(data | {"kind": FileKind(data["kind"])}),
            by=request.user,
        )
        said = _came_again(before, stored) if stored.pk in there_before else _added(stored)
        messages.success(request, said)
        return redirect("vault")
    files = company.files.order_by("-uploaded_at", "pk")
    wanted = request.GET.get("kind", "")
    kind = wanted if wanted in FileKind.values else ""
    if kind:
        files = files.filter(kind=kind)
    if request.GET.get("ending"):
        files = files.filter(valid_until__lte=timezone.localdate() + timedelta(days=SOON))
    page = Paginator(files, PAGE_SIZE).get_page(request.GET.get("page"))
    uses = access.uses_in(company)
    context = {
        "company": company,
        "form": form,
        "may_add": may_add,
        "page": page,
        "rows": [_row(file, uses.get(file.pk, []), request) for file in page],
        "has_unscanned": any(file.scan_state == ScanState.UNSCANNED for file in page),
        "kinds": FileKind.choices,
        "kind": kind,
        "ending": bool(request.GET.get("ending")),
    }
    return render(request, "vault/vault.html", context, status=422 if form.errors else 200)


def _added(stored: StoredFile) -> str:
    return _("“%(name)s”已在材料库。") % {"name": stored.name} + _term(stored)


def _came_again(before: StoredFile, stored: StoredFile) -> str:
    """What is said of a file that was there already: that it was, and what is another now."""
    said = _("这份文件此前已在材料库中：“%(name)s”，%(day)s 上传。") % {
        "name": stored.name,
        "day": timezone.localdate(stored.uploaded_at),
    }
    changed = [
        name
        for name in DescriptionForm.Meta.fields
        if getattr(before, name) != getattr(stored, name)
    ]
    for name in changed:
        said += _("%(field)s改为“%(value)s”。") % {
            "field": DescriptionForm.base_fields[name].label,
            "value": stored.get_kind_display() if name == "kind" else getattr(stored, name),
        }
    if not changed:
        said += _("类型和有效期没有改动。")
    return said if "valid_until" in changed else said + _term(stored)


def _term(stored: StoredFile) -> str:
    return _("有效期到 %(day)s。") % {"day": stored.valid_until} if stored.valid_until else ""


@require_http_methods(["GET", "POST"])
def file_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """A file with its pages as pictures; its own company may say what it is."""
    stored = _visible(request, pk)
    own = access.is_own(stored, request.user)
    if request.method == "POST" and not own:
        raise Http404
    company = stored.company if own else None
    may_describe = company is not None and may(request.user, company, Scope.DATA)
    if request.method == "POST" and not may_describe:
        raise PermissionDenied
    form = DescriptionForm(
        request.POST or None,
        initial={name: getattr(stored, name) for name in DescriptionForm.Meta.fields},
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        services.describe_file(stored, **(data | {"kind": FileKind(data["kind"])}), by=request.user)
        messages.success(request, _("已保存。"))
        return redirect("file_detail", pk)
    uses = access.uses_in(company).get(stored.pk, []) if company else []
    context = {
        "layout": "portal.html" if own else "workspace.html",
        "own": own,
        "may_describe": may_describe,
        "row": _row(stored, uses, request),
        "file": stored,
        "uses": uses,
        "form": form,
        "pages": stored.preview_pages.all() if access.may_open(stored, request.user) else [],
    }
    return render(request, "vault/file_detail.html", context, status=422 if form.errors else 200)


@require_GET
def file_download(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    return deliver(request, _visible(request, pk))


@require_GET
def file_page(request: SignedInRequest, pk: UUID, number: int) -> FileResponse:
    """A page of a file, drawn anew."""
    stored = _visible(request, pk)
    if not access.may_open(stored, request.user):
        raise Http404
    page = get_object_or_404(stored.preview_pages, number=number)
    return picture(page.image.open("rb"), f"{number}.png")


def deliver(request: SignedInRequest, stored: StoredFile) -> HttpResponseBase:
    """The file itself, to a person who may see it; or why it is not handed out."""
    if not access.may_open(stored, request.user):
        context = {
            "layout": "portal.html" if access.is_own(stored, request.user) else "workspace.html",
            "file": stored,
        }
        return render(request, "vault/withheld.html", context, status=403)
    if not access.is_own(stored, request.user):
        services.note_download(stored, by=request.user)
    return attachment(stored.content.open("rb"), stored.name, stored.content_type)


def _company_of(request: SignedInRequest) -> Company:
    company = company_of(request)
    if company is None:
        raise Http404
    return company


def _visible(request: SignedInRequest, pk: UUID) -> StoredFile:
    files: QuerySet[StoredFile] = access.visible_to(request.user).select_related("company")
    return get_object_or_404(files, pk=pk)


def _row(file: StoredFile, uses: list[Use], request: SignedInRequest) -> Row:
    return Row(
        file=file,
        days=file.days_left(timezone.localdate()),
        uses=uses[:USES_SHOWN],
        more_uses=max(len(uses) - USES_SHOWN, 0),
        can_open=access.may_open(file, request.user),
    )
