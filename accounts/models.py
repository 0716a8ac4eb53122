"""Districts, departments and people, and what each may do where."""

from collections.abc import Iterable
from datetime import date
from functools import cached_property
from typing import Self

import pgtrigger
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class District(models.Model):
    """A district whose policies, departments, budgets and numbers are kept here."""

    code = models.CharField(_("行政区划代码"), max_length=6, unique=True)
    name = models.CharField(_("名称"), max_length=50, unique=True)
    short_name = models.CharField(_("简称"), max_length=20)

    class Meta:
        verbose_name = verbose_name_plural = _("区县")

    def __str__(self) -> str:
        return self.name


class Department(models.Model):
    """A department of a district, as the policy documents name it."""

    district = models.ForeignKey(
        District,
        on_delete=models.PROTECT,
        related_name="departments",
        verbose_name=_("区县"),
    )
    code = models.SlugField(_("代码"), max_length=40)
    name = models.CharField(_("全称"), max_length=80)
    short_name = models.CharField(_("简称"), max_length=40)
    is_finance = models.BooleanField(_("财政部门"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("部门")
        ordering = ["district", "code"]
        constraints = [
            models.UniqueConstraint(fields=["district", "code"], name="department_code_once"),
            models.UniqueConstraint(
                fields=["district", "short_name"], name="department_short_name_once"
            ),
            models.UniqueConstraint(
                fields=["district"],
                condition=Q(is_finance=True),
                name="one_finance_department",
            ),
        ]

    def __str__(self) -> str:
        return self.short_name


class User(AbstractUser):
    """A person who signs in: for a company (`companies.Member`) or for the administration
    (`Appointment`), never for both in one case."""

    name = models.CharField(_("姓名"), max_length=50)
    is_demo = models.BooleanField(
        _("演示账号"),
        default=False,
        help_text=_("演示账号的密码是公开的，正式环境不允许存在。"),
    )
    large_type = models.BooleanField(_("大字版"), default=False)
    password_is_temporary = models.BooleanField(
        _("初始密码"),
        default=False,
        db_default=False,
        help_text=_("由别人设的密码，本人登录后必须先改。"),
    )
    password_changed_at = models.DateTimeField(_("密码修改时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("用户")

    def __str__(self) -> str:
        return self.name or self.username

    @cached_property
    def current_appointments(self) -> "list[Appointment]":
        if not self.is_active:
            return []
        return list(self.appointments.on(timezone.localdate()).select_related("department"))

    def has_role(self, *roles: "Role", department_id: int | None = None) -> bool:
        """Whether the person holds one of the roles today, in that department if one is named."""
        return any(
            appointment.role in roles
            and (department_id is None or appointment.department_id == department_id)
            for appointment in self.current_appointments
        )

    def department_ids(self, *roles: "Role") -> set[int]:
        """The departments in which the person holds one of the roles (any role if none named)."""
        return {
            appointment.department_id
            for appointment in self.current_appointments
            if not roles or appointment.role in roles
        }

    def district_ids(self, *roles: "Role") -> set[int]:
        """The districts in which the person holds one of the roles (any role if none named)."""
        return {
            appointment.department.district_id
            for appointment in self.current_appointments
            if not roles or appointment.role in roles
        }

    @property
    def is_official(self) -> bool:
        """Whether the person works for the administration."""
        return bool(self.current_appointments)

    @property
    def must_change_password(self) -> bool:
        """Whether somebody else chose the password, or it is older than PASSWORD_MAX_AGE."""
        if self.password_is_temporary:
            return True
        since = self.password_changed_at or self.date_joined
        oldest = settings.PASSWORD_MAX_AGE
        return oldest is not None and timezone.now() - since > oldest


class Role(models.TextChoices):
    REVIEWER = "reviewer", _("部门经办")
    LEAD = "lead", _("部门负责人")
    FINANCE = "finance", _("财政")
    POLICY_OFFICER = "policy_officer", _("政策管理")
    AUDITOR = "auditor", _("审计")
    ADMINISTRATOR = "administrator", _("系统管理")
    SECURITY_OFFICER = "security_officer", _("安全管理")


# The three officers: one configures, one keeps the people, one reads. Whoever is one of them is
# nothing else beside it.
OFFICERS = (Role.ADMINISTRATOR, Role.SECURITY_OFFICER, Role.AUDITOR)
_OFFICERS_SQL = ", ".join(f"'{role.value}'" for role in OFFICERS)


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    def on(self, day: date) -> Self:
        return self.between(day, day)

    def between(self, first: date, last: date | None) -> Self:
        """Those that hold on one of the days at least; without a last day, for good."""
        later = Q() if last is None else Q(starts_on__lte=last)
        return self.filter(later, Q(ends_on__isnull=True) | Q(ends_on__gte=first))

    def barred_by(self, role: str) -> Self:
        """Those that nobody holds together with the role."""
        if role in OFFICERS:
            return self.exclude(role=role)
        return self.filter(role__in=OFFICERS)

    def of_roles(self, roles: Iterable[Role]) -> Self:
        return self.filter(role__in=list(roles))


class Appointment(models.Model):
    """A person's role in a department, from `starts_on` to `ends_on`, both inclusive.

    `appointed_by` is who gave it or changed it last, never the person; None where it came with
    the installation.
    """

    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="appointments", verbose_name=_("人员")
    )
    department = models.ForeignKey(
        Department,
        on_delete=models.PROTECT,
        related_name="appointments",
        verbose_name=_("部门"),
    )
    role = models.CharField(_("角色"), max_length=20, choices=Role)
    starts_on = models.DateField(_("起"), default=timezone.localdate)
    ends_on = models.DateField(_("止"), null=True, blank=True)
    appointed_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name=_("任命人"),
    )

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("任职")
        constraints = [
            models.UniqueConstraint(fields=["user", "department", "role"], name="appointment_once"),
            models.CheckConstraint(
                name="appointment_ends_after_it_starts",
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
            ),
            models.CheckConstraint(
                name="nobody_appoints_themselves",
                condition=Q(appointed_by__isnull=True) | ~Q(appointed_by=F("user")),
            ),
        ]
        triggers = [
            # Behind the person's row, so that two appointments made at once see each other.
            pgtrigger.Trigger(
                name="officers_hold_one_office",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=(
                    "PERFORM 1 FROM accounts_user WHERE id = NEW.user_id FOR NO KEY UPDATE;"  # noqa: S608
                    " IF EXISTS (SELECT 1 FROM accounts_appointment a"
                    " WHERE a.user_id = NEW.user_id AND a.id <> NEW.id AND a.role <> NEW.role"
                    f" AND (a.role IN ({_OFFICERS_SQL}) OR NEW.role IN ({_OFFICERS_SQL}))"
                    " AND daterange(a.starts_on, a.ends_on, '[]')"
                    " && daterange(NEW.starts_on, NEW.ends_on, '[]'))"
                    " THEN RAISE EXCEPTION 'an officer holds no other office';"
                    " END IF; RETURN NEW;"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}·{self.department}·{self.get_role_display()}"

    def clean(self) -> None:
        """What the database refuses, in words: an officer beside any other office."""
        if self.user_id is None or not self.role or self.starts_on is None:
            return
        other = (
            Appointment.objects.filter(user=self.user_id)
            .exclude(pk=self.pk)
            .between(self.starts_on, self.ends_on)
            .barred_by(self.role)
            .select_related("user", "department")
            .first()
        )
        if other:
            raise ValidationError(
                _(
                    "系统管理、安全管理、审计三员互不兼任，也不兼任业务角色。"
                    "%(person)s 同期已任%(department)s“%(role)s”，请另选人员或先结束该任职。"
                ),
                params={
                    "person": other.user,
                    "department": other.department,
                    "role": other.get_role_display(),
                },
            )


class NumberSeries(models.Model):
    """The last number given in a district, for a kind of paper, in a year; no number is skipped."""

    district = models.ForeignKey(District, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["district", "kind", "year"], name="number_series_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.year}: {self.last}"

    @staticmethod
    def next(district: District, kind: str, year: int) -> int:
        """The next number. Call it inside the transaction that uses it: a number whose
        transaction fails is given again."""
        NumberSeries.objects.bulk_create(
            [NumberSeries(district=district, kind=kind, year=year)], ignore_conflicts=True
        )
        series = NumberSeries.objects.select_for_update(no_key=True).get(
            district=district, kind=kind, year=year
        )
        series.last += 1
        series.save(update_fields=["last"])
        return series.last


class Submission(models.Model):
    """A form that somebody sent under a key, and the answer it got (`accounts.submissions`)."""

    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    key = models.UUIDField()
    route = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    location = models.CharField(max_length=200, blank=True)
    said = models.JSONField(default=list)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = _("表单提交")
        constraints = [
            models.UniqueConstraint(fields=["actor", "key"], name="submission_once"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.route}"
