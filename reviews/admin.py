from django.contrib import admin

from accounts.admin import ConfigurationAdmin, ViewOnlyAdmin, has_office, site
from accounts.models import Role
from reviews.models import CalendarDay, Route, Stage


class CalendarDayAdmin(ConfigurationAdmin):
    list_display = ("date", "is_workday", "name", "source")
    list_filter = ("is_workday",)
    date_hierarchy = "date"


class StageInline(admin.TabularInline):
    model = Stage
    extra = 0

    def has_view_permission(self, request, obj=None):  # type: ignore[no-untyped-def]
        return has_office(request, Role.ADMINISTRATOR)

    def has_add_permission(self, request, obj=None):  # type: ignore[no-untyped-def]
        return False

    has_change_permission = has_delete_permission = has_add_permission


class RouteAdmin(ViewOnlyAdmin):
    district_path = "district"
    list_display = ("name", "version", "district", "is_current")
    inlines = (StageInline,)


site.register(CalendarDay, CalendarDayAdmin)
site.register(Route, RouteAdmin)
