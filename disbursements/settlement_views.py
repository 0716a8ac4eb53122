"""Finance's pages of a company's policy year: its cap, its settlements, its adjustments."""

from collections.abc import Iterable
from functools import partial

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import SignedInRequest, for_roles, reauthenticated
from accounts.models import Role
from accounts.refusals import Refused
from accounts.submissions import once
from companies.facts import cultivation_cap
from companies.figures import chosen_figure
from companies.models import Measure
from disbursements import adjustments
from disbursements.acting import acting, do
from disbursements.services import bar
from subsidies.ledger.services import cap_in_force, corrected_cap
from subsidies.ledger.settlement import settle
from subsidies.ledger.settlement_models import AdjustmentStatus, CapSource
from subsidies.models import Adjustment, CompanyYear
from subsidies.money import yuan

YEARS_A_PAGE = 30


@require_GET
@for_roles(Role.FINANCE)
def year_list(request: SignedInRequest) -> HttpResponse:
    """Company-years, those with something to adjust first."""
    rows = (
        _years(request)
        .annotate(
            waits=Exists(Adjustment.objects.open().filter(settlement__company_year=OuterRef("pk")))
        )
        .order_by("-waits", "-year", "company__name")
    )
    wanted = request.GET.get("q", "").strip()
    if wanted:
        rows = rows.filter(company__name__icontains=wanted)
    page = Paginator(rows, YEARS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "disbursements/year_list.html", {"page": page, "q": wanted})


@require_GET
@for_roles(Role.FINANCE)
def year_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    return _show(request, pk)


@require_POST
@for_roles(Role.FINANCE)
@reauthenticated
@once
def year_settle(request: SignedInRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(_years(request), pk=pk)
    try:
        newest = row.settlements.first()
        settlement = settle(row.company, row.district, row.year, by=request.user)
    except Refused as refusal:
        return _show(request, pk, faults=refusal.messages, status=refusal.status_code)
    if settlement == newest:
        messages.success(request, _("数据没有变化，结算结果与上次相同。"))
    else:
        messages.success(request, _("已结算。"))
    return redirect("year_detail", pk)


@require_POST
@for_roles(Role.FINANCE)
@reauthenticated
@once
def adjustment_agree(request: SignedInRequest, pk: int) -> HttpResponse:
    adjustment = _adjustment(request, pk)
    year = adjustment.settlement.company_year_id
    return do(
        request,
        lambda: adjustments.agree(adjustment, by=request.user),
        _what_became_of,
        to=reverse("year_detail", args=[year]),
        show=partial(_show, request, year),
    )


def _what_became_of(adjustment: Adjustment) -> str:
    """What somebody's consent has led to."""
    if adjustment.status == AdjustmentStatus.AGREED:
        return _("您已同意，还须另一人确认后才调整。")
    amount = {"amount": yuan(adjustment.amount)}
    if adjustment.status == AdjustmentStatus.DEMANDED:
        return _("已转为追回 %(amount)s 元，须由另一人确认后通知企业；在下面这一行打开。") % amount
    if adjustment.kind == Adjustment.Kind.REDUCE:
        return _("已核减 %(amount)s 元，企业会收到通知。") % amount
    return _("已补差 %(amount)s 元，企业会收到通知。") % amount


@require_POST
@for_roles(Role.FINANCE)
@once
def adjustment_drop(request: SignedInRequest, pk: int) -> HttpResponse:
    adjustment = _adjustment(request, pk)
    year = adjustment.settlement.company_year_id
    return do(
        request,
        lambda: adjustments.drop(adjustment, by=request.user),
        _("已放弃这项调整，奖补保持原样。"),
        to=reverse("year_detail", args=[year]),
        show=partial(_show, request, year),
    )


def _years(request: SignedInRequest) -> "QuerySet[CompanyYear]":
    # The cap is the fiscal contribution, which auditors are not shown.
    districts = request.user.district_ids(Role.FINANCE)
    return CompanyYear.objects.filter(district__in=districts).select_related("company", "district")


def _adjustment(request: SignedInRequest, pk: int) -> Adjustment:
    rows = Adjustment.objects.filter(settlement__company_year__in=_years(request))
    return get_object_or_404(rows.select_related("settlement"), pk=pk)


def _next_source(row: CompanyYear) -> str:
    """What the next settlement takes the annual cap from."""
    if cultivation_cap(row.company, row.year) is not None:
        return str(CapSource.AGREEMENT.label)
    figure = chosen_figure(row.company, row.year, Measure.FISCAL_CONTRIBUTION)
    if figure is None:
        return _("财政贡献还没有录入")
    if figure.corrections.exists():
        return _("更正后的财政贡献")
    return str(CapSource.CONTRIBUTION.label)


def _show(
    request: SignedInRequest, pk: int, *, faults: Iterable[str] = (), status: int = 200
) -> HttpResponse:
    row = get_object_or_404(_years(request), pk=pk)
    settlements = list(row.settlements.select_related("by"))
    newest = settlements[0] if settlements else None
    claims = "claim__application__item", "claim__level", "award"
    proposals = (
        Adjustment.objects.filter(settlement__company_year=row)
        .select_related(
            "award__claim__application__item", "agreed_by", "agreed_for", "done_by", "done_for"
        )
        .prefetch_related("clawbacks")
        .order_by("-pk")
    )
    people = acting(request.user, row.district_id)
    context = {
        "year": row,
        "cap": cap_in_force(row),
        "next_cap": corrected_cap(row.company, row.year),
        "next_source": _next_source(row),
        "newest": newest,
        "lines": newest.lines.select_related(*claims) if newest else [],
        "settlements": settlements,
        "adjustments": [
            (
                each,
                each.is_open and bar([each.award], request.user, district_id=row.district_id),
                bool(each.agreers & people),
            )
            for each in proposals
        ],
        "faults": faults,
    }
    return render(request, "disbursements/year_detail.html", context, status=status)
