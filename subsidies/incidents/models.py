"""A kept answer that does not come out the same any more, until somebody has looked."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from subsidies.applications.models import Receipt

if TYPE_CHECKING:
    from accounts.models import User

# Who sees incidents, and says that they were looked into.
INCIDENT_ROLES = (Role.AUDITOR, Role.ADMINISTRATOR)


class ReceiptIncidentQuerySet(models.QuerySet["ReceiptIncident"]):
    def visible_to(self, user: "User") -> Self:
        districts = user.district_ids(*INCIDENT_ROLES)
        return self.filter(receipt__application__district__in=districts)

    def unacknowledged(self) -> Self:
        return self.filter(acknowledged_at__isnull=True)

    def for_list(self) -> Self:
        """What nobody has looked into first, then the newest."""
        return self.select_related("receipt__application__company", "acknowledged_by").order_by(
            models.F("acknowledged_at").asc(nulls_first=True), "-found_at", "-pk"
        )


class ReceiptIncident(models.Model):
    """`differences` as `answers.differences` gives them, as of the last look; `what` is also chain
    (the act that rests on it has another hash)."""

    receipt = models.OneToOneField(Receipt, on_delete=models.PROTECT, related_name="incident")
    found_at = models.DateTimeField(_("发现时间"), default=timezone.now)
    last_seen_at = models.DateTimeField(_("最近一次仍不一致"), default=timezone.now)
    differences = models.JSONField(default=list)
    acknowledged_at = models.DateTimeField(_("确认时间"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.TextField(_("查明的原因"), blank=True)

    objects = ReceiptIncidentQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("凭据异常")
        constraints = [
            models.CheckConstraint(
                name="incident_is_acknowledged_by_somebody_for_a_reason",
                condition=Q(acknowledged_at__isnull=True, acknowledged_by__isnull=True, reason="")
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False) & ~Q(reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.receipt} {self.found_at}"

    def get_absolute_url(self) -> str:
        return reverse("incident_detail", args=[self.pk])
