"""Django's admin: administrators configure, security officers keep the people. It shows nothing
that decides or pays."""

import json
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.internal.flows.sessions import end_other_sessions
from axes.utils import reset
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.forms import BaseForm, ModelForm, model_to_dict
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import reauthenticated
from accounts.models import Appointment, Department, District, Role, User
from accounts.signing_in.address import is_own_page
from accounts.signing_in.lockout import Lock, locks
from accounts.signing_in.mails import tell_of_reset
from audit.models import Entry
from audit.services import record

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    # Mixed into admin pages and their inlines.
    _Options = admin.options.BaseModelAdmin[Any]
    _Form = ModelForm[Any]
else:
    _Options = _Form = object


# Who comes in at all; what each keeps, its page says.
KEEPERS = (Role.ADMINISTRATOR, Role.SECURITY_OFFICER)


class AdministratorSite(admin.AdminSite):
    site_header = site_title = _("系统管理")
    index_title = _("配置")
    site_url = "/"

    def has_permission(self, request: HttpRequest) -> bool:
        return has_office(request, *KEEPERS)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Whoever is signed in and no officer is told so, not asked to sign in once more."""
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def officers_only(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied
            return guarded(request, *args, **kwargs)

        return officers_only

    def get_urls(self) -> list[Any]:
        # It would say of any row of any table whether it exists.
        return [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]

    # There is one way in and one page for a new password, with all that they ask for.
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        return redirect("account_change_password")


def has_office(request: HttpRequest, *roles: Role) -> bool:
    """Whether the person holds one of the offices; whoever installed the system (a superuser)
    comes first, when nobody is appointed yet."""
    user = request.user
    if not user.is_authenticated or not user.is_active:
        return False
    return user.is_superuser or user.has_role(*roles)


site = AdministratorSite(name="admin")

Changes = dict[str, Any]
ACTS = ADDED, CHANGED = "configuration.added", "configuration.changed"
ACTS_SHOWN = 100


class OwnDistricts(_Options):
    """Rows and choices are those of the districts in which the person is an officer here; whoever
    installed the system (a superuser) has all."""

    # The way from a row to its district; empty where all districts share the rows.
    district_path = ""

    def of_own_districts(
        self, request: HttpRequest, rows: "QuerySet[Any]", path: str
    ) -> "QuerySet[Any]":
        person = person_of(request)
        if person.is_superuser or not path:
            return rows
        return rows.filter(**{f"{path}__in": person.district_ids(*KEEPERS)})

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


class Shown(_Form):
    """A form that knows what its page showed. What somebody else changed meanwhile is named, and
    saved over only by whoever has seen it; what was typed stays."""

    @property
    def shown(self) -> str:
        """What the page shows, for its hidden field."""
        return json.dumps(self._present())

    def _present(self) -> dict[str, str]:
        """What the row has in the fields that may be changed."""
        fields = [name for name, field in self.fields.items() if not field.disabled]
        values = model_to_dict(self.instance, fields) if self.instance.pk else {}
        return {name: str(value) for name, value in values.items()}

    def clean(self) -> Any:
        data = super().clean()
        try:
            shown = json.loads(self.data.get("shown", "{}"))
        except ValueError:
            shown = {}
        for name, value in self._present().items():
            # A form that no page sent was shown nothing.
            if shown.get(name, value) == value:
                continue
            display = getattr(self.instance, f"get_{name}_display", None)
            found = display() if display else getattr(self.instance, name)
            self.add_error(
                name,
                gettext("您打开本页之后，别人改了这一项，现为“%(now)s”。请核对后再保存。")
                % {"now": found},
            )
        return data


class ConfigurationAdmin(OwnDistricts, admin.ModelAdmin):
    """A model that one kind of officer keeps, and others perhaps may look at. Every change is an
    act in the audit chain; nothing is deleted, because what was decided rests on it."""

    keeper = Role.ADMINISTRATOR
    viewers: tuple[Role, ...] = ()
    # What changes are called that are kept beside those of the row's fields.
    labels: "dict[str, StrOrPromise]" = {}
    view_on_site = False

    def get_form(  # type: ignore[override]
        self, request: HttpRequest, obj: Any = None, **kwargs: Any
    ) -> Any:
        form: Any = super().get_form(request, obj, **kwargs)
        return type(form)(form.__name__, (Shown, form), {})

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return has_office(request, self.keeper, *self.viewers)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return has_office(request, self.keeper)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return has_office(request, self.keeper)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def _get_obj_does_not_exist_redirect(self, *args: Any) -> HttpResponse:
        # A row of another district is as absent as one that never was.
        raise Http404

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """What was done to the row here, as the audit chain has it: Django's own log is not
        kept."""
        # Django looks for the row first, and so tells whoever may not see any whether it exists.
        if not self.has_view_permission(request):
            raise PermissionDenied
        page = super().history_view(request, object_id, extra_context)
        assert isinstance(page, TemplateResponse)
        assert page.context_data is not None
        acts = Entry.objects.about(page.context_data["object"]).filter(action__in=ACTS)
        page.context_data["acts"] = [
            (act, self._told(act.data["changes"])) for act in acts.order_by("-seq")[:ACTS_SHOWN]
        ]
        return page

    def _told(self, changes: Changes) -> list[tuple[str, Any, Any]]:
        """What each field is called, what it was and what it became."""
        told = []
        for name, change in changes.items():
            if isinstance(change, dict):
                # A row beside this one.
                told += [(f"{name} {inner}", *values) for inner, values in change.items()]
                continue
            try:
                field: Any = self.model._meta.get_field(name)
            except FieldDoesNotExist:
                told.append((self.labels.get(name, name), *change))
                continue
            words = dict(field.flatchoices)
            if field.many_to_one:
                words = field.related_model._base_manager.in_bulk([key for key in change if key])
            told.append(
                (field.verbose_name, *(words.get(each, each) if words else each for each in change))
            )
        return told

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
        record(ADDED, about=obj, by=person_of(request), what=str(obj), changes=message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        record(
            CHANGED,
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


class FreshlySigned(ConfigurationAdmin):
    """Who people are and what they may do is changed by somebody who just gave the password."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        view = super().changeform_view
        return (reauthenticated(view) if request.method == "POST" else view)(
            request, *args, **kwargs
        )

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        view = super().changelist_view
        return (reauthenticated(view) if request.method == "POST" else view)(
            request, *args, **kwargs
        )


class PersonAdmin(FreshlySigned, UserAdmin):
    keeper = Role.SECURITY_OFFICER
    viewers = (Role.ADMINISTRATOR,)
    list_display = ("username", "name", "email", "is_active")
    list_filter = ("is_active",)
    search_fields = ("username", "name")
    actions = ("unlock", "remove_second_factor")
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
        districts = person.district_ids(*KEEPERS)
        # Each asked apart: joined, they multiply.
        appointed = Appointment.objects.filter(department__district__in=districts)
        memberships = User._meta.get_field("memberships").related_model._default_manager
        acting = memberships.filter(company__district__in=districts)
        nowhere = ~Exists(Appointment.objects.filter(user=OuterRef("pk"))) & ~Exists(
            memberships.filter(user=OuterRef("pk"))
        )
        return people.filter(
            Q(pk__in=appointed.values("user")) | Q(pk__in=acting.values("user")) | nowhere
        )

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # Who may set a superuser's password is one.
        keeper = person_of(request)
        if isinstance(obj, User) and not keeper.is_superuser:
            if obj.is_superuser:
                return False
            # Whoever works or acts elsewhere today is kept there: an office that ended here gives
            # no hold on them.
            districts = keeper.district_ids(Role.SECURITY_OFFICER)
            elsewhere = obj.appointments.on(timezone.localdate()).exclude(
                department__district__in=districts
            )
            acts_elsewhere = obj.memberships.current().exclude(company__district__in=districts)
            if elsewhere.exists() or acts_elsewhere.exists():
                return False
        return super().has_change_permission(request, obj)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Whoever only looks is offered no other password."""
        if obj is not None and not self.has_change_permission(request, obj):
            return ((None, {"fields": ("username",)}), *self.fieldsets[1:])
        return super().get_fieldsets(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.password_is_temporary = True
        super().save_model(request, obj, form, change)
        if change and "email" in form.changed_data:
            # What was confirmed before signs nobody in any more, and gets no link.
            EmailAddress.objects.filter(user=obj).delete()
            # Whoever reads the mail there may be signed in.
            end_other_sessions(request, obj)
            record(
                "person.email_changed",
                about=obj,
                by=person_of(request),
                before=form.initial["email"],
                after=obj.email,
            )
            tell_of_reset(obj, "email", by=person_of(request))

    @method_decorator(reauthenticated)
    @transaction.atomic
    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """The new password and its entry in the audit chain: both or neither."""
        response = super().user_change_password(request, id, form_url)
        if response.status_code == HTTPStatus.FOUND:
            # It is known to two people until its owner chooses another.
            user = User.objects.get(pk=id)
            user.password_is_temporary = True
            user.save(update_fields=["password_is_temporary"])
            tell_of_reset(user, "password", by=person_of(request))
        return response

    def locked(self, request: HttpRequest) -> list[tuple[User, Lock]]:
        """Who cannot sign in now from where, of those whom this person may `unlock`."""
        found = locks()
        people = self.get_queryset(request).filter(username__in={lock.username for lock in found})
        mine = {user.username: user for user in self._within_reach(request, people)}
        return [(mine[lock.username], lock) for lock in found if lock.username in mine]

    def _within_reach(self, request: HttpRequest, people: "QuerySet[User]") -> "list[User]":
        return [user for user in people if self.has_change_permission(request, user)]

    @admin.action(description=_("解除登录锁定"), permissions=["change"])
    @transaction.atomic
    def unlock(self, request: HttpRequest, people: "QuerySet[User]") -> HttpResponse | None:
        """Back to the list of the locked ones, where it was pressed there."""
        for user in self._within_reach(request, people):
            count = reset(username=user.username)
            record("person.unlocked", about=user, by=person_of(request), attempts=count)
        self.message_user(request, _("已解除锁定，现在就可以登录。"))
        back = request.POST.get("next", "")
        return redirect(back) if is_own_page(request, back) else None

    @admin.action(description=_("关闭两步验证（手机和恢复码都丢失时）"), permissions=["change"])
    @transaction.atomic
    def remove_second_factor(self, request: HttpRequest, people: "QuerySet[User]") -> None:
        for user in self._within_reach(request, people.exclude(pk=person_of(request).pk)):
            Authenticator.objects.filter(user=user).delete()
            record("person.second_factor_removed", about=user, by=person_of(request))
            tell_of_reset(user, "second_factor", by=person_of(request))
        self.message_user(request, _("已关闭。工作人员下次登录时要重新开启。"))


class AppointmentAdmin(FreshlySigned):
    """Nobody gives an office to themselves or changes one that is theirs."""

    keeper = Role.SECURITY_OFFICER
    viewers = (Role.ADMINISTRATOR,)
    district_path = "department__district"
    list_display = ("user", "department", "role", "starts_on", "ends_on", "appointed_by")
    list_filter = ("role", "department__district")
    search_fields = ("user__name", "user__username")
    autocomplete_fields = ("user",)
    readonly_fields = ("appointed_by",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """An office that was given is ended, and another one given."""
        given = ("user", "department", "role") if obj is not None else ()
        return (*given, *self.readonly_fields)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if isinstance(obj, Appointment) and obj.user_id == person_of(request).pk:
            return False
        return super().has_change_permission(request, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "user" and field is not None:
            assert field.queryset is not None
            field.queryset = field.queryset.exclude(pk=person_of(request).pk)
            field.error_messages["invalid_choice"] = _(
                "请选择本区县的人员。本人的任职须由另一位安全管理员办理。"
            )
        return field

    def save_model(self, request: HttpRequest, obj: Appointment, form: Any, change: bool) -> None:
        obj.appointed_by = person_of(request)
        super().save_model(request, obj, form, change)
        memberships = obj.user.memberships.select_related("company").order_by("pk")
        if companies := [str(member.company) for member in memberships]:
            self.message_user(
                request,
                _(
                    "%(person)s 是%(companies)s的人员，或曾经是。这些企业的办件和数据本人不能经办，"
                    "离开企业以后也不能，请确认另有人办理。"
                )
                % {"person": obj.user, "companies": gettext("、").join(companies)},
                messages.WARNING,
            )


class DepartmentAdmin(ConfigurationAdmin):
    viewers = (Role.SECURITY_OFFICER,)
    district_path = "district"
    list_display = ("short_name", "name", "code", "district")
    list_filter = ("district",)


class DistrictAdmin(ConfigurationAdmin):
    viewers = (Role.SECURITY_OFFICER,)
    district_path = "pk"
    list_display = ("name", "code")

    def has_add_permission(self, request: HttpRequest) -> bool:
        # A new district has no administrator yet who could see it.
        return person_of(request).is_superuser


site.register(User, PersonAdmin)
site.register(Appointment, AppointmentAdmin)
site.register(Department, DepartmentAdmin)
site.register(District, DistrictAdmin)
