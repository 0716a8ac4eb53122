"""Django's admin, for what administrators configure. It shows nothing that decides or pays."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import FieldDoesNotExist
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.models import Appointment, Department, District, Role, User
from audit.services import record

if TYPE_CHECKING:
    # Mixed into admin pages and their inlines.
    _Options = admin.options.BaseModelAdmin[Any]
else:
    _Options = object


class AdministratorSite(admin.AdminSite):
    site_header = site_title = _("系统管理")
    index_title = _("配置")
    site_url = "/"

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        if not user.is_authenticated or not user.is_active:
            return False
        # Whoever installed it comes first, when nobody is appointed yet.
        return user.is_superuser or user.has_role(Role.ADMINISTRATOR)


site = AdministratorSite(name="admin")

Changes = dict[str, Any]


class OwnDistricts(_Options):
    """Rows and choices are those of the districts in which the person is administrator; whoever
    installed the system (a superuser) has all."""

    # The way from a row to its district; empty where all districts share the rows.
    district_path = ""

    def of_own_districts(
        self, request: HttpRequest, rows: "QuerySet[Any]", path: str
    ) -> "QuerySet[Any]":
        person = person_of(request)
        if person.is_superuser or not path:
            return rows
        return rows.filter(**{f"{path}__in": person.district_ids(Role.ADMINISTRATOR)})

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return self.of_own_districts(request, super().get_queryset(request), self.district_path)

    def get_field_queryset(self, db: Any, db_field: Any, request: HttpRequest) -> Any:
        related = db_field.remote_field.model
        choices = super().get_field_queryset(db, db_field, request)
        if choices is None:
            choices = related._default_manager.using(db)
        keeper = site._registry.get(related)
        if keeper is not None:
            # The keeper's own query is not asked: it may lack what the field's default has.
            return choices.filter(pk__in=keeper.get_queryset(request).order_by().values("pk"))
        try:
            related._meta.get_field("district")
        except FieldDoesNotExist:
            return choices
        return self.of_own_districts(request, choices, "district")


class ConfigurationAdmin(OwnDistricts, admin.ModelAdmin):
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

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        changes = changes_of(form, add=add)
        for formset in formsets or ():
            for row in formset.forms:
                if row.has_changed() and row.instance.pk:
                    about = f"{row.instance._meta.model_name} {row.instance.pk}"
                    changes[about] = changes_of(row, add=row in formset.extra_forms)
        return changes

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        record(
            "configuration.added", about=obj, by=person_of(request), what=str(obj), changes=message
        )

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        record(
            "configuration.changed",
            about=obj,
            by=person_of(request),
            what=str(obj),
            changes=message,
        )


class ViewOnlyAdmin(ConfigurationAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def changes_of(form: BaseForm, *, add: bool) -> Changes:
    """{field: [old, new]} of what a form changed. That a password changed is said, and no more."""
    changes: Changes = {}
    for name in form.changed_data:
        field = form.fields.get(name)
        if "password" in name:
            changes["password"] = ["***", "***"]
        elif field is not None:
            old = None if add else form.get_initial_for_field(field, name)
            new = form.cleaned_data.get(name)
            # A choice of a row is kept as its key, as `old` has it.
            to_plain = getattr(field, "prepare_value", lambda value: value)
            changes[name] = [to_plain(old), to_plain(new)]
    return changes


def person_of(request: HttpRequest) -> User:
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

    def get_queryset(self, request: HttpRequest) -> "QuerySet[User]":
        """People appointed in the districts, of companies there, and whoever is nowhere yet."""
        people = super().get_queryset(request)
        person = person_of(request)
        if person.is_superuser:
            return people
        districts = person.district_ids(Role.ADMINISTRATOR)
        found = User.objects.filter(
            Q(appointments__department__district__in=districts)
            | Q(memberships__company__district__in=districts)
            | Q(appointments__isnull=True, memberships__isnull=True)
        )
        return people.filter(pk__in=found.values("pk"))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # Who may set a superuser's password is one.
        if isinstance(obj, User) and obj.is_superuser and not person_of(request).is_superuser:
            return False
        return super().has_change_permission(request, obj)

    @transaction.atomic
    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """The new password and its entry in the audit chain: both or neither."""
        return super().user_change_password(request, id, form_url)


class AppointmentAdmin(ConfigurationAdmin):
    district_path = "department__district"
    list_display = ("user", "department", "role", "starts_on", "ends_on")
    list_filter = ("role", "department__district")
    search_fields = ("user__name", "user__username")
    autocomplete_fields = ("user",)


class DepartmentAdmin(ConfigurationAdmin):
    district_path = "district"
    list_display = ("short_name", "name", "code", "district")
    list_filter = ("district",)


class DistrictAdmin(ConfigurationAdmin):
    district_path = "pk"
    list_display = ("name", "code")

    def has_add_permission(self, request: HttpRequest) -> bool:
        # A new district has no administrator yet who could see it.
        return person_of(request).is_superuser


site.register(User, PersonAdmin)
site.register(Appointment, AppointmentAdmin)
site.register(Department, DepartmentAdmin)
site.register(District, DistrictAdmin)
