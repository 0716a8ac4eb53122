"""A company's applications: list, form, files. What happens after filing is shown by reviews."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.middleware import HtmxDetails

from accounts.access import SignedInRequest, posted_number
from accounts.refusals import NotAllowed, Refused, StateChanged
from companies.models import ScanState, StoredFile
from companies.team.access import company_of, may
from companies.team.enums import Scope
from companies.vault.kinds import FileKind, kind_of
from companies.vault.views import deliver
from subsidies.applications import answers, services
from subsidies.applications.acts import acts_on
from subsidies.applications.enums import Status
from subsidies.applications.forms import ApplicationForm
from subsidies.applications.models import Application, Attachment
from subsidies.applications.returned import reason_of
from subsidies.catalogue.models import Item
from subsidies.credit.findings import findings_of, with_people

PAGE_SIZE = 20
VAULT_SHOWN = 100
# The tabs of the list, each with the states it holds.
VIEWS: dict[str, tuple[Any, frozenset[Status]]] = {
    "": (gettext_lazy("全部"), frozenset(Status)),
    "draft": (gettext_lazy("草稿"), frozenset({Status.DRAFT})),
    "returned": (gettext_lazy("待补正"), frozenset({Status.RETURNED})),
    "open": (gettext_lazy("办理中"), frozenset({Status.SUBMITTED, Status.IN_REVIEW})),
    "closed": (
        gettext_lazy("已办结"),
        frozenset({Status.APPROVED, Status.REJECTED, Status.WITHDRAWN}),
    ),
}


class CompanyRequest(SignedInRequest):
    """What django-htmx adds to a request."""

    htmx: HtmxDetails


@dataclass(frozen=True)
class Problem:
    """What stands in the way of filing, and where on the page it is put right."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Material:
    """A row of the item's list, with what was given for it."""

    name: str
    required: bool
    index: int
    attachments: list[Attachment] = field(default_factory=list)
    fault: str = ""
    # Files of the vault that could serve, those of the material's own kind first.
    stored: list[StoredFile] = field(default_factory=list)

    @property
    def input_name(self) -> str:
        return f"file-{self.index}"

    @property
    def stored_name(self) -> str:
        return f"stored-{self.index}"


@dataclass(frozen=True)
class Part:
    """A part of the form in its table of contents."""

    anchor: str
    title: str
    kind: str
    faults: int = 0


@require_GET
def application_list(request: CompanyRequest) -> HttpResponse:
    company = company_of(request)
    mine = (
        Application.objects.filter(company__in=company.rows())
        if company
        else Application.objects.none()
    )
    wanted = request.GET.get("view", "")
    wanted = wanted if wanted in VIEWS else ""
    views = [
        {
            "name": name,
            "label": label,
            "count": mine.filter(status__in=states).count(),
            "is_current": name == wanted,
        }
        for name, (label, states) in VIEWS.items()
    ]
    rows = mine.filter(status__in=VIEWS[wanted][1]).for_list().prefetch_related("claims__level")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "applications/application_list.html", {"page": page, "views": views})


@require_http_methods(["GET", "POST"])
def application_create(request: CompanyRequest, code: str) -> HttpResponse:
    """Open a draft and go on to its form. A draft nobody has touched yet serves again."""
    item = get_object_or_404(Item.objects.current(), code=code)
    if request.method == "GET":
        # Where one lands after signing in: opening a draft takes a press of the button.
        return redirect(item)
    company = company_of(request)
    if company is None:
        raise PermissionDenied
    untouched = Application.objects.filter(
        company=company, item=item, status=Status.DRAFT, revision=1, attachments=None
    ).first()
    try:
        application = untouched or services.start_application(item, company, by=request.user)
    except Refused as refusal:
        return _refused(request, refusal, item.get_absolute_url())
    return redirect("application_edit", application.pk)


@require_http_methods(["GET", "POST"])
def application_edit(request: CompanyRequest, pk: UUID) -> HttpResponse:
    """The form. What is posted is kept as it is typed, complete or not."""
    application = _mine(request, pk)
    if not application.is_editable:
        return redirect(application)
    if not may(request.user, application.company, Scope.APPLY):
        raise PermissionDenied
    if request.method == "GET":
        form = ApplicationForm(application.item, initial=application.form_data)
        return _show_form(request, application, form)
    try:
        application = _save(request, application)
    except Refused as refusal:
        return _not_saved(request, application, refusal)
    if request.htmx:
        return _show_saved(request, application)
    messages.success(request, _("草稿已保存。"))
    return redirect("application_edit", application.pk)


@require_http_methods(["GET", "POST"])
def application_submit(request: CompanyRequest, pk: UUID) -> HttpResponse:
    """Check everything and hand it over; nothing typed is lost where it is not taken."""
    application = _mine(request, pk)
    if request.method == "GET":
        # The address of a refused filing, loaded again.
        return redirect("application_edit", application.pk)
    try:
        application = _save(request, application)
    except Refused as refusal:
        return _not_saved(request, application, refusal)
    form = ApplicationForm(application.item, request.POST)
    problems = [
        Problem(_("还缺材料：%(name)s") % {"name": material.name}, "#p4")
        for material in _materials(application)
        if material.required and not material.attachments
    ]
    if not form.is_valid() or problems:
        return _show_form(request, application, form, problems=problems, status=422)
    try:
        application = services.submit_application(
            application,
            [form.claim()],
            declared=form.cleaned_data["declared"],
            by=request.user,
            revision=application.revision,
        )
    except StateChanged as refusal:
        return _not_saved(request, application, refusal)
    except Refused as refusal:
        problems = [Problem(text, "#p5") for text in refusal.messages]
        return _show_form(request, application, form, problems=problems, status=422)
    messages.success(
        request,
        _("已提交，受理号 %(number)s。部门受理后会通知您。") % {"number": application.number},
    )
    return redirect(application)


@require_POST
def application_withdraw(request: CompanyRequest, pk: UUID) -> HttpResponse:
    application = _mine(request, pk)
    try:
        services.withdraw_application(application, by=request.user)
    except Refused as refusal:
        return _refused(request, refusal, reverse("application_list"))
    messages.success(request, _("已撤回。需要时可以重新申报。"))
    return redirect("application_list")


@require_http_methods(["GET", "POST"])
def attachment_add(request: CompanyRequest, pk: UUID) -> HttpResponse:
    """Take in the files chosen, with what was typed beside them."""
    application = _mine(request, pk)
    if request.method == "GET":
        return redirect(_files_of(application))
    try:
        application = _save_draft(request, application)
    except Refused as refusal:
        return _not_saved(request, application, refusal)
    faults = _attach(request, application)
    if request.htmx:
        return _show_saved(request, application, files=True, faults=faults)
    if faults:
        form = ApplicationForm(application.item, initial=application.form_data)
        return _show_form(request, application, form, faults=faults, status=422)
    return redirect(_files_of(application))


@require_POST
def attachment_remove(request: CompanyRequest, pk: UUID) -> HttpResponse:
    attachment = get_object_or_404(
        Attachment.objects.filter(
            application__in=Application.objects.of_companies_of(request.user)
        ).select_related("application__item__edition"),
        pk=pk,
    )
    application = attachment.application
    try:
        if "revision" in request.POST:
            application = _save_draft(request, application)
        services.remove_attachment(attachment, by=request.user)
    except Refused as refusal:
        return _not_saved(request, application, refusal)
    if request.htmx:
        return _show_saved(request, application, files=True)
    return redirect(_files_of(application))


@require_GET
def attachment_download(request: CompanyRequest, pk: UUID) -> HttpResponseBase:
    """A file, to those who may see its application."""
    attachment = get_object_or_404(
        Attachment.objects.filter(
            application__in=Application.objects.visible_to(request.user)
        ).select_related("file__company"),
        pk=pk,
    )
    return deliver(request, attachment.file)


def _mine(request: CompanyRequest, pk: UUID) -> Application:
    mine = Application.objects.of_companies_of(request.user).select_related(
        "company__district", "district", "item__edition__document__district", "saved_by"
    )
    return get_object_or_404(mine, pk=pk)


def _files_of(application: Application) -> str:
    return reverse("application_edit", args=[application.pk]) + "#p4"


def _save_draft(request: CompanyRequest, application: Application) -> Application:
    return services.save_draft(
        application,
        ApplicationForm.kept(application.item, request.POST.dict()),
        by=request.user,
        revision=posted_number(request, "revision"),
    )


def _save(request: CompanyRequest, application: Application) -> Application:
    """Keep the draft, and take in the files that were chosen but not yet sent."""
    application = _save_draft(request, application)
    faults = _attach(request, application)
    for fault in faults.values():
        messages.error(request, fault)
    return application


def _attach(request: CompanyRequest, application: Application) -> dict[str, str]:
    """Attach what was posted; gives what is wrong by the name of the material."""
    faults = {}
    for material in _materials(application):
        for upload in request.FILES.getlist(material.input_name):
            try:
                services.attach_file(application, material.name, upload, by=request.user)
            except Refused as refusal:
                faults[material.name] = _("；").join(refusal.messages)
        chosen = request.POST.get(material.stored_name)
        for stored in material.stored:
            if str(stored.pk) != chosen:
                continue
            try:
                services.attach_stored_file(application, material.name, stored, by=request.user)
            except Refused as refusal:
                faults[material.name] = _("；").join(refusal.messages)
    return faults


def _materials(application: Application, faults: dict[str, str] | None = None) -> list[Material]:
    given: dict[str, list[Attachment]] = {}
    for attachment in application.attachments.select_related("file"):
        given.setdefault(attachment.material, []).append(attachment)
    vault = _vault_of(application)
    return [
        Material(
            name=row["name"],
            required=row["required"],
            index=index,
            attachments=given.get(row["name"], []),
            fault=(faults or {}).get(row["name"], ""),
            stored=_fitting(vault, row["name"], given.get(row["name"], [])),
        )
        for index, row in enumerate(application.item.materials)
    ]


def _vault_of(application: Application) -> list[StoredFile]:
    """The company's files that still hold and are not in quarantine, the newest first."""
    files = application.company.files.exclude(scan_state=ScanState.INFECTED).exclude(
        valid_until__lt=timezone.localdate()
    )
    return list(files.order_by("-uploaded_at", "pk")[:VAULT_SHOWN])


def _fitting(vault: list[StoredFile], material: str, given: list[Attachment]) -> list[StoredFile]:
    """Files to choose for a material: those of its kind first, none that is there already."""
    kind = kind_of(material)
    held = {attachment.file_id for attachment in given}
    free = [stored for stored in vault if stored.pk not in held]
    return sorted(free, key=lambda stored: kind == FileKind.OTHER or stored.kind != kind)


def _estimate(application: Application, form: ApplicationForm) -> dict[str, Any] | None:
    """The answer to what is right so far; None before there is a claim to answer."""
    question = form.question()
    if question is None:
        return None
    year = date.fromisoformat(question["event_date"]).year
    found = findings_of(application)
    asked = answers.question_about(application.company, [question], year=year, found=found)
    claim: dict[str, Any] = answers.answer(asked, application.item.edition)["claims"][0]
    return with_people(claim, [row.as_kept() for row in found])


def _form_context(
    application: Application,
    form: ApplicationForm,
    *,
    problems: Iterable[Problem] = (),
    faults: dict[str, str] | None = None,
    revision: int | None = None,
) -> dict[str, Any]:
    # What stands there is judged by a form of its own: an unfinished draft shows no faults.
    judged = ApplicationForm(application.item, form.data if form.is_bound else form.initial)
    materials = _materials(application, faults)
    problems = list(problems)
    return {
        "application": application,
        "revision": application.revision if revision is None else revision,
        "item": application.item,
        "document": application.item.edition.document,
        "edition": application.item.edition,
        "company": application.company,
        "account": application.company.current_account,
        "form": form,
        "problems": problems,
        "materials": materials,
        "parts": _parts(form, judged, materials, problems),
        "answer": _estimate(application, judged),
        "credit": findings_of(application),
        "acts": acts_on(application),
        "returned_for": reason_of(application) if application.status == Status.RETURNED else "",
        "now": timezone.localtime(),
    }


def _parts(
    form: ApplicationForm,
    judged: ApplicationForm,
    materials: list[Material],
    problems: list[Problem],
) -> list[Part]:
    parts = [Part("p1", _("企业信息"), "pass")]
    groups = [
        ("p2", _("申报内容"), form.matter_names),
        ("p3", _("申请金额"), form.money_names),
    ]
    for anchor, title, names in groups:
        shown = sum(name in form.errors for name in names) if form.is_bound else 0
        open_faults = any(name in judged.errors for name in names)
        kind = "fail" if shown else "todo" if open_faults else "pass"
        parts.append(Part(anchor, title, kind, shown))
    missing = sum(problem.url == "#p4" for problem in problems)
    wrong = missing or sum(bool(material.fault) for material in materials)
    lacking = any(row.required and not row.attachments for row in materials)
    parts.append(
        Part("p4", _("附件材料"), "fail" if wrong else "todo" if lacking else "pass", wrong)
    )
    undeclared = "declared" in form.errors if form.is_bound else False
    parts.append(Part("p5", _("确认提交"), "fail" if undeclared else "todo", int(undeclared)))
    return parts


def _show_form(
    request: CompanyRequest,
    application: Application,
    form: ApplicationForm,
    *,
    problems: Iterable[Problem] = (),
    faults: dict[str, str] | None = None,
    revision: int | None = None,
    status: int = 200,
) -> HttpResponse:
    context = _form_context(application, form, problems=problems, faults=faults, revision=revision)
    return render(request, "applications/application_form.html", context, status=status)


def _show_saved(
    request: CompanyRequest,
    application: Application,
    *,
    files: bool = False,
    faults: dict[str, str] | None = None,
) -> HttpResponse:
    """What changes on the page after a quiet saving: the mark, the revision, the estimate."""
    form = ApplicationForm(application.item, initial=application.form_data)
    context = _form_context(application, form, faults=faults) | {"with_files": files}
    return render(request, "applications/saved_fragment.html", context)


def _not_saved(request: CompanyRequest, application: Application, refusal: Refused) -> HttpResponse:
    """Nothing was kept; what was typed stays on the page, beside the reason."""
    if request.htmx:
        context = {"refusal": " ".join(refusal.messages)}
        return render(
            request, "applications/not_saved_fragment.html", context, status=refusal.status_code
        )
    if isinstance(refusal, NotAllowed):
        raise PermissionDenied
    if not application.is_editable:
        return _refused(request, refusal, reverse("application_list"))
    form = ApplicationForm(application.item, initial=request.POST.dict())
    problems = [Problem(text) for text in refusal.messages]
    # The page keeps its old revision: pressing again must not overwrite the newer one.
    return _show_form(
        request,
        application,
        form,
        problems=problems,
        revision=posted_number(request, "revision"),
        status=refusal.status_code,
    )


def _refused(request: CompanyRequest, refusal: Refused, url: str) -> HttpResponse:
    if isinstance(refusal, NotAllowed):
        raise PermissionDenied
    for text in refusal.messages:
        messages.error(request, text)
    return redirect(url)
