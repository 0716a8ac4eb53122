"""The pages of finance: what waits, batches, the ledger. Auditors may look at all of them."""

import uuid
from collections.abc import Iterable
from functools import partial, reduce
from operator import or_
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import SignedInRequest, for_roles, reauthenticated, require_password
from accounts.models import District, Role
from accounts.refusals import Refused
from accounts.submissions import key_of, once, without_key
from disbursements import accounts, overview, services
from disbursements.acting import acting, do
from disbursements.bank_results import take_results
from disbursements.forms import (
    CancelForm,
    ClawbackForm,
    FailureForm,
    PaidForm,
    ResultsForm,
    ReturnForm,
)
from disbursements.models import SENT, Batch, BatchStatus, Clawback, PaymentLine, counted
from disbursements.payment_list import CONTENT_TYPE, file_name, payment_list
from subsidies.ledger import services as ledger
from subsidies.ledger.models import AwardStatus, EntryKind
from subsidies.models import Award, LedgerEntry

AWARDS_A_PAGE = 50
BATCHES_A_PAGE = 20
ENTRIES_A_PAGE = 30


@require_GET
@for_roles(Role.FINANCE, Role.AUDITOR)
def finance_home(request: SignedInRequest) -> HttpResponse:
    return _show_home(request)


@require_POST
@for_roles(Role.FINANCE)
def batch_create(request: SignedInRequest) -> HttpResponse:
    """First the list with its total to look at, then, confirmed, the batch."""
    if "confirmed" in request.POST:
        return _make_batch(request)
    chosen = _chosen(_district(request), request.POST.getlist("award"))
    if not chosen:
        return _show_home(request, faults=[_("请至少选择一笔待拨付的奖补。")], status=422)
    return render(request, "disbursements/batch_confirm.html", {**_sums(chosen), "faults": []})


@once
def _make_batch(request: SignedInRequest) -> HttpResponse:
    district = _district(request)
    chosen = _chosen(district, request.POST.getlist("award"))
    try:
        batch = services.make_batch(district, chosen, by=request.user)
    except Refused as refusal:
        context = {**_sums(chosen), "faults": refusal.messages}
        return render(
            request, "disbursements/batch_confirm.html", context, status=refusal.status_code
        )
    messages.success(
        request,
        _("批次 %(number)s 已生成，请另一人复核。") % {"number": batch.number},
    )
    return redirect(batch)


@require_POST
@for_roles(Role.FINANCE)
def batch_total(request: SignedInRequest) -> HttpResponse:
    """What the ticked awards add up to, for the page to show while one ticks."""
    chosen = _chosen(_district(request), request.POST.getlist("award"))
    return render(request, "disbursements/batch_total.html", _sums(chosen))


@require_GET
@for_roles(Role.FINANCE, Role.AUDITOR)
def batch_list(request: SignedInRequest) -> HttpResponse:
    batches = overview.listed_batches(Batch.objects.visible_to(request.user))
    page = Paginator(batches, BATCHES_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "may_pay": request.user.has_role(Role.FINANCE)}
    return render(request, "disbursements/batch_list.html", context)


@require_GET
@for_roles(Role.FINANCE, Role.AUDITOR)
def batch_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _show_batch(request, pk)


@require_POST
@for_roles(Role.FINANCE)
@reauthenticated
@once
def batch_approve(request: SignedInRequest, pk: UUID) -> HttpResponse:
    batch = _batch(request, pk)
    return do(
        request,
        lambda: services.approve_batch(batch, by=request.user),
        _("已复核。现在可以下载拨付清单，交银行拨付。"),
        to=batch,
        show=partial(_show_batch, request, pk),
    )


@require_POST
@for_roles(Role.FINANCE)
@once
def batch_cancel(request: SignedInRequest, pk: UUID) -> HttpResponse:
    batch = _batch(request, pk)
    form = CancelForm(request.POST)
    show = partial(_show_batch, request, pk, cancel=form)
    if not form.is_valid() and services.holders_of_list(batch):
        return show(status=422)
    unpaid = form.cleaned_data.get("unpaid", "")
    return do(
        request,
        lambda: services.cancel_batch(batch, unpaid=unpaid, by=request.user),
        _("批次已作废，其中的奖补可以重新列入批次。"),
        to=batch,
        show=show,
    )


@require_POST
@for_roles(Role.FINANCE)
@once
def batch_pay(request: SignedInRequest, pk: UUID) -> HttpResponse:
    batch = _batch(request, pk)
    form = PaidForm(request.POST)
    show = partial(_show_batch, request, pk, form=form)
    if not form.is_valid():
        return show(status=422)
    require_password(request)
    return do(
        request,
        lambda: services.mark_paid(batch, on=form.cleaned_data["on"], by=request.user),
        _("已登记拨付，企业会收到通知。"),
        to=batch,
        show=show,
    )


@require_GET
@for_roles(Role.FINANCE, Role.AUDITOR)
@reauthenticated
def batch_download(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The list for the bank, and it is noted who took it."""
    batch = _batch(request, pk)
    if held := services.held(batch):
        return _show_batch(request, pk, faults=held, status=409)
    try:
        with transaction.atomic():
            content = payment_list(services.hand_out_list(batch, by=request.user))
    except Refused as refusal:
        return _show_batch(request, pk, faults=refusal.messages, status=refusal.status_code)
    response = HttpResponse(content, content_type=CONTENT_TYPE)
    response["Content-Disposition"] = content_disposition_header(True, file_name(batch))
    response["Cache-Control"] = "private, no-store"
    return response


@require_http_methods(["GET", "POST"])
@for_roles(Role.FINANCE)
@reauthenticated
def bank_results(request: SignedInRequest) -> HttpResponse:
    """The bank's answer as a table. Sent again under its key it gets the same answer, and under
    another one it hears what was noted before."""
    posted = request.method == "POST"
    key = key_of(request)
    if posted and key is None:
        return without_key(request)
    form = ResultsForm(request.POST, request.FILES) if posted else ResultsForm()
    context: dict[str, Any] = {"form": form, "notes": [], "faults": []}
    status = 422 if posted else 200
    if key and form.is_valid():
        try:
            upload = form.cleaned_data["upload"]
            context["notes"] = take_results(upload, _district(request), key=key, by=request.user)
            status = 200
        except Refused as refusal:
            context["faults"] = refusal.messages
            status = refusal.status_code
    return render(request, "disbursements/bank_results.html", context, status=status)


@require_GET
@for_roles(Role.FINANCE, Role.AUDITOR)
def line_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """One payee of a batch, and what may be done when the money does not stay there."""
    return _show_line(request, pk)


@require_POST
@for_roles(Role.FINANCE)
@once
def line_fail(request: SignedInRequest, pk: int) -> HttpResponse:
    line = _line(request, pk)
    form = FailureForm(request.POST)
    show = partial(_show_line, request, pk, failure=form)
    if not form.is_valid():
        return show(status=422)
    require_password(request)
    return do(
        request,
        lambda: services.fail_line(line, reason=form.cleaned_data["failure"], by=request.user),
        _("已登记退汇，企业会收到通知；这笔奖补可以重新列入批次。"),
        to=line.batch,
        show=show,
    )


@require_POST
@for_roles(Role.FINANCE)
@once
def line_claw_back(request: SignedInRequest, pk: int) -> HttpResponse:
    line = _line(request, pk)
    form = ClawbackForm(request.POST)
    show = partial(_show_line, request, pk, demand=form)
    if not form.is_valid():
        return show(status=422)
    require_password(request)
    try:
        clawback = services.demand_return(line.award, **form.cleaned_data, by=request.user)
    except Refused as refusal:
        return show(faults=refusal.messages, status=refusal.status_code)
    messages.success(request, _("追回已提出，请另一人确认。"))
    return redirect(clawback)


@require_GET
@for_roles(Role.FINANCE, Role.AUDITOR)
def clawback_list(request: SignedInRequest) -> HttpResponse:
    rows = Clawback.objects.visible_to(request.user).for_list()
    page = Paginator(rows, BATCHES_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "disbursements/clawback_list.html", {"page": page})


@require_GET
@for_roles(Role.FINANCE, Role.AUDITOR)
def clawback_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _show_clawback(request, pk)


@require_POST
@for_roles(Role.FINANCE)
@reauthenticated
@once
def clawback_confirm(request: SignedInRequest, pk: UUID) -> HttpResponse:
    clawback = _clawback(request, pk)
    return do(
        request,
        lambda: services.confirm_return(clawback, by=request.user),
        _("已确认，企业会收到退回通知。"),
        to=clawback,
        show=partial(_show_clawback, request, pk),
    )


@require_POST
@for_roles(Role.FINANCE)
@once
def clawback_drop(request: SignedInRequest, pk: UUID) -> HttpResponse:
    clawback = _clawback(request, pk)
    return do(
        request,
        lambda: services.drop_return(clawback, by=request.user),
        _("追回已撤销，企业没有收到通知。"),
        to=clawback,
        show=partial(_show_clawback, request, pk),
    )


@require_POST
@for_roles(Role.FINANCE)
@once
def clawback_receive(request: SignedInRequest, pk: UUID) -> HttpResponse:
    clawback = _clawback(request, pk)
    form = ReturnForm(request.POST)
    show = partial(_show_clawback, request, pk, form=form)
    if not form.is_valid():
        return show(status=422)
    require_password(request)
    return do(
        request,
        lambda: services.receive_return(clawback, form.cleaned_data["amount"], by=request.user),
        _("已登记退回，预算和企业年度总量已相应释放。"),
        to=clawback,
        show=show,
    )


class EntryFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(
        method="search",
        label=gettext_lazy("查找"),
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": gettext_lazy("受理号、企业名称、信用代码")}
        ),
    )
    kind = django_filters.ChoiceFilter(
        label=gettext_lazy("类型"),
        empty_label=gettext_lazy("全部类型"),
        choices=EntryKind.choices,
    )
    year = django_filters.ChoiceFilter(
        field_name="budget_line__year",
        label=gettext_lazy("预算年度"),
        empty_label=gettext_lazy("全部年度"),
    )

    class Meta:
        model = LedgerEntry
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assert self.queryset is not None
        years = self.queryset.order_by("-budget_line__year").values_list(
            "budget_line__year", flat=True
        )
        self.filters["year"].extra["choices"] = [(year, str(year)) for year in years.distinct()]

    def search(
        self, entries: "QuerySet[LedgerEntry]", name: str, value: str
    ) -> "QuerySet[LedgerEntry]":
        text = value.strip()
        found = (
            Q(**{f"{application}__{field}__icontains": text})
            for application in ("application", "award__claim__application")
            for field in ("company__name", "company__uscc", "number")
        )
        return entries.filter(reduce(or_, found))


@require_GET
@for_roles(Role.FINANCE, Role.AUDITOR)
def ledger_list(request: SignedInRequest) -> HttpResponse:
    """Every movement of money, the newest first. Nothing here can be changed."""
    entries = LedgerEntry.objects.filter(
        budget_line__district__in=request.user.district_ids(Role.FINANCE, Role.AUDITOR)
    )
    filtered = EntryFilter(request.GET, queryset=entries)
    rows = filtered.qs.select_related(
        *(
            f"{application}__{part}"
            for application in ("application", "award__claim__application")
            for part in ("company", "item")
        ),
        "budget_line",
        "by",
    ).order_by("-pk")
    page = Paginator(rows, ENTRIES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "filter": filtered,
        "is_filtered": any(request.GET.get(name) for name in filtered.filters),
        "page": page,
        "sums": [
            {"name": EntryKind(kind).label, "total": total}
            for kind, total in filtered.qs.order_by("kind")
            .values_list("kind")
            .annotate(total=Sum("amount"))
        ],
    }
    return render(request, "disbursements/ledger_list.html", context)


def _district(request: SignedInRequest) -> District:
    """The district whose money one handles; of several the first."""
    ids = request.user.district_ids(Role.FINANCE) or request.user.district_ids(Role.AUDITOR)
    return District.objects.filter(pk__in=ids).order_by("pk")[0]


def _batch(request: SignedInRequest, pk: UUID) -> Batch:
    batches = Batch.objects.visible_to(request.user).select_related(
        "district",
        "made_by",
        "made_for",
        "approved_by",
        "approved_for",
        "paid_by",
        "paid_for",
    )
    return get_object_or_404(batches, pk=pk)


def _line(request: SignedInRequest, pk: int) -> PaymentLine:
    lines = PaymentLine.objects.filter(batch__in=Batch.objects.visible_to(request.user))
    return get_object_or_404(
        lines.select_related("batch", "award__claim__application__item", "failed_by"), pk=pk
    )


def _show_line(
    request: SignedInRequest,
    pk: int,
    *,
    failure: FailureForm | None = None,
    demand: ClawbackForm | None = None,
    faults: Iterable[str] = (),
    status: int = 200,
) -> HttpResponse:
    line = _line(request, pk)
    may_pay = line.batch.district_id in request.user.district_ids(Role.FINANCE)
    bar = may_pay and services.bar([line.award], request.user, district_id=line.batch.district_id)
    may_act = may_pay and not bar
    clawbacks = list(line.award.clawbacks.all()) if line.is_live else []
    context = {
        "line": line,
        "bar": bar,
        "award": line.award,
        "clawbacks": clawbacks,
        "failure": failure or FailureForm(),
        "demand": demand or ClawbackForm(initial={"amount": line.award.net}),
        "may_fail": may_act and line.can_fail,
        "may_demand": may_act
        and line.is_live
        and line.award.status == AwardStatus.PAID
        and not any(clawback.is_open for clawback in clawbacks),
        "faults": faults,
    }
    return render(request, "disbursements/line_detail.html", context, status=status)


def _clawback(request: SignedInRequest, pk: UUID) -> Clawback:
    return get_object_or_404(Clawback.objects.visible_to(request.user).for_list(), pk=pk)


def _show_clawback(
    request: SignedInRequest,
    pk: UUID,
    *,
    form: ReturnForm | None = None,
    faults: Iterable[str] = (),
    status: int = 200,
) -> HttpResponse:
    clawback = _clawback(request, pk)
    district = clawback.award.district_id
    is_finance = district in request.user.district_ids(Role.FINANCE)
    bar = is_finance and services.bar([clawback.award], request.user, district_id=district)
    may_pay = is_finance and not bar
    context = {
        "clawback": clawback,
        "bar": bar,
        "award": clawback.award,
        "entries": clawback.award.entries.order_by("pk").select_related("by"),
        "form": form or ReturnForm(initial={"amount": clawback.left}),
        "faults": faults,
        "may_pay": may_pay,
        "may_confirm": may_pay
        and not clawback.demanders & acting(request.user, clawback.award.district_id),
    }
    return render(request, "disbursements/clawback_detail.html", context, status=status)


def _chosen(district: District, ids: Iterable[str]) -> list[Award]:
    """The awards of the district with these ids, whatever became of them since: the service
    says which can no longer be paid."""
    try:
        keys = [uuid.UUID(text) for text in ids]
    except ValueError:
        raise Http404 from None
    return list(
        Award.objects.filter(district=district, pk__in=keys)
        .select_related("company__merged_into", "claim__application__item")
        .prefetch_related("company__accounts", "company__merged_into__accounts")
        .order_by("granted_at", "pk")
    )


def _sums(awards: list[Award]) -> dict[str, Any]:
    return {
        "awards": awards,
        "total": sum(award.payable for award in awards),
        "companies": len({award.company_id for award in awards}),
    }


def _show_home(
    request: SignedInRequest, *, faults: Iterable[str] = (), status: int = 200
) -> HttpResponse:
    district = _district(request)
    year = timezone.localdate().year
    bars = overview.bars(district, year)
    waiting = overview.waiting_awards(district)
    page = Paginator(waiting, AWARDS_A_PAGE).get_page(request.GET.get("page"))
    batches = Batch.objects.visible_to(request.user)
    people = acting(request.user, district.pk)
    context = {
        "year": year,
        "bars": [bar for bar in bars if bar.used],
        "untouched": [bar for bar in bars if not bar.used],
        "tally": overview.tally(district, year, bars),
        "page": page,
        "waiting_total": waiting.total(),
        "batches": overview.listed_batches(batches)[:5],
        "to_approve": overview.batches_to_approve(batches, people),
        "clawbacks_to_confirm": overview.clawbacks_to_confirm(
            Clawback.objects.visible_to(request.user), people
        ),
        "accounts_to_confirm": accounts.to_confirm(request.user),
        "may_pay": request.user.has_role(Role.FINANCE),
        "is_frozen": ledger.is_frozen(),
        "chosen": set(request.POST.getlist("award")),
        "faults": faults,
    }
    return render(request, "disbursements/finance_home.html", context, status=status)


def _show_batch(
    request: SignedInRequest,
    pk: UUID,
    *,
    form: PaidForm | None = None,
    cancel: CancelForm | None = None,
    faults: Iterable[str] = (),
    status: int = 200,
) -> HttpResponse:
    batch = _batch(request, pk)
    lines = list(batch.lines.select_related("award__claim__application__item", "award__company"))
    may_pay = batch.district_id in request.user.district_ids(Role.FINANCE)
    is_open = batch.status in (BatchStatus.DRAFT, BatchStatus.APPROVED)
    held = services.held(batch) if is_open else []
    since = services.declared_since(batch) if is_open else []
    bar = services.bar_to_batch(batch, request.user) if may_pay and is_open else ""
    able = services.who_goes_on(batch) if is_open else []
    holders = services.holders_of_list(batch)
    has_list = bool(holders & acting(request.user, batch.district_id))
    may_cancel = (
        may_pay and not bar and (batch.status == BatchStatus.DRAFT or bool(held) or bool(since))
    )
    is_frozen = is_open and ledger.is_frozen()
    context = {
        # What was just refused has named them already.
        "held": [] if faults else held,
        "since": since,
        "bar": bar,
        "able": able,
        "is_frozen": is_frozen,
        "may_cancel": may_cancel,
        "has_list": has_list,
        "cancel": (cancel or CancelForm()) if holders else None,
        "batch": batch,
        "lines": lines,
        "count": batch.lines.filter(counted()).count(),
        "total": batch.total,
        "form": form or PaidForm(),
        "faults": faults,
        "may_pay": may_pay,
        "may_go_on": request.user in able,
        "is_sent": batch.status in SENT,
        "may_download": batch.status in SENT and not held and not bar and not is_frozen,
    }
    return render(request, "disbursements/batch_detail.html", context, status=status)
