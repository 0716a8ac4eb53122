"""Two rows that are one company: which stays, and what went over to it."""

from typing import Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class MergeQuerySet(models.QuerySet["Merge"]):
    def standing(self) -> Self:
        return self.filter(undone_at__isnull=True)

    def for_list(self) -> Self:
        """Load what a list of merges shows, the newest first."""
        return self.select_related("kept", "removed", "by").order_by("-at", "-pk")


class Merge(models.Model):
    """`removed` stays as a row that is read through `kept`: what was granted to it is never
    rewritten. `moved` names the rows that went over, so that undoing it sends back the same.

    Keys of `moved` are a table and its column, values the rows' primary keys as text. A membership
    among them that still names `removed` changed places with an ended or lesser one of the same
    person. `accounts` are the bank accounts of both rows that were current.
    """

    kept = models.ForeignKey("companies.Company", on_delete=models.PROTECT, related_name="merges")
    removed = models.ForeignKey("companies.Company", on_delete=models.PROTECT, related_name="+")
    moved = models.JSONField(default=dict)
    accounts = models.JSONField(default=list, db_default=[])
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    undone_at = models.DateTimeField(null=True)

    objects = MergeQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("企业合并")
        constraints = [
            models.UniqueConstraint(
                fields=["removed"], condition=Q(undone_at__isnull=True), name="merged_away_once"
            ),
            models.CheckConstraint(name="merge_is_of_two_rows", condition=~Q(kept=F("removed"))),
            models.CheckConstraint(
                name="merge_is_undone_by_somebody",
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
            ),
        ]
        triggers = [
            # Whoever merges, and whoever parts the rows again later.
            pgtrigger.Trigger(
                name="not_merged_by_its_people",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("undone_by_id"),
                func=(
                    "IF EXISTS (SELECT 1 FROM companies_company w"
                    " JOIN companies_member m ON m.company_id = w.id"
                    " WHERE (w.id IN (NEW.kept_id, NEW.removed_id)"
                    " OR w.merged_into_id IN (NEW.kept_id, NEW.removed_id))"
                    " AND m.user_id = COALESCE(NEW.undone_by_id, NEW.by_id))"
                    " THEN RAISE EXCEPTION 'nobody merges a company they belong to';"
                    " END IF; RETURN NEW;"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.removed} → {self.kept}"
