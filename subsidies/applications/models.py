"""A company's filing: the application, its claims, its files and the answers it was given."""

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from audit.triggers import append_only, status_arrows
from companies.models import Company, StoredFile
from subsidies.applications.enums import EDITABLE, NEXT_STATUSES, Reason, Status

if TYPE_CHECKING:
    from accounts.models import User


class ApplicationQuerySet(models.QuerySet["Application"]):
    def of_companies_of(self, user: "User") -> Self:
        """Applications of the companies the person belongs to."""
        return self.filter(company__in=Company.objects.of_person(user))

    def visible_to(self, user: "User") -> Self:
        """Applications of one's own companies; to officials those that were filed: of the items
        that one's departments lead or have a say in, to finance and auditors of the district.
        Never a company's to which the official belongs, nor another's draft."""
        own = Q(company__in=Company.objects.of_person(user))
        departments = user.department_ids(Role.REVIEWER, Role.LEAD)
        districts = user.district_ids(Role.FINANCE, Role.AUDITOR)
        filed = ~Q(status=Status.DRAFT) & ~Q(submitted_at__isnull=True)
        official = filed & (
            Q(item__item_departments__department__in=departments) | Q(district__in=districts)
        )
        return self.filter(own | official).distinct()

    def for_list(self) -> Self:
        """Load what one row of a list shows, the newest first."""
        return (
            self.select_related("company", "item__edition__document")
            .defer("item__edition__body")
            .order_by("-created_at", "pk")
        )


class Application(models.Model):
    """A company's request for one item, from first draft to final decision.

    `form_data` is what was typed, kept as it is so that nothing is lost; claims are made from it
    when it is complete. `revision` counts the savings: an older page cannot overwrite a newer
    one, and a decision names the revision it was made on.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    district = models.ForeignKey("accounts.District", on_delete=models.PROTECT, related_name="+")
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    item = models.ForeignKey("subsidies.Item", on_delete=models.PROTECT, related_name="+")
    number = models.CharField(_("受理号"), max_length=20, null=True, blank=True)  # noqa: DJ001
    status = models.CharField(_("状态"), max_length=12, choices=Status, default=Status.DRAFT)
    revision = models.PositiveIntegerField(default=1)
    form_data = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    saved_at = models.DateTimeField(auto_now=True)
    # Who typed last; None where that was not kept.
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    submitted_at = models.DateTimeField(_("提交时间"), null=True, blank=True)
    closed_at = models.DateTimeField(_("办结时间"), null=True, blank=True)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("申请")
        constraints = [
            models.UniqueConstraint(fields=["district", "number"], name="application_number_once"),
            models.CheckConstraint(
                name="application_filed_has_number_time_and_person",
                condition=Q(
                    status__in=[Status.DRAFT, Status.WITHDRAWN],
                    number__isnull=True,
                    submitted_at__isnull=True,
                    submitted_by__isnull=True,
                )
                | Q(
                    ~Q(status=Status.DRAFT),
                    number__isnull=False,
                    submitted_at__isnull=False,
                    submitted_by__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="application_closed_has_its_time",
                condition=Q(
                    status__in=[Status.APPROVED, Status.REJECTED, Status.WITHDRAWN],
                    closed_at__isnull=False,
                )
                | (
                    ~Q(status__in=[Status.APPROVED, Status.REJECTED, Status.WITHDRAWN])
                    & Q(closed_at__isnull=True)
                ),
            ),
        ]
        triggers = [
            status_arrows("status_arrows", "application", NEXT_STATUSES),
        ]

    def __str__(self) -> str:
        return f"{self.number or _('草稿')} {self.company} {self.item.title}"

    def get_absolute_url(self) -> str:
        return reverse("application_detail", args=[self.pk])

    def can_become(self, status: Status) -> bool:
        return status in NEXT_STATUSES[Status(self.status)]

    @property
    def is_editable(self) -> bool:
        return self.status in EDITABLE

    @property
    def is_withdrawable(self) -> bool:
        return self.can_become(Status.WITHDRAWN)

    @property
    def latest_receipt(self) -> "Receipt | None":
        return self.receipts.order_by("-pk").first()


class Claim(models.Model):
    """The facts of one level asked for.

    `facts` holds the engine's claim facts by their names (`eligible_investment`, ...), money as
    text in yuan. `matter` names what is claimed while the application is live and is unique: one
    live application for one matter.
    """

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="claims")
    level = models.ForeignKey("subsidies.Level", on_delete=models.PROTECT, related_name="+")
    subject = models.CharField(_("对象"), max_length=120, blank=True)
    event_date = models.DateField(_("认定或完成日期"))
    requested = models.DecimalField(
        _("申请金额"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    other_support = models.DecimalField(
        _("已得其他补助"), max_digits=14, decimal_places=2, default=0
    )
    match_required = models.BooleanField(_("上级要求区级配套"), default=False)
    facts = models.JSONField(default=dict, blank=True)
    determined_amount = models.DecimalField(
        _("核定金额"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    # Null, not empty, while the matter is free: only then may many rows share it.
    matter = models.CharField(max_length=300, null=True, blank=True, unique=True)

    class Meta:
        verbose_name = verbose_name_plural = _("申领")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="claim_amounts_not_negative",
                condition=Q(other_support__gte=0)
                & (Q(requested__isnull=True) | Q(requested__gte=0))
                & (Q(determined_amount__isnull=True) | Q(determined_amount__gte=0)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.subject}"

    @property
    def policy_year(self) -> int:
        return self.event_date.year

    def as_question(self) -> dict[str, Any]:
        """The claim as it stands in a question (`subsidies.rules.question`)."""
        question: dict[str, Any] = {
            "id": str(self.pk),
            "item": self.level.item.code,
            "level": self.level.code,
            "event_date": self.event_date.isoformat(),
            "subject": self.subject,
            "other_support": str(self.other_support),
            "match_required": self.match_required,
            **self.facts,
        }
        if self.requested is not None:
            question["requested"] = str(self.requested)
        return question


class Attachment(models.Model):
    """A file given with an application. `material` is what it is, in the item's list."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(
        Application, on_delete=models.CASCADE, related_name="attachments"
    )
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    material = models.CharField(_("材料"), max_length=80)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = _("附件")
        ordering = ["added_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "file", "material"], name="attachment_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.material}：{self.file}"


class Receipt(models.Model):
    """An answer that was given, with the question it answers: it can be computed again."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="receipts")
    reason = models.CharField(_("事由"), max_length=20, choices=Reason)
    revision = models.PositiveIntegerField()
    question = models.JSONField()
    answer = models.JSONField()
    editions = models.JSONField(help_text=_("所用政策版本及其哈希值"))
    engine = models.CharField(max_length=20)
    credit = models.JSONField(
        null=True, help_text=_("所依据的信用记录，及人工判断；早期的凭据没有这一项")
    )
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = _("校验凭据")
        triggers = [
            *append_only("receipts are append-only"),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} {self.sha256[:12]}"

    @property
    def short_hash(self) -> str:
        return " ".join(self.sha256[place : place + 4] for place in (0, 4, 8))
