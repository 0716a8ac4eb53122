"""Django's admin, for what administrators configure. It shows nothing that decides or pays."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Appointment, Department, District, Role, User
from audit.services import record


class AdministratorSite(admin.AdminSite):
    site_header = site_title = _("系统管理")
    index_title = _("配置")
    site_url = "/"

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return user.is_authenticated and user.has_role(Role.ADMINISTRATOR)


site = AdministratorSite(name="admin")


class ConfigurationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A model that administrators keep. Every change is an act in the audit chain; nothing is
    deleted, because what was decided rests on it."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return site.has_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        record("configuration.added", about=obj, by=_person(request), what=str(obj))

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        record("configuration.changed", about=obj, by=_person(request), what=message)


class ViewOnlyAdmin(ConfigurationAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


class PersonAdmin(ConfigurationAdmin, UserAdmin):
    list_display = ("username", "name", "email", "is_active")
    list_filter = ("is_active",)
    search_fields = ("username", "name")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("本人"), {"fields": ("name", "email", "is_active")}),
    )
    add_fieldsets = (
        (
            None,
            {"fields": ("username", "name", "email", "usable_password", "password1", "password2")},
        ),
    )
    filter_horizontal = ()


class AppointmentAdmin(ConfigurationAdmin):
    list_display = ("user", "department", "role", "starts_on", "ends_on")
    list_filter = ("role", "department__district")
    search_fields = ("user__name", "user__username")
    autocomplete_fields = ("user",)


class DepartmentAdmin(ConfigurationAdmin):
    list_display = ("short_name", "name", "code", "district")
    list_filter = ("district",)


site.register(User, PersonAdmin)
site.register(Appointment, AppointmentAdmin)
site.register(Department, DepartmentAdmin)
site.register(District, ConfigurationAdmin)
