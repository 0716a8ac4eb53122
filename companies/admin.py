from django.contrib import admin

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


class MemberInline(OwnDistricts, admin.TabularInline):
    model = Member
    extra = 0
    autocomplete_fields = ("user",)

    def has_view_permission(self, request, obj=None):  # type: ignore[no-untyped-def]
        return has_office(request, Role.ADMINISTRATOR)

    has_add_permission = has_change_permission = has_view_permission

    def has_delete_permission(self, request, obj=None):  # type: ignore[no-untyped-def]
        return False


class CompanyAdmin(ConfigurationAdmin):
    district_path = "district"
    list_display = ("name", "uscc", "district", "street", "industry")
    list_filter = ("district", "street")
    search_fields = ("name", "uscc")
    inlines = (MemberInline,)


class YearlyFigureAdmin(ConfigurationAdmin):
    district_path = "company__district"
    list_display = ("company", "year", "measure", "value", "source", "as_of")
    list_filter = ("year", "measure", "source")
    search_fields = ("company__name", "company__uscc")
    autocomplete_fields = ("company",)


class CreditEntryAdmin(ConfigurationAdmin):
    district_path = "company__district"
    list_display = ("company", "title", "source", "listed_on", "repaired_on")
    search_fields = ("company__name", "company__uscc")
    autocomplete_fields = ("company",)


class IncidentAdmin(ConfigurationAdmin):
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
