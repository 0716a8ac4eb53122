"""Invitations into a company's team."""

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from companies.team.enums import LEADS, MemberRole, Scope, may_do

if TYPE_CHECKING:
    from accounts.models import User

VALID_FOR = timedelta(days=7)


def expiry() -> datetime:
    return timezone.now() + VALID_FOR


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, user: "User") -> Self:
        """The invitations of the companies that the person leads today."""
        return self.filter(
            company__in=user.memberships.acting(user).filter(role__in=LEADS).values("company")
        )

    def unanswered(self) -> Self:
        """Neither accepted nor revoked; some of them may have run out."""
        return self.filter(accepted_at__isnull=True, revoked_at__isnull=True)

    def open(self) -> Self:
        return self.unanswered().filter(expires_at__gt=timezone.now())


class Invitation(models.Model):
    """An offer to act for a company, to whoever reads the mail at `email`.

    The token is in that mail alone; here is its SHA-256, and nothing until the mail is written.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    company = models.ForeignKey(
        "companies.Company", on_delete=models.PROTECT, related_name="invitations"
    )
    email = models.EmailField(_("邮箱"))
    role = models.CharField(_("身份"), max_length=16, choices=MemberRole)
    scopes = ArrayField(
        models.CharField(max_length=10, choices=Scope), verbose_name=_("权限"), default=list
    )
    ends_on = models.DateField(_("到期日"), null=True, blank=True)
    token_hash = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    invited_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(default=expiry)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("邀请")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "email"],
                condition=Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="one_unanswered_invitation",
            ),
            models.CheckConstraint(
                name="invitation_is_accepted_by_somebody",
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False, revoked_at__isnull=True),
            ),
            models.CheckConstraint(
                name="invitation_email_is_normalised",
                condition=Q(email=Lower("email")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email}·{self.company}"

    @property
    def may_do(self) -> list[str]:
        """What the person is to do for the company, in words."""
        return may_do(self.role, self.scopes)

    @property
    def is_open(self) -> bool:
        return (
            self.accepted_at is None
            and self.revoked_at is None
            and self.expires_at > timezone.now()
        )
