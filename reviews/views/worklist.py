"""Tables of cases: what waits for me, and everything one may see."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, for_roles
from accounts.models import Role
from reviews import worklist as lists
from reviews.filters import SORTS, CaseFilter, ordered
from reviews.models import Case, CaseQuerySet
from reviews.services import DECIDES

PAGE_SIZE = 15


@require_GET
def worklist(request: SignedInRequest) -> HttpResponse:
    """The own worklist, in its views. An auditor has no tasks: all cases instead; officials
    without cases are led to what they do."""
    user = request.user
    if not user.has_role(*DECIDES):
        if user.has_role(Role.AUDITOR):
            return redirect("case_list")
        if user.is_official or user.is_superuser:
            return redirect("home")
        raise PermissionDenied
    visible = Case.objects.visible_to(request.user)
    current = request.GET.get("view", "")
    current = current if current in lists.VIEW_NAMES else "todo"
    condition = lists.conditions(request.user, timezone.localdate())[current]
    context = {
        "views": lists.views(visible, request.user),
        "current": current,
        "kept": {"view": current} if current != "todo" else {},
        "next_case": lists.most_urgent(request.user),
        "approves": request.user.has_role(Role.LEAD),
        **_table(request, visible.filter(condition)),
    }
    return render(request, "reviews/worklist.html", context)


@require_GET
@for_roles(*DECIDES, Role.AUDITOR)
def case_list(request: SignedInRequest) -> HttpResponse:
    visible = Case.objects.visible_to(request.user)
    return render(request, "reviews/case_list.html", _table(request, visible))


def _table(request: SignedInRequest, cases: CaseQuerySet) -> dict[str, Any]:
    """Filter, order and page the cases, and make the rows of the page."""
    filtered = CaseFilter(request.GET, queryset=cases)
    sort = request.GET.get("sort", "")
    sort = sort if sort.removeprefix("-") in SORTS else ""
    found = ordered(filtered.qs.for_list(), sort)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = lists.rows(list(page), request.user)
    return {
        "filter": filtered,
        "is_filtered": any(request.GET.get(name) for name in filtered.filters),
        "sort": sort,
        "page": page,
        "rows": rows,
        "totals": lists.totals(rows),
    }
