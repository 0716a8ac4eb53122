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
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.locks import locked


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

    def get_short_name(self) -> str:
        """What Django's administration greets by."""
        return str(self)

    def signature(self, principal: "User | None") -> str:
        """The name under an act, and on whose behalf it was done."""
        if principal is None:
            return str(self)
        return gettext("%(deputy)s（代%(principal)s）") % {"deputy": self, "principal": principal}

    @cached_property
    def own_appointments(self) -> "list[Appointment]":
        if not self.is_active:
            return []
        return list(self.appointments.on(timezone.localdate()).select_related("department"))

    @cached_property
    def stand_ins(self) -> "list[StandIn]":
        """Whose work the person does today on their behalf, in a district of the own office."""
        districts = {own.department.district_id for own in self.own_appointments}
        if not districts:
            return []
        return list(
            StandIn.objects.in_force(timezone.localdate())
            .filter(deputy=self, appointment__department__district__in=districts)
            .select_related("appointment__department", "appointment__user")
        )

    @cached_property
    def current_appointments(self) -> "list[Appointment]":
        """Today's offices: one's own first, then those in which one stands in for another."""
        return [*self.own_appointments, *(each.appointment for each in self.stand_ins)]

    def has_role(self, *roles: "Role", department_id: int | None = None) -> bool:
        """Whether the person holds one of the roles today, in that department if one is named."""
        return any(
            appointment.role in roles
            and (department_id is None or appointment.department_id == department_id)
            for appointment in self.current_appointments
        )

    def principal(
        self, *roles: "Role", department_id: int | None = None, district_id: int | None = None
    ) -> "User | None":
        """On whose behalf the person acts in one of the roles today, in that department or
        district; None where the role is one's own."""
        for appointment in self.current_appointments:
            if (
                appointment.role in roles
                and department_id in (None, appointment.department_id)
                and district_id in (None, appointment.department.district_id)
            ):
                return None if appointment.user_id == self.pk else appointment.user
        return None

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
                    " THEN RAISE EXCEPTION 'an officer holds no other office'; END IF;"
                    f" IF NEW.role IN ({_OFFICERS_SQL}) AND EXISTS (SELECT 1"
                    " FROM accounts_standin s"
                    " WHERE s.deputy_id = NEW.user_id AND s.ended_at IS NULL"
                    " AND daterange(s.starts_on, s.ends_on, '[]')"
                    " && daterange(NEW.starts_on, NEW.ends_on, '[]'))"
                    " THEN RAISE EXCEPTION 'an officer stands in for nobody'; END IF;"
                    " RETURN NEW;"
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
        stand_ins = StandIn.objects.standing().between(self.starts_on, self.ends_on)
        if self.role in OFFICERS and stand_ins.filter(deputy=self.user_id).exists():
            raise ValidationError(
                _("系统管理、安全管理、审计三员不代办他人工作。请先终止该人员同期的委托代办。")
            )


class StandInState(models.TextChoices):
    TO_COME = "to_come", _("未开始")
    NOW = "now", _("生效中")
    OVER = "over", _("已期满")
    ENDED = "ended", _("已终止")


class StandInQuerySet(models.QuerySet["StandIn"]):
    def standing(self) -> Self:
        return self.filter(ended_at__isnull=True)

    def between(self, first: date, last: date | None) -> Self:
        """Those that hold on one of the days at least; without a last day, for good."""
        later = Q() if last is None else Q(starts_on__lte=last)
        return self.filter(later, ends_on__gte=first)

    def in_force(self, day: date) -> Self:
        """Those that count on the day: the office that is lent must be held on it."""
        return (
            self.standing()
            .between(day, day)
            .filter(appointment__in=Appointment.objects.on(day), appointment__user__is_active=True)
            .order_by("pk")
        )

    def visible_to(self, user: "User") -> Self:
        """One's own, those one was given, and to security officers those of the district."""
        kept = Appointment.objects.filter(
            Q(user=user) | Q(department__district__in=user.district_ids(Role.SECURITY_OFFICER))
        )
        return self.filter(
            Q(deputy=user) | Q(appointment__in=list(kept.values_list("pk", flat=True)))
        )

    def for_list(self) -> Self:
        # Apart: joined, four times the same people are slow where the planner guesses wrong.
        return self.prefetch_related(
            "appointment__user", "appointment__department", "deputy", "given_by", "ended_by"
        ).order_by("-starts_on", "-pk")


class StandIn(models.Model):
    """Somebody does the work of one appointment from `starts_on` to `ends_on`, both inclusive, on
    behalf of the person appointed. Ended early it stops at once; otherwise nothing in it changes.
    """

    appointment = models.ForeignKey(
        Appointment, on_delete=models.PROTECT, related_name="stand_ins", verbose_name=_("岗位")
    )
    deputy = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("代办人")
    )
    starts_on = models.DateField(_("起"))
    ends_on = models.DateField(_("止"))
    reason = models.CharField(_("原因"), max_length=200)
    given_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField(auto_now_add=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    objects = StandInQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("委托代办")
        constraints = [
            models.CheckConstraint(
                name="stand_in_ends_after_it_starts", condition=Q(ends_on__gte=F("starts_on"))
            ),
            models.CheckConstraint(
                name="nobody_makes_themselves_a_stand_in", condition=~Q(given_by=F("deputy"))
            ),
            models.CheckConstraint(
                name="stand_in_is_ended_by_somebody",
                condition=Q(ended_by__isnull=True, ended_at__isnull=True)
                | Q(ended_by__isnull=False, ended_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="as_it_was_given",
                operation=pgtrigger.UpdateOf(
                    "appointment_id",
                    "deputy_id",
                    "starts_on",
                    "ends_on",
                    "reason",
                    "given_by_id",
                    "given_at",
                ),
            ),
            pgtrigger.Protect(
                name="ended_for_good",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__ended_at__isnull=False),
            ),
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
            # Behind both people's rows, so that what is given at once is seen.
            pgtrigger.Trigger(
                name="lawful_stand_in",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("lent", "RECORD"), ("days", "DATERANGE")],
                func=(
                    "SELECT a.user_id, a.role, a.department_id, d.district_id INTO lent"  # noqa: S608
                    " FROM accounts_appointment a"
                    " JOIN accounts_department d ON d.id = a.department_id"
                    " WHERE a.id = NEW.appointment_id;"
                    " PERFORM 1 FROM accounts_user WHERE id IN (NEW.deputy_id, lent.user_id)"
                    " ORDER BY id FOR NO KEY UPDATE;"
                    " days := daterange(NEW.starts_on, NEW.ends_on, '[]');"
                    " IF NEW.deputy_id = lent.user_id"
                    " THEN RAISE EXCEPTION 'nobody stands in for themselves'; END IF;"
                    f" IF lent.role IN ({_OFFICERS_SQL})"
                    " THEN RAISE EXCEPTION 'an officer has no stand-in'; END IF;"
                    " IF EXISTS (SELECT 1 FROM accounts_appointment a"
                    f" WHERE a.user_id = NEW.deputy_id AND a.role IN ({_OFFICERS_SQL})"
                    " AND daterange(a.starts_on, a.ends_on, '[]') && days)"
                    " THEN RAISE EXCEPTION 'an officer stands in for nobody'; END IF;"
                    " IF NOT EXISTS (SELECT 1 FROM accounts_appointment a"
                    " JOIN accounts_department d ON d.id = a.department_id"
                    " WHERE a.user_id = NEW.deputy_id AND d.district_id = lent.district_id"
                    " AND daterange(a.starts_on, a.ends_on, '[]') && days)"
                    " THEN RAISE EXCEPTION 'a stand-in is of the same district'; END IF;"
                    " IF EXISTS (SELECT 1 FROM accounts_standin s"
                    " JOIN accounts_appointment a ON a.id = s.appointment_id"
                    " WHERE s.ended_at IS NULL AND daterange(s.starts_on, s.ends_on, '[]') && days"
                    " AND (s.appointment_id = NEW.appointment_id OR (s.deputy_id = NEW.deputy_id"
                    " AND a.department_id = lent.department_id AND a.role = lent.role)))"
                    " THEN RAISE EXCEPTION 'one stand-in at a time'; END IF;"
                    " RETURN NEW;"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deputy}→{self.appointment}"

    @property
    def principal(self) -> User:
        return self.appointment.user

    @property
    def department(self) -> Department:
        return self.appointment.department

    @property
    def state(self) -> StandInState:
        today = timezone.localdate()
        if self.ended_at:
            return StandInState.ENDED
        if self.ends_on < today:
            return StandInState.OVER
        return StandInState.TO_COME if today < self.starts_on else StandInState.NOW

    @property
    def may_be_ended(self) -> bool:
        return self.state in (StandInState.TO_COME, StandInState.NOW)


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
        series = locked(NumberSeries.objects.filter(district=district, kind=kind, year=year)).get()
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
