"""Pairs that may be one company, and merging them with a look before."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import SignedInRequest, for_roles, reauthenticated, require_password
from accounts.models import Role
from accounts.refusals import NotAllowed, Refused
from companies.merging import services
from companies.merging.pairs import find_pairs, load_pairs
from companies.models import Company, CompanyQuerySet, Merge

PAGE_SIZE = 20
RECENT = 10


@require_GET
@for_roles(Role.ADMINISTRATOR)
def duplicate_list(request: SignedInRequest) -> HttpResponse:
    districts = request.user.district_ids(Role.ADMINISTRATOR)
    page = Paginator(find_pairs(districts), PAGE_SIZE).get_page(request.GET.get("page"))
    merges = Merge.objects.standing().filter(kept__district__in=districts).for_list()
    context = {
        "page": page,
        "pairs": load_pairs(page),
        "merges": services.told(merges[:RECENT]),
    }
    return render(request, "merging/duplicate_list.html", context)


@require_http_methods(["GET", "POST"])
@for_roles(Role.ADMINISTRATOR)
def company_merge(request: SignedInRequest, pk: int, removed_pk: int) -> HttpResponse:
    """What the merge would do, and the button that does it."""
    kept = get_object_or_404(_kept_by(request), pk=pk)
    removed = get_object_or_404(_kept_by(request), pk=removed_pk)
    lines: list[services.Line] = []
    refusal = None
    try:
        if request.method == "POST":
            require_password(request)
            services.merge(kept, removed, by=request.user)
            messages.success(request, _("已合并。拨付以前可以撤销。"))
            return redirect("company_detail", kept.pk)
        lines = services.preview(kept, removed, by=request.user)
    except NotAllowed:
        raise
    except Refused as caught:
        refusal = caught
    context = {
        "kept": kept,
        "removed": removed,
        "pair": [kept, removed],
        "lines": lines,
        "refusal": refusal,
    }
    status = refusal.status_code if refusal and request.method == "POST" else 200
    return render(request, "merging/company_merge.html", context, status=status)


@require_POST
@for_roles(Role.ADMINISTRATOR)
@reauthenticated
def merge_undo(request: SignedInRequest, pk: int) -> HttpResponse:
    done = get_object_or_404(Merge.objects.filter(kept__in=_kept_by(request)), pk=pk)
    try:
        services.undo(done, by=request.user)
    except NotAllowed:
        raise
    except Refused as refusal:
        for text in refusal.messages:
            messages.error(request, text)
    else:
        messages.success(request, _("已撤销，两行恢复原样。"))
    return redirect("company_detail", done.kept_id)


def _kept_by(request: SignedInRequest) -> CompanyQuerySet:
    """The standing rows of the districts in which the person is administrator."""
    return Company.objects.standing().filter(
        district__in=request.user.district_ids(Role.ADMINISTRATOR)
    )
