"""An uploaded table on its way into the registry: checked, shown, confirmed, written."""

import uuid
from pathlib import PurePath
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import District
from companies.imports.access import IMPORTERS, ImportKind

if TYPE_CHECKING:
    from accounts.models import User


class ImportState(models.TextChoices):
    CHECKING = "checking", _("正在检查")
    FAULTY = "faulty", _("有错误")
    READY = "ready", _("待确认")
    WRITING = "writing", _("正在写入")
    UNCHANGED = "unchanged", _("没有变化")
    WRITTEN = "written", _("已写入")
    DISCARDED = "discarded", _("已放弃")


class ImportQuerySet(models.QuerySet["Import"]):
    def visible_to(self, user: "User") -> Self:
        """The imports of the kinds and districts that the person may import for."""
        allowed = Q(pk__in=[])
        for kind, roles in IMPORTERS.items():
            allowed |= Q(kind=kind, district__in=user.district_ids(*roles))
        return self.filter(allowed)

    def for_list(self) -> Self:
        return self.select_related("uploaded_by", "district").order_by("-uploaded_at")


def import_path(instance: "Import", filename: str) -> str:
    return f"imports/{instance.pk.hex[:2]}/{instance.pk.hex}"


class Import(models.Model):
    """A table and what it would change. The counts, errors and samples are those of the last
    check; `plan` is the hash of all changes, and only what was shown is written."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    district = models.ForeignKey(District, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("内容"), max_length=12, choices=ImportKind)
    state = models.CharField(
        _("状态"), max_length=10, choices=ImportState, default=ImportState.CHECKING
    )
    name = models.CharField(_("文件名"), max_length=255)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.FileField(upload_to=import_path, max_length=100)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)
    new = models.PositiveIntegerField(_("新增"), default=0)
    changed = models.PositiveIntegerField(_("修改"), default=0)
    same = models.PositiveIntegerField(_("没有变化"), default=0)
    faults = models.PositiveIntegerField(_("错误"), default=0)
    # At most the first thousands of them: each row, column, value and sentence (`companies.said`).
    fault_list = models.JSONField(default=list, blank=True)
    # The first changes: each row, its company's code and name, what names it beside them (column,
    # word) and its changes (column, before, after).
    samples = models.JSONField(default=list, blank=True)
    # Codes that are taken only if a person confirms them: each row, code, name and reason.
    doubtful = models.JSONField(default=list, blank=True)
    plan = models.CharField(max_length=64, blank=True)
    note = models.CharField(max_length=200, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    written_at = models.DateTimeField(null=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("数据导入")
        constraints = [
            models.CheckConstraint(
                name="import_written_was_confirmed",
                condition=Q(
                    state=ImportState.WRITTEN,
                    written_at__isnull=False,
                    confirmed_by__isnull=False,
                    confirmed_at__isnull=False,
                    faults=0,
                )
                | (~Q(state=ImportState.WRITTEN) & Q(written_at__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("import_detail", args=[self.pk])

    @property
    def ending(self) -> str:
        return PurePath(self.name).suffix.lower()

    @property
    def is_running(self) -> bool:
        return self.state in (ImportState.CHECKING, ImportState.WRITING)

    @property
    def is_discardable(self) -> bool:
        finished = (ImportState.UNCHANGED, ImportState.WRITTEN, ImportState.DISCARDED)
        return self.state not in finished

    @property
    def changes(self) -> int:
        return self.new + self.changed


class ImportProgress(models.Model):
    """How far the running job is, in per cent. A row of its own: the import's is locked while it
    is written, and what the job tells must be seen before it commits."""

    run = models.OneToOneField(
        Import, on_delete=models.CASCADE, primary_key=True, related_name="progress"
    )
    percent = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.run_id}: {self.percent}%"
