"""A person's request to act for a company: for a new one, or for a row that nobody acts for."""

import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import District, Role
from companies.streets import Street
from companies.team.enums import MemberRole

if TYPE_CHECKING:
    from accounts.models import User


class RegistrationState(models.TextChoices):
    PENDING = "pending", _("待核对")
    CONFIRMED = "confirmed", _("已确认")
    REFUSED = "refused", _("不予确认")


class RegistrationQuerySet(models.QuerySet["Registration"]):
    def visible_to(self, user: "User") -> Self:
        """One's own, and those of the districts in which one is administrator."""
        return self.filter(Q(person=user) | Q(district__in=user.district_ids(Role.ADMINISTRATOR)))

    def kept_by(self, user: "User") -> Self:
        """Those that the person decides on."""
        return self.filter(district__in=user.district_ids(Role.ADMINISTRATOR))

    def pending(self) -> Self:
        return self.filter(state=RegistrationState.PENDING)


class Registration(models.Model):
    """What the person typed, with the licence; until it is confirmed nobody acts for anybody.

    `code_confirmed_at` is when the person confirmed a code whose last sign is wrong.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    district = models.ForeignKey(
        District, on_delete=models.PROTECT, related_name="+", verbose_name=_("注册地")
    )
    uscc = models.CharField(_("统一社会信用代码"), max_length=18)
    name = models.CharField(_("企业名称"), max_length=120)
    street = models.CharField(_("街道（镇）"), max_length=9, choices=Street, blank=True)
    role = models.CharField(_("身份"), max_length=16, choices=MemberRole)
    licence = models.ForeignKey("companies.StoredFile", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="registrations"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    code_confirmed_at = models.DateTimeField(null=True)
    state = models.CharField(
        _("状态"),
        max_length=10,
        choices=RegistrationState,
        default=RegistrationState.PENDING,
    )
    # Whose row it became.
    company = models.ForeignKey(
        "companies.Company", on_delete=models.PROTECT, null=True, related_name="registrations"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(_("原因"), max_length=200, blank=True)

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("企业登记")
        constraints = [
            # Two people with the same code at once: the first is looked at.
            models.UniqueConstraint(
                fields=["uscc"], condition=Q(state="pending"), name="one_pending_registration"
            ),
            # Named as an expression: that is an index, which is built while people work.
            models.UniqueConstraint(F("licence"), name="one_registration_of_a_licence"),
            models.CheckConstraint(
                name="registration_uscc_is_a_companys",
                condition=Q(uscc__regex=r"^9[123][0-9A-HJ-NP-RTUWXY]{16}$"),
            ),
            models.CheckConstraint(
                name="nobody_decides_on_their_own_registration",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("person")),
            ),
            models.CheckConstraint(
                name="registration_decided_by_somebody",
                condition=Q(
                    state="pending",
                    decided_by__isnull=True,
                    decided_at__isnull=True,
                    company__isnull=True,
                )
                | Q(
                    state="confirmed",
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                    company__isnull=False,
                )
                | (
                    Q(
                        state="refused",
                        decided_by__isnull=False,
                        decided_at__isnull=False,
                        company__isnull=True,
                    )
                    & ~Q(reason="")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.uscc}"

    def get_absolute_url(self) -> str:
        return reverse("registration_detail", args=[self.pk])
