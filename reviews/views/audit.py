"""The chain of acts, for auditors."""

import django_filters
from django import forms
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, for_roles
from accounts.models import Role
from audit.models import Entry, EntryQuerySet
from audit.services import first_broken_entry

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
    """The district's entries, the newest first. The whole chain is verified when asked for."""
    entries = Entry.objects.visible_to(request.user).order_by("-seq")
    filtered = EntryFilter(request.GET, queryset=entries)
    page = Paginator(filtered.qs, PAGE_SIZE).get_page(request.GET.get("page"))
    verified = "verify" in request.GET
    context = {
        "filter": filtered,
        "page": page,
        "head": Entry.objects.order_by("seq").last(),
        "verified": verified,
        "broken": first_broken_entry() if verified else None,
    }
    return render(request, "reviews/audit_log.html", context)
