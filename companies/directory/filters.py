"""What narrows the list of companies."""

import django_filters
from django import forms
from django.utils.translation import gettext_lazy as _

from companies.models import Company, CompanyQuerySet, Member
from companies.streets import Street


class CompanyFilter(django_filters.FilterSet):
    """The form above the table."""

    q = django_filters.CharFilter(
        method="search",
        label=_("查找"),
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("企业名称、信用代码、拼音首字母")}
        ),
    )
    street = django_filters.ChoiceFilter(
        label=_("街道（镇）"), empty_label=_("全部街道"), choices=Street.choices
    )
    team = django_filters.ChoiceFilter(
        method="with_team",
        label=_("企业人员"),
        empty_label=_("不限"),
        choices=[("yes", _("已有人员")), ("no", _("还没有人员"))],
    )

    class Meta:
        model = Company
        fields: list[str] = []

    def search(self, companies: CompanyQuerySet, name: str, value: str) -> CompanyQuerySet:
        return companies.search(value)

    def with_team(self, companies: CompanyQuerySet, name: str, value: str) -> CompanyQuerySet:
        teams = Member.objects.current().values("company")
        if value == "yes":
            return companies.filter(pk__in=teams)
        return companies.exclude(pk__in=teams)
