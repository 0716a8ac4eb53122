from typing import Any
from uuid import uuid4

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin import ConfigurationAdmin, OwnDistricts, has_office, site
from accounts.models import Role
from companies.models import (
    Company,
    CreditEntry,
    Incident,
    IndustryIntensity,
    Member,
    YearlyFigure,
)
from companies.signals import facts_changed


class MemberInline(OwnDistricts, admin.TabularInline):
    model = Member
    extra = 0
    # The remedy where nobody is left in a company who may invite; scopes are the company's own.
    fields = ("user", "role", "ends_on", "ended_at")
    autocomplete_fields = ("user",)

    def has_view_permission(self, request, obj=None):  # type: ignore[no-untyped-def]
        return has_office(request, Role.ADMINISTRATOR)

    has_add_permission = has_change_permission = has_view_permission

    def has_delete_permission(self, request, obj=None):  # type: ignore[no-untyped-def]
        return False


class FactsAdmin(ConfigurationAdmin):
    """Facts about companies: what was concluded from them is screened again."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        company = obj if isinstance(obj, Company) else obj.company
        facts_changed.send(
            type(obj), district=company.district, company=company, cause=f"typed:{uuid4()}"
        )


class CompanyAdmin(FactsAdmin):
    district_path = "district"
    list_display = ("name", "uscc", "district", "street", "industry")
    list_filter = ("district", "street")
    search_fields = ("name", "uscc")
    inlines = (MemberInline,)


class YearlyFigureAdmin(FactsAdmin):
    district_path = "company__district"
    list_display = ("company", "year", "measure", "value", "source", "as_of")
    list_filter = ("year", "measure", "source")
    search_fields = ("company__name", "company__uscc")
    autocomplete_fields = ("company",)


class CreditEntryAdmin(FactsAdmin):
    district_path = "company__district"
    list_display = (
        "company",
        "kind",
        "grade",
        "title",
        "number",
        "source",
        "listed_on",
        "valid_until",
        "repaired_on",
    )
    list_filter = ("kind", "grade", "source")
    date_hierarchy = "listed_on"
    fields = (
        "company",
        "kind",
        "grade",
        "title",
        "number",
        "source",
        "listed_on",
        "valid_until",
        "repaired_on",
        "as_of",
    )
    search_fields = ("company__name", "company__uscc", "number", "title")
    autocomplete_fields = ("company",)


class IncidentAdmin(FactsAdmin):
    district_path = "company__district"
    list_display = ("company", "kind", "date", "note")
    list_filter = ("kind",)
    search_fields = ("company__name", "company__uscc")
    autocomplete_fields = ("company",)


site.register(Company, CompanyAdmin)
site.register(YearlyFigure, YearlyFigureAdmin)
site.register(CreditEntry, CreditEntryAdmin)
site.register(Incident, IncidentAdmin)
site.register(IndustryIntensity, ConfigurationAdmin)
