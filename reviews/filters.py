"""What narrows and orders a table of cases."""

from typing import Any

import django_filters
from django import forms
from django.db.models import DecimalField, Exists, F, OuterRef, Q, Subquery, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from companies.models import Street
from reviews.models import Case, CaseQuerySet, StageKind
from subsidies.applications.enums import Status
from subsidies.models import Claim, Receipt

RETURNED = "returned"
_MONEY = DecimalField(max_digits=16, decimal_places=2)


def _latest_receipt() -> Any:
    return Receipt.objects.filter(application=OuterRef("application")).order_by("-pk")


class CaseFilter(django_filters.FilterSet):
    """The form above the table."""

    q = django_filters.CharFilter(
        method="search",
        label=_("查找"),
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("受理号、企业名称、信用代码、项目")}
        ),
    )
    item = django_filters.ChoiceFilter(
        field_name="application__item__code", label=_("事项"), empty_label=_("全部事项")
    )
    stage = django_filters.ChoiceFilter(
        method="on_stage",
        label=_("环节"),
        empty_label=_("全部环节"),
        choices=[*StageKind.choices, (RETURNED, _("补正"))],
    )
    check = django_filters.ChoiceFilter(
        method="with_outcome",
        label=_("校验结果"),
        empty_label=_("全部校验结果"),
        choices=[("pass", _("全部通过")), ("fail", _("有不通过")), ("unknown", _("有待定"))],
    )
    street = django_filters.ChoiceFilter(
        field_name="application__company__street",
        label=_("街道（镇）"),
        empty_label=_("全部街道"),
        choices=Street.choices,
    )

    class Meta:
        model = Case
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assert self.queryset is not None
        self.filters["item"].extra["choices"] = list(
            self.queryset.order_by("application__item__code")
            .values_list("application__item__code", "application__item__title")
            .distinct()
        )

    def search(self, cases: CaseQuerySet, name: str, value: str) -> CaseQuerySet:
        text = value.strip()
        subject = Claim.objects.filter(application=OuterRef("application"), subject__icontains=text)
        return cases.filter(
            Q(application__number__icontains=text)
            | Q(application__company__name__icontains=text)
            | Q(application__company__uscc__icontains=text)
            | Q(Exists(subject))
        )

    def on_stage(self, cases: CaseQuerySet, name: str, value: str) -> CaseQuerySet:
        if value == RETURNED:
            return cases.filter(application__status=Status.RETURNED)
        return cases.filter(stage__kind=value).exclude(application__status=Status.RETURNED)

    def with_outcome(self, cases: CaseQuerySet, name: str, value: str) -> CaseQuerySet:
        """By the latest answer: refused where one claim is, open where one is, else passed."""
        cases = cases.annotate(latest=Subquery(_latest_receipt().values("pk")[:1]))
        latest = Receipt.objects.filter(pk=OuterRef("latest"))
        failed = Exists(latest.filter(answer__contains={"claims": [{"eligible": False}]}))
        unknown = Exists(latest.filter(answer__contains={"claims": [{"eligible": None}]}))
        if value == "fail":
            return cases.filter(failed)
        if value == "unknown":
            return cases.filter(unknown).exclude(failed)
        return cases.filter(latest__isnull=False).exclude(failed).exclude(unknown)


# What a column is ordered by; what is not known comes last either way.
SORTS: dict[str, Any] = {
    "company": F("application__company__name"),
    "number": F("application__number"),
    "stage": F("stage__position"),
    "requested": Subquery(
        Claim.objects.filter(application=OuterRef("application"))
        .order_by()
        .values("application")
        .annotate(total=Sum("requested"))
        .values("total"),
        output_field=_MONEY,
    ),
    "payable": Subquery(
        _latest_receipt().annotate(total=Cast(KT("answer__total"), _MONEY)).values("total")[:1],
        output_field=_MONEY,
    ),
    "due": F("due_on"),
}


def ordered(cases: CaseQuerySet, sort: str) -> CaseQuerySet:
    """In the order of a column, `-` in front for the other way round; else as `for_list` has it."""
    by = SORTS.get(sort.removeprefix("-"))
    if by is None:
        return cases
    place = by.desc(nulls_last=True) if sort.startswith("-") else by.asc(nulls_last=True)
    return cases.order_by(place, "pk")
