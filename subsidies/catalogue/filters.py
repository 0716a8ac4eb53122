"""What narrows the policy library: words, facets, order."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from subsidies.applications.fit import Fit
from subsidies.catalogue.amounts import highest
from subsidies.catalogue.models import Item
from subsidies.rules.edition import Formula

FITS = {
    "pass": _("可以申请"),
    "unknown": _("还缺数据"),
    "fail": _("不符合"),
}
STATES = {
    "open": _("正在受理"),
    "ended": _("适用期已过"),
    "waiting": _("待发布细则"),
}
# How people speak of the formulas.
KINDS = {
    "rate": (_("按比例补助"), {Formula.RATE}),
    "fixed": (_("定额奖励"), {Formula.FIXED, Formula.UP_TO}),
    "ladder": (_("累进补差"), {Formula.LADDER, Formula.LADDER_UP_TO}),
    "per_unit": (_("按数量补助"), {Formula.PER_UNIT}),
    "match": (_("上级配套"), {Formula.MATCH}),
    "unspecified": (_("金额待定"), {Formula.UNSPECIFIED}),
}
SORTS = {"fit": _("与贵公司最相符"), "open": _("正在受理的在前"), "amount": _("金额从高到低")}
_FIT_ORDER = ["pass", "asks", "unknown", "fail"]


def state_of(item: Item, today: date) -> str:
    """Whether it can be applied for: not before its amount is known; what happened in the
    document's period may still be claimed when the period is over."""
    if not item.is_open:
        return "waiting"
    end = item.rules_item.document.events_to
    return "ended" if end and end < today else "open"


def kind_of(item: Item) -> str:
    formula = Formula(item.formula)
    return next(kind for kind, (_label, formulas) in KINDS.items() if formula in formulas)


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    count: int
    is_on: bool


@dataclass(frozen=True)
class Facet:
    name: str
    legend: str
    choices: list[Choice]


@dataclass(frozen=True)
class Chip:
    """A filter that is on, with the address of the page without it."""

    label: str
    query: str


class PolicyFilter(django_filters.FilterSet):
    """`fits` holds how each item suits the company that asks, where one does."""

    q = django_filters.CharFilter(method="search")
    fit = django_filters.MultipleChoiceFilter(choices=list(FITS.items()), method="by_fit")
    state = django_filters.MultipleChoiceFilter(choices=list(STATES.items()), method="by_state")
    document = django_filters.AllValuesMultipleFilter(field_name="edition__document__code")
    lead = django_filters.AllValuesMultipleFilter(
        field_name="item_departments__department__code", method="by_lead"
    )
    kind = django_filters.MultipleChoiceFilter(
        choices=[(kind, label) for kind, (label, _formulas) in KINDS.items()], method="by_kind"
    )
    sort = django_filters.ChoiceFilter(
        choices=list(SORTS.items()), method="unsorted", widget=forms.Select
    )

    class Meta:
        model = Item
        fields: list[str] = []

    def __init__(
        self, data: QueryDict, queryset: QuerySet[Item], *, fits: Mapping[str, Fit]
    ) -> None:
        super().__init__(data, queryset)
        self.fits = fits
        self.today = timezone.localdate()
        self.everything = list(queryset)

    def search(self, queryset: QuerySet[Item], name: str, value: str) -> QuerySet[Item]:
        for word in value.split():
            queryset = queryset.filter(
                Q(title__icontains=word)
                | Q(summary__icontains=word)
                | Q(clause__icontains=word)
                | Q(levels__title__icontains=word)
                | Q(edition__document__title__icontains=word)
            )
        return queryset.distinct()

    def by_fit(self, queryset: QuerySet[Item], name: str, value: list[str]) -> QuerySet[Item]:
        return self._those(queryset, lambda item: self._fit_of(item) in value)

    def by_state(self, queryset: QuerySet[Item], name: str, value: list[str]) -> QuerySet[Item]:
        return self._those(queryset, lambda item: state_of(item, self.today) in value)

    def by_kind(self, queryset: QuerySet[Item], name: str, value: list[str]) -> QuerySet[Item]:
        return self._those(queryset, lambda item: kind_of(item) in value)

    def by_lead(self, queryset: QuerySet[Item], name: str, value: list[str]) -> QuerySet[Item]:
        return self._those(queryset, lambda item: any(lead.code in value for lead in item.leads))

    def unsorted(self, queryset: QuerySet[Item], name: str, value: str) -> QuerySet[Item]:
        return queryset

    def _those(self, queryset: QuerySet[Item], wanted: Callable[[Item], bool]) -> QuerySet[Item]:
        return queryset.filter(pk__in=[item.pk for item in self.everything if wanted(item)])

    def _fit_of(self, item: Item) -> str:
        """The facet's word: what the claim asks and what the registry lacks are both missing."""
        fit = self.fits.get(item.code)
        if fit is None:
            return ""
        return "unknown" if fit.verdict == "asks" else fit.verdict

    @property
    def order(self) -> str:
        wanted = self.data.get("sort", "")
        if wanted in SORTS and (wanted != "fit" or self.fits):
            return wanted
        return "fit" if self.fits else "open"

    @property
    def sorts(self) -> list[tuple[str, str]]:
        return [(key, str(label)) for key, label in SORTS.items() if key != "fit" or self.fits]

    def found(self) -> list[Item]:
        """The items that are left, in the order asked for."""
        # A value that no choice has, from an old link, filters nothing.
        items = list(self.qs if self.is_valid() else self.queryset)
        if self.order == "fit":
            items.sort(key=self._by_fit)
        elif self.order == "amount":
            items.sort(key=lambda item: -(highest(list(item.levels.all())) or 0))
        else:
            states = list(STATES)
            items.sort(key=lambda item: states.index(state_of(item, self.today)))
        return items

    def _by_fit(self, item: Item) -> tuple[int, int]:
        """What is open comes first, however well something suits whose time is over."""
        fit = self.fits.get(item.code)
        suits = _FIT_ORDER.index(fit.verdict) if fit else len(_FIT_ORDER)
        return list(STATES).index(state_of(item, self.today)), suits

    def facets(self) -> list[Facet]:
        items = self.everything
        documents = {item.edition.document.code: item.edition.document for item in items}
        # Districts call their departments alike: where several are shown each says whose it is.
        several = len({item.edition.document.district_id for item in items}) > 1
        leads = {
            lead.code: f"{item.edition.document.district.short_name}·{lead}"
            if several
            else lead.short_name
            for item in items
            for lead in item.leads
        }
        facets = []
        if self.fits:
            facets.append(
                self._facet("fit", _("对贵公司"), FITS, (self._fit_of(item) for item in items))
            )
        return [
            *facets,
            self._facet(
                "state",
                _("受理状态"),
                STATES,
                (state_of(item, self.today) for item in items),
            ),
            self._facet(
                "document",
                _("政策文件"),
                {code: document.title for code, document in documents.items()},
                (item.edition.document.code for item in items),
            ),
            self._facet(
                "lead",
                _("主办部门"),
                leads,
                (lead.code for item in items for lead in item.leads),
                by_count=True,
            ),
            self._facet(
                "kind",
                _("支持方式"),
                {kind: label for kind, (label, _formulas) in KINDS.items()},
                (kind_of(item) for item in items),
            ),
        ]

    def _facet(
        self,
        name: str,
        legend: Any,
        labels: Mapping[str, Any],
        values: Iterable[str],
        *,
        by_count: bool = False,
    ) -> Facet:
        counts = Counter(values)
        on = self.data.getlist(name)
        order: Sequence[str] = list(labels)
        if by_count:
            order = sorted(labels, key=lambda value: -counts[value])
        return Facet(
            name,
            str(legend),
            [
                Choice(value, str(labels[value]), counts[value], value in on)
                for value in order
                if counts[value] or value in on
            ],
        )

    def chips(self, facets: Iterable[Facet]) -> list[Chip]:
        chips = []
        if words := self.data.get("q"):
            chips.append(Chip(words, self._query_without("q", words)))
        for facet in facets:
            for choice in facet.choices:
                if choice.is_on:
                    chips.append(Chip(choice.label, self._query_without(facet.name, choice.value)))
        return chips

    def _query_without(self, name: str, value: str) -> str:
        query = self.data.copy()
        query.pop("page", None)
        query.setlist(name, [kept for kept in query.getlist(name) if kept != value])
        return query.urlencode()

    def fit_counts(self) -> dict[str, int]:
        counts = Counter(self._fit_of(item) for item in self.everything)
        return {fit: counts[fit] for fit in FITS}
