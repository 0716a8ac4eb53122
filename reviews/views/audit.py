"""The chain of acts, for auditors."""

import django_filters
from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import SignedInRequest, for_roles
from accounts.models import Role
from audit.models import Entry, EntryQuerySet, Inspection, Subject
from outbox.models import Job, State
from outbox.services import enqueue

PAGE_SIZE = 30


class EntryFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(
        method="search",
        label=_("查找"),
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("人员、动作、受理号或对象编号")}
        ),
    )
    since = django_filters.DateFilter(
        field_name="at",
        lookup_expr="date__gte",
        label=_("从"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    until = django_filters.DateFilter(
        field_name="at",
        lookup_expr="date__lte",
        label=_("到"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    class Meta:
        model = Entry
        fields: list[str] = []

    def search(self, entries: EntryQuerySet, name: str, value: str) -> EntryQuerySet:
        text = value.strip()
        return entries.filter(
            Q(actor_name__icontains=text)
            | Q(action__icontains=text)
            | Q(about_id__iexact=text)
            | Q(data__number=text)
        )


@require_GET
@for_roles(Role.AUDITOR)
def audit_log(request: SignedInRequest) -> HttpResponse:
    """The district's entries, the newest first, and how the last verification went."""
    entries = Entry.objects.visible_to(request.user).order_by("-seq")
    filtered = EntryFilter(request.GET, queryset=entries)
    page = Paginator(filtered.qs, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "filter": filtered,
        "page": page,
        "inspection": Inspection.objects.filter(subject=Subject.CHAIN).first(),
        "is_verifying": _verifications().exists(),
    }
    return render(request, "reviews/audit_log.html", context)


@require_POST
@for_roles(Role.AUDITOR)
@transaction.atomic
def audit_verify(request: SignedInRequest) -> HttpResponse:
    """The whole chain is read by a worker: a long one takes longer than a page may."""
    if not _verifications().exists():
        enqueue("audit.verify", timezone.now().isoformat())
    messages.success(request, _("正在逐条校验。稍后刷新本页，结果显示在上方。"))
    return redirect("audit_log")


def _verifications() -> "QuerySet[Job]":
    return Job.objects.filter(kind="audit.verify", state__in=[State.QUEUED, State.RUNNING])
