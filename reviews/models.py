"""How an application is decided: routes and stages as data, cases, tasks, opinions, public
notices and the award notice."""

import uuid
from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Department, District, Role
from audit.triggers import append_only
from companies.models import Company
from subsidies.ledger.models import AwardStatus
from subsidies.models import Application, Award, PolicyDocument, Receipt

if TYPE_CHECKING:
    from accounts.models import User


class CalendarDay(models.Model):
    """Whether a day is a working day, by the State Council's calendar with its make-up days."""

    date = models.DateField(_("日期"), primary_key=True)
    is_workday = models.BooleanField(_("工作日"))
    name = models.CharField(_("名称"), max_length=40, blank=True)
    source = models.CharField(_("来源"), max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = _("工作日历")
        ordering = ["date"]

    def __str__(self) -> str:
        return f"{self.date} {self.name}"


class Route(models.Model):
    """A path of stages. A running case keeps the version it was opened with."""

    district = models.ForeignKey(District, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("名称"), max_length=60)
    version = models.PositiveSmallIntegerField(_("版本"), default=1)
    is_current = models.BooleanField(default=True)

    class Meta:
        verbose_name = verbose_name_plural = _("流程")
        constraints = [
            models.UniqueConstraint(
                fields=["district", "name", "version"], name="route_version_once"
            ),
            models.UniqueConstraint(
                fields=["district"],
                condition=Q(is_current=True),
                name="one_current_route",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class StageKind(models.TextChoices):
    """What happens on a stage; the engine of the workflow knows these and no others."""

    ACCEPTANCE = "acceptance", _("受理")
    REVIEW = "review", _("初审")
    JOINT = "joint", _("联审")
    DETERMINATION = "determination", _("审定")
    FINANCE = "finance", _("财政复核")
    PUBLIC_NOTICE = "public_notice", _("公示")
    APPROVAL = "approval", _("批准")


class Where(models.TextChoices):
    """Which department has the task."""

    LEAD = "lead", _("主办部门")
    CO = "co", _("协办部门")
    FINANCE = "finance", _("财政部门")
    NOBODY = "nobody", _("系统")


class Stage(models.Model):
    """A stop on a route: who decides there (`role` in the departments named by `where`) and
    within how many working days."""

    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="stages")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=16, choices=StageKind)
    name = models.CharField(_("名称"), max_length=30)
    role = models.CharField(_("角色"), max_length=20, choices=Role, blank=True)
    where = models.CharField(_("部门"), max_length=10, choices=Where)
    days = models.PositiveSmallIntegerField(_("工作日"))

    class Meta:
        verbose_name = verbose_name_plural = _("环节")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["route", "position"], name="stage_position_once"),
            models.CheckConstraint(
                name="stage_is_somebodys_or_the_systems",
                condition=Q(where="nobody", role="") | (~Q(where="nobody") & ~Q(role="")),
            ),
        ]

    def __str__(self) -> str:
        # Routes are data and in Chinese; the standard one's stages are known by their words.
        return gettext(self.name)


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, user: "User") -> Self:
        """Cases whose application the person may see as an official: not of one's own company."""
        return self.filter(application__in=Application.objects.visible_to(user)).exclude(
            application__company__in=Company.objects.ever_of([user])
        )

    def to_screen(self) -> Self:
        """Cases whose conclusion can still change something: those under review, and approved
        ones whose money has not left."""
        unpaid = Award.objects.filter(claim__application=models.OuterRef("application")).exclude(
            status__in=[AwardStatus.PAID, AwardStatus.CANCELLED]
        )
        return self.filter(Q(closed_at__isnull=True) | Q(models.Exists(unpaid)))

    def for_page(self) -> Self:
        """Load what the page of one case shows, without the edition's whole body."""
        return (
            self.select_related(
                "stage",
                "route",
                "application__district",
                "application__company",
                "application__item__edition__document",
            )
            .defer("application__item__edition__body")
            .prefetch_related("application__item__item_departments__department")
        )

    def for_list(self) -> Self:
        """Load what one row of the worklist shows; what no longer holds first, then the most
        urgent."""
        return (
            self.select_related("application__company", "application__item", "stage")
            .prefetch_related(
                "application__claims__level",
                "tasks__department",
                "tasks__assignee",
                "alerts",
            )
            .annotate(
                is_alerted=models.Exists(Alert.objects.open().filter(case=models.OuterRef("pk")))
            )
            .order_by("-is_alerted", F("due_on").asc(nulls_last=True), "pk")
        )


class Case(models.Model):
    """The review of one application. `round` counts the times it was begun again, at the stage
    whose position is `round_from`: earlier opinions on that stage and those behind it no longer
    count. `stage` is None when the case is closed; `due_on` is the last day of
    the stage, inclusive, and None while the clock is stopped."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.OneToOneField(Application, on_delete=models.PROTECT, related_name="case")
    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="+")
    stage = models.ForeignKey(
        Stage, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    round = models.PositiveSmallIntegerField(default=1)
    round_from = models.PositiveSmallIntegerField(default=1)
    due_on = models.DateField(_("办理期限"), null=True, blank=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("办件")
        constraints = [
            models.CheckConstraint(
                name="case_has_a_stage_until_it_is_closed",
                condition=Q(stage__isnull=True, closed_at__isnull=False, due_on__isnull=True)
                | Q(stage__isnull=False, closed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return str(self.application)

    def get_absolute_url(self) -> str:
        return reverse("case_detail", args=[self.pk])


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> Self:
        return self.filter(handled_at__isnull=True)


class Alert(models.Model):
    """The conclusion of a case that no longer holds, found by screening: `changes` says what got
    worse (rows of `code` and `text`), `receipt` is the answer as it is now. One is open at a
    time; what is found meanwhile joins it."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="alerts")
    changes = models.JSONField(default=list)
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="+")
    raised_at = models.DateTimeField(_("发现时间"), auto_now_add=True)
    handled_at = models.DateTimeField(_("处理时间"), null=True, blank=True)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.CharField(_("处理说明"), max_length=500, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("变化提醒")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(handled_at__isnull=True), name="one_open_alert_a_case"
            ),
            models.CheckConstraint(
                name="alert_handled_by_somebody_has_its_time",
                condition=Q(handled_by__isnull=True) | Q(handled_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case} {self.raised_at:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        return self.handled_at is None

    @property
    def only_asks(self) -> bool:
        """Whether all that it wants is that somebody judges credit entries."""
        return all(change["code"] == "judge" for change in self.changes)

    @property
    def texts(self) -> list[str]:
        return [change["text"] for change in self.changes]


class TaskState(models.TextChoices):
    OPEN = "open", _("待办")
    DONE = "done", _("已办")
    CANCELLED = "cancelled", _("已取消")


class TaskQuerySet(models.QuerySet["Task"]):
    def open(self) -> Self:
        return self.filter(state=TaskState.OPEN)

    def for_user(self, user: "User") -> Self:
        """Open tasks the person may do: of one's role and department, of cases on which one has
        not decided in this round nor declared a conflict, never of one's own company. Where one
        stands in for another, all that must hold of the other as well."""
        mine = Q(pk__in=[])
        for principal, appointments in groupby(
            user.current_appointments, key=lambda appointment: appointment.user_id
        ):
            held = Q(pk__in=[])
            for appointment in appointments:
                held |= Q(department=appointment.department_id, role=appointment.role)
            mine |= held & ~_barred({user.pk, principal})
        return self.open().filter(mine)


def _barred(people: set[int]) -> Q:
    """Of tasks: those of cases on which one of the people may not decide."""
    case = {"case": models.OuterRef("case")}
    own = Case.objects.filter(
        pk=models.OuterRef("case"), application__company__members__user__in=people
    )
    return (
        Q(models.Exists(Opinion.objects.standing().by_any(people).filter(**case)))
        | Q(models.Exists(Recusal.objects.filter(person__in=people, **case)))
        | Q(models.Exists(own))
    )


class Task(models.Model):
    """One department's share of a stage in one round."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="tasks")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="+")
    round = models.PositiveSmallIntegerField()
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=20, choices=Role)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    state = models.CharField(max_length=10, choices=TaskState, default=TaskState.OPEN)
    due_on = models.DateField(null=True, blank=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("待办")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "stage", "round", "department"], name="task_once"
            ),
            models.CheckConstraint(
                name="task_done_has_its_time",
                condition=Q(state="open", done_at__isnull=True)
                | (~Q(state="open") & Q(done_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case} {self.stage} {self.department}"


class Verdict(models.TextChoices):
    AGREE = "agree", _("同意")
    DISAGREE = "disagree", _("不同意")
    RETURN = "return", _("退回补正")
    REDETERMINE = "redetermine", _("退回审定")
    REJECT = "reject", _("不予通过")


class OpinionQuerySet(models.QuerySet["Opinion"]):
    def by_any(self, people: Iterable["User | int"]) -> Self:
        """What one of the people said, or had said on their behalf."""
        people = list(people)
        return self.filter(Q(person__in=people) | Q(on_behalf_of__in=people))

    def standing(self) -> Self:
        """Opinions that count: of the case's round, and the consents before the stage at which
        that round began."""
        return self.filter(
            Q(round=F("case__round"))
            | Q(
                verdict__in=[Verdict.AGREE, Verdict.DISAGREE],
                task__stage__position__lt=F("case__round_from"),
            )
        )


class Opinion(models.Model):
    """What one person said for a department on a task, on the answer then in view; `on_behalf_of`
    whom, where the person stood in for another.

    `amounts` maps a claim's id to the amount proposed (yuan, as text), where the stage sets one.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="opinions")
    task = models.OneToOneField(Task, on_delete=models.PROTECT, related_name="opinion")
    round = models.PositiveSmallIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    verdict = models.CharField(_("结论"), max_length=12, choices=Verdict)
    text = models.TextField(_("意见"), blank=True)
    amounts = models.JSONField(default=dict)
    receipt = models.ForeignKey(
        Receipt, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField(auto_now_add=True)

    objects = OpinionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("意见")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="nobody_decides_on_behalf_of_themselves",
                condition=Q(on_behalf_of__isnull=True) | ~Q(on_behalf_of=F("person")),
            ),
            models.CheckConstraint(
                name="opinion_against_has_a_reason",
                condition=Q(verdict="agree") | ~Q(text=""),
            ),
        ]
        triggers = [
            *append_only("opinions are append-only"),
            pgtrigger.Trigger(
                name="not_ones_own_company",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=(
                    "IF EXISTS (SELECT 1 FROM reviews_case c"
                    " JOIN subsidies_application a ON a.id = c.application_id"
                    " JOIN companies_member m ON m.company_id = a.company_id"
                    " WHERE c.id = NEW.case_id"
                    " AND m.user_id IN (NEW.person_id, NEW.on_behalf_of_id))"
                    " THEN RAISE EXCEPTION 'nobody decides on a company they belong to';"
                    " END IF; RETURN NEW;"
                ),
            ),
            # Behind the case's row: of two opinions written at once one sees the other. Whoever
            # stood in for another counts as both.
            pgtrigger.Trigger(
                name="nobody_decides_twice",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=(
                    "PERFORM 1 FROM reviews_case WHERE id = NEW.case_id FOR NO KEY UPDATE;"
                    " IF EXISTS (SELECT 1 FROM reviews_opinion o"
                    " JOIN reviews_task t ON t.id = o.task_id"
                    " JOIN reviews_stage s ON s.id = t.stage_id"
                    " JOIN reviews_case c ON c.id = o.case_id"
                    " WHERE o.case_id = NEW.case_id"
                    " AND (o.person_id IN (NEW.person_id, NEW.on_behalf_of_id)"
                    " OR o.on_behalf_of_id IN (NEW.person_id, NEW.on_behalf_of_id))"
                    " AND (o.round = NEW.round OR (o.verdict IN ('agree', 'disagree')"
                    " AND s.position < c.round_from)))"
                    " THEN RAISE EXCEPTION 'nobody decides twice on one case';"
                    " END IF; RETURN NEW;"
                ),
            ),
            pgtrigger.Trigger(
                name="not_after_recusal",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=(
                    "PERFORM 1 FROM reviews_case WHERE id = NEW.case_id FOR NO KEY UPDATE;"
                    " IF EXISTS (SELECT 1 FROM reviews_recusal r WHERE r.case_id = NEW.case_id"
                    " AND r.person_id IN (NEW.person_id, NEW.on_behalf_of_id))"
                    " THEN RAISE EXCEPTION 'nobody decides after declaring a conflict';"
                    " END IF; RETURN NEW;"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task.department} {self.get_verdict_display()}"

    @property
    def signature(self) -> str:
        return self.person.signature(self.on_behalf_of)


class Recusal(models.Model):
    """An official's declaration of a conflict: from then on the case is for others, for good."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="recusals")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("理由"), max_length=500)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = _("回避")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["case", "person"], name="recusal_once"),
            models.CheckConstraint(name="recusal_has_a_reason", condition=~Q(reason="")),
        ]
        triggers = [*append_only("recusals are append-only")]

    def __str__(self) -> str:
        return f"{self.person} {self.case}"


class PublicNoticeQuerySet(models.QuerySet["PublicNotice"]):
    def over(self, day: date) -> Self:
        """Open notices whose last day is before the given day."""
        return self.filter(closed_at__isnull=True, ends_on__lt=day)


class PublicNotice(models.Model):
    """The list shown before the decision binds: the awards that a department proposes under a
    document, from `starts_on` to `ends_on`, both inclusive; the first day counts."""

    district = models.ForeignKey(District, on_delete=models.PROTECT, related_name="+")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+")
    document = models.ForeignKey(PolicyDocument, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    starts_on = models.DateField(_("开始"))
    ends_on = models.DateField(_("结束"))
    days = models.PositiveSmallIntegerField(_("工作日"))
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = PublicNoticeQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("公示")
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["department", "document", "starts_on"],
                condition=Q(closed_at__isnull=True),
                name="one_open_public_notice_a_day",
            ),
            models.CheckConstraint(
                name="public_notice_ends_after_it_starts",
                condition=Q(ends_on__gte=F("starts_on")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.department} {self.document.title} {self.starts_on}"

    def get_absolute_url(self) -> str:
        return reverse("public_notice_detail", args=[self.pk])


class PublicNoticeEntry(models.Model):
    """One proposed award on a public notice, as it was shown."""

    notice = models.ForeignKey(PublicNotice, on_delete=models.PROTECT, related_name="entries")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="public_notice_entries")
    round = models.PositiveSmallIntegerField()
    company_name = models.CharField(max_length=120)
    uscc = models.CharField(max_length=18)
    matter = models.TextField()
    clause = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["case", "round"], name="public_notice_entry_once"),
        ]

    def __str__(self) -> str:
        return f"{self.company_name} {self.amount}"


def notice_path(instance: "Notice", filename: str) -> str:
    return f"notices/{instance.pk.hex[:2]}/{instance.pk.hex}.pdf"


class Notice(models.Model):
    """The paper that says so: number, check code and, once the worker has rendered it, the PDF
    with its hash. It is rendered once; what was issued is never made again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    award = models.OneToOneField(Award, on_delete=models.PROTECT, related_name="notice")
    district = models.ForeignKey(District, on_delete=models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    check_code = models.CharField(_("校验码"), max_length=16, unique=True)
    issued_on = models.DateField(_("签发日期"))
    content = models.JSONField(help_text=_("通知书上的全部内容"))
    pdf = models.FileField(upload_to=notice_path, max_length=100, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    rendered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("兑现通知书")
        constraints = [
            models.UniqueConstraint(
                fields=["district", "year", "sequence"], name="notice_number_once"
            ),
            models.CheckConstraint(
                name="notice_rendered_has_file_and_hash",
                condition=Q(rendered_at__isnull=True, sha256="", pdf="")
                | (Q(rendered_at__isnull=False) & ~Q(sha256="") & ~Q(pdf="")),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The number as official papers write it, with the brackets U+3014 and U+3015."""
        return f"{self.content['series']}〔{self.year}〕{self.sequence}号"
