"""Every act, in one chain: each entry's hash covers the entry and the hash before it."""

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from audit.triggers import append_only

if TYPE_CHECKING:
    from accounts.models import User

GENESIS = "0" * 64


class Head(models.Model):
    """The end of the chain, one row. Whoever writes an entry locks it, last of all locks."""

    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=GENESIS)

    def __str__(self) -> str:
        return f"{self.seq} {self.hash}"


class Subject(models.TextChoices):
    """What is looked at again and again, or kept elsewhere."""

    CHAIN = "chain", _("审计链")
    ANCHOR = "anchor", _("链外锚定")
    LEDGER = "ledger", _("台账对账")
    RECEIPTS = "receipts", _("凭据复算")
    BACKUP = "backup", _("备份")


class Inspection(models.Model):
    """How the last look at one subject went; one row each."""

    subject = models.CharField(max_length=10, choices=Subject, primary_key=True)
    at = models.DateTimeField()
    count = models.PositiveBigIntegerField(default=0)
    faults = models.PositiveIntegerField(default=0)
    first_fault = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.get_subject_display()} {self.at}"


class EntryQuerySet(models.QuerySet["Entry"]):
    def visible_to(self, user: "User") -> Self:
        """Acts of the districts in which the person audits, and those of no district."""
        return self.filter(
            models.Q(district__isnull=True) | models.Q(district__in=user.district_ids(Role.AUDITOR))
        )

    def about(self, thing: models.Model) -> Self:
        return self.filter(about_type=thing._meta.label_lower, about_id=str(thing.pk))


class Entry(models.Model):
    """One act: who did what to which thing, when, with what. Never changed."""

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    district = models.ForeignKey(
        "accounts.District", on_delete=models.PROTECT, null=True, related_name="+"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    actor_name = models.CharField(max_length=150)
    action = models.CharField(max_length=60)
    about_type = models.CharField(max_length=60)
    about_id = models.CharField(max_length=40)
    data = models.JSONField(encoder=DjangoJSONEncoder)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering = ["seq"]
        indexes = [models.Index(fields=["about_type", "about_id", "seq"], name="audit_about")]
        triggers = [
            *append_only("the audit chain is append-only"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.action} {self.about_type} {self.about_id}"

    def computed_hash(self) -> str:
        """What `hash` must be, from the other fields."""
        return hash_of(*(getattr(self, field) for field in HASHED))


# What an entry's hash covers, in the order that `hash_of` takes it.
HASHED = (
    "seq",
    "at",
    "district_id",
    "actor_id",
    "actor_name",
    "action",
    "about_type",
    "about_id",
    "data",
    "previous_hash",
)
_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def hash_of(
    seq: int,
    at: datetime,
    district_id: int | None,
    actor_id: int | None,
    actor_name: str,
    action: str,
    about_type: str,
    about_id: str,
    data: dict[str, Any],
    previous_hash: str,
) -> str:
    """The hash of an entry with these fields: plain values, since a million models take long."""
    content = {
        "seq": seq,
        "district": district_id,
        "at": at.astimezone(timezone.get_default_timezone()).isoformat(),
        "actor": actor_id,
        "actor_name": actor_name,
        "action": action,
        "about": [about_type, about_id],
        "data": data,
        "previous": previous_hash,
    }
    return hashlib.sha256(_canonical(content).encode()).hexdigest()


def plain(data: dict[str, Any]) -> dict[str, Any]:
    """The data as it will read back from the database, so that its hash can be computed again."""
    return json.loads(json.dumps(data, cls=DjangoJSONEncoder))
