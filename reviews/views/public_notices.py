"""Public notices, for everybody."""

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from reviews.models import PublicNotice

PAGE_SIZE = 20


@require_GET
@login_not_required
def public_notice_list(request: HttpRequest) -> HttpResponse:
    """What is on notice now first, then what was."""
    notices = (
        PublicNotice.objects.select_related("department", "document")
        .annotate(entry_count=Count("entries"), total=Sum("entries__amount"))
        .order_by("-starts_on", "-pk")
    )
    page = Paginator(notices, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "today": timezone.localdate()}
    return render(request, "reviews/public_notice_list.html", context)


@require_GET
@login_not_required
def public_notice_detail(request: HttpRequest, pk: int) -> HttpResponse:
    notice = get_object_or_404(
        PublicNotice.objects.select_related("district", "department", "document"), pk=pk
    )
    entries = list(notice.entries.all())
    context = {
        "notice": notice,
        "entries": entries,
        "total": sum(entry.amount for entry in entries),
        "today": timezone.localdate(),
    }
    return render(request, "reviews/public_notice_detail.html", context)
