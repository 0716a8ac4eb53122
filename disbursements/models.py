"""How awards are paid: batches that one person makes and another approves, one line a payee."""

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Count, F, Q, Sum
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import District, Role
from accounts.two_people import second_person
from audit.triggers import status_arrows
from subsidies.ledger.models import AwardStatus
from subsidies.models import Adjustment, Award

if TYPE_CHECKING:
    from accounts.models import User


class BatchStatus(models.TextChoices):
    DRAFT = "draft", _("待复核")
    APPROVED = "approved", _("已复核，待拨付")
    PAID = "paid", _("已拨付")
    CANCELLED = "cancelled", _("已作废")


NEXT_BATCH_STATUSES: dict[BatchStatus, frozenset[BatchStatus]] = {
    BatchStatus.DRAFT: frozenset({BatchStatus.APPROVED, BatchStatus.CANCELLED}),
    BatchStatus.APPROVED: frozenset({BatchStatus.PAID, BatchStatus.CANCELLED}),
}
# What may be with the bank.
SENT = (BatchStatus.APPROVED, BatchStatus.PAID)


def counted(lines: str = "") -> Q:
    """Lines that a batch pays: what the bank sent back counts no more; `lines` is the way to
    them."""
    return Q(**{f"{lines}failed_at__isnull": True})


class BatchQuerySet(models.QuerySet["Batch"]):
    def visible_to(self, user: "User") -> Self:
        """Batches of the districts in which the person works in finance or audits."""
        return self.filter(district__in=user.district_ids(Role.FINANCE, Role.AUDITOR))

    def with_sums(self) -> Self:
        """What each pays: how many lines (`count`), and their sum in yuan."""
        lines = counted("lines__")
        return self.annotate(
            count=Count("lines", filter=lines),
            sum=Sum("lines__amount", filter=lines, default=Decimal(0)),
        )


# Who may not touch money of an award: the company's people, whoever approved it, and whoever
# declared a conflict. Asked of the awards `a`; the people come after the last IN.
_ENTANGLED = (
    "EXISTS (SELECT 1 FROM companies_company w"
    " JOIN companies_member m ON m.company_id IN (w.id, w.merged_into_id)"
    " WHERE w.id = a.company_id AND m.user_id IN ({people}))"
    " OR EXISTS (SELECT 1 FROM subsidies_claim l"
    " JOIN reviews_case c ON c.application_id = l.application_id"
    " JOIN reviews_recusal r ON r.case_id = c.id"
    " WHERE l.id = a.claim_id AND r.person_id IN ({people}))"
    " OR EXISTS (SELECT 1 FROM subsidies_claim l"
    " JOIN reviews_case c ON c.application_id = l.application_id"
    " JOIN reviews_opinion o ON o.case_id = c.id"
    " JOIN reviews_task t ON t.id = o.task_id"
    " JOIN reviews_stage s ON s.id = t.stage_id"
    " WHERE l.id = a.claim_id AND s.kind = 'approval' AND o.verdict = 'agree'"
    " AND (o.person_id IN ({people}) OR o.on_behalf_of_id IN ({people})))"
)


def _not_by_the_payee(act: str) -> pgtrigger.Trigger:
    """Asked when the names are written: whoever declares a conflict later leaves the batch to
    others, and what they did before stands."""
    return pgtrigger.Trigger(
        name=f"not_{act}_by_the_payee",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.AnyChange(f"{act}_by", f"{act}_for"),
        func=(
            "IF EXISTS (SELECT 1 FROM disbursements_paymentline p"  # noqa: S608
            " JOIN subsidies_award a ON a.id = p.award_id"
            " WHERE p.batch_id = NEW.id AND ("
            + _ENTANGLED.format(people=f"NEW.{act}_by_id, NEW.{act}_for_id")
            + ")) THEN RAISE EXCEPTION 'nobody pays what they have a part in';"
            " END IF; RETURN NEW;"
        ),
    )


class Batch(models.Model):
    """Awards that finance sends together. Whoever made it does not approve it.

    `made_for`, `approved_for` and `paid_for` are those on whose behalf it was done, where a
    stand-in did it; a person and whoever they stood in for count as one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    district = models.ForeignKey(District, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(_("批次号"), max_length=20)
    status = models.CharField(
        _("状态"), max_length=10, choices=BatchStatus, default=BatchStatus.DRAFT
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    made_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    approved_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)
    paid_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    paid_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    paid_on = models.DateField(_("拨付日期"), null=True)

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("拨付批次")
        ordering = ["-made_at"]
        constraints = [
            models.UniqueConstraint(fields=["district", "number"], name="batch_number_once"),
            models.CheckConstraint(
                name="batch_approved_by_a_second_person",
                condition=second_person("made", "approved"),
            ),
            models.CheckConstraint(
                name="batch_status_has_its_people",
                condition=Q(status__in=["draft", "cancelled"], paid_on__isnull=True)
                | Q(
                    status="approved",
                    approved_by__isnull=False,
                    approved_at__isnull=False,
                    paid_on__isnull=True,
                )
                | Q(
                    status="paid",
                    approved_by__isnull=False,
                    approved_at__isnull=False,
                    paid_by__isnull=False,
                    paid_on__isnull=False,
                ),
            ),
        ]

        triggers = [
            status_arrows("batch_status_arrows", "batch", NEXT_BATCH_STATUSES),
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
            _not_by_the_payee("approved"),
            _not_by_the_payee("paid"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("batch_detail", args=[self.pk])

    @property
    def made_signature(self) -> str:
        return self.made_by.signature(self.made_for)

    @property
    def approved_signature(self) -> str:
        return self.approved_by.signature(self.approved_for) if self.approved_by else ""

    @property
    def paid_signature(self) -> str:
        return self.paid_by.signature(self.paid_for) if self.paid_by else ""

    @property
    def names(self) -> set[int | None]:
        """Everybody whose name stands under it."""
        approvers = {self.approved_by_id, self.approved_for_id}
        return (self.makers | approvers | {self.paid_by_id, self.paid_for_id}) - {None}

    @property
    def makers(self) -> set[int | None]:
        """Who may not approve it."""
        return {self.made_by_id, self.made_for_id} - {None}

    @property
    def total(self) -> Decimal:
        """What it pays (yuan)."""
        lines = self.lines.filter(counted())
        return lines.aggregate(total=Sum("amount", default=Decimal(0)))["total"]


class PaymentLine(models.Model):
    """One payee in a batch, with the account as it was when the line was made. Yuan."""

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="lines")
    award = models.ForeignKey(Award, on_delete=models.PROTECT, related_name="payment_lines")
    is_live = models.BooleanField(default=True)
    payee = models.CharField(_("收款单位"), max_length=120)
    uscc = models.CharField(_("统一社会信用代码"), max_length=18)
    bank = models.CharField(_("开户银行"), max_length=120)
    account = models.CharField(_("银行账号"), max_length=32)
    cnaps = models.CharField(_("联行号"), max_length=12, blank=True)
    amount = models.DecimalField(_("金额"), max_digits=14, decimal_places=2)
    # Where the bank did not pay, or sent the money back.
    failed_at = models.DateTimeField(_("退汇时间"), null=True)
    failed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    failure = models.CharField(_("退汇原因"), max_length=200, blank=True, db_default="")

    class Meta:
        verbose_name = verbose_name_plural = _("拨付明细")
        ordering = ["pk"]
        constraints = [
            # However often a list is made: an award stands on one live line.
            models.UniqueConstraint(
                fields=["award"],
                condition=Q(is_live=True),
                name="one_live_line_an_award",
            ),
            models.CheckConstraint(name="payment_line_above_zero", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="payment_line_failed_has_person_and_reason",
                condition=Q(failed_at__isnull=True, failed_by__isnull=True, failure="")
                | (
                    Q(failed_at__isnull=False, failed_by__isnull=False, is_live=False)
                    & ~Q(failure="")
                ),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="payee_and_amount_stay",
                operation=pgtrigger.UpdateOf(
                    "batch_id",
                    "award_id",
                    "payee",
                    "uscc",
                    "bank",
                    "account",
                    "cnaps",
                    "amount",
                ),
            ),
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="not_made_by_the_payee",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=(
                    "IF EXISTS (SELECT 1 FROM disbursements_batch b, subsidies_award a"  # noqa: S608
                    " WHERE b.id = NEW.batch_id AND a.id = NEW.award_id AND ("
                    + _ENTANGLED.format(people="b.made_by_id, b.made_for_id")
                    + ")) THEN RAISE EXCEPTION 'nobody pays what they have a part in';"
                    " END IF; RETURN NEW;"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payee} {self.amount}"

    def get_absolute_url(self) -> str:
        return reverse("line_detail", args=[self.pk])

    @property
    def can_fail(self) -> bool:
        """Sent to the bank, and not yet out of the batch."""
        due = self.award.status in (AwardStatus.SCHEDULED, AwardStatus.PAID)
        return self.batch.status in SENT and self.is_live and due and not self.award.returned


class ClawbackStatus(models.TextChoices):
    DEMANDED = "demanded", _("待确认")
    CONFIRMED = "confirmed", _("追回中")
    DONE = "done", _("已收回")
    DROPPED = "dropped", _("已撤销")


NEXT_CLAWBACK_STATUSES: dict[ClawbackStatus, frozenset[ClawbackStatus]] = {
    ClawbackStatus.DEMANDED: frozenset({ClawbackStatus.CONFIRMED, ClawbackStatus.DROPPED}),
    ClawbackStatus.CONFIRMED: frozenset({ClawbackStatus.DONE}),
}
OPEN_CLAWBACKS = (ClawbackStatus.DEMANDED, ClawbackStatus.CONFIRMED)


class ClawbackQuerySet(models.QuerySet["Clawback"]):
    def visible_to(self, user: "User") -> Self:
        """Those of the districts in which the person works in finance or audits."""
        return self.filter(award__district__in=user.district_ids(Role.FINANCE, Role.AUDITOR))

    def open(self) -> Self:
        return self.filter(status__in=OPEN_CLAWBACKS)

    def for_list(self) -> Self:
        """Load what a row of the list shows, the newest first."""
        return self.select_related(
            "award__company",
            "award__claim__application__item",
            "demanded_by",
            "demanded_for",
            "confirmed_by",
            "confirmed_for",
        ).order_by("-demanded_at", "pk")


class Clawback(models.Model):
    """A paid award asked back, whole or in part. Whoever demands it does not confirm it; a person
    and whoever they stood in for (`demanded_for`, `confirmed_for`) count as one. Yuan."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    award = models.ForeignKey(Award, on_delete=models.PROTECT, related_name="clawbacks")
    # The proposal of a settlement that it came from, where it did.
    adjustment = models.ForeignKey(
        Adjustment, on_delete=models.PROTECT, null=True, related_name="clawbacks"
    )
    status = models.CharField(
        _("状态"), max_length=10, choices=ClawbackStatus, default=ClawbackStatus.DEMANDED
    )
    amount = models.DecimalField(_("应退"), max_digits=14, decimal_places=2)
    returned = models.DecimalField(_("已退"), max_digits=14, decimal_places=2, default=0)
    reason = models.CharField(_("原因"), max_length=500)
    demanded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    demanded_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    demanded_at = models.DateTimeField(auto_now_add=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)

    objects = ClawbackQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("追回")
        ordering = ["-demanded_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["award"],
                condition=Q(status__in=OPEN_CLAWBACKS),
                name="one_open_clawback_an_award",
            ),
            models.CheckConstraint(
                name="clawback_confirmed_by_a_second_person",
                condition=second_person("demanded", "confirmed"),
            ),
            models.CheckConstraint(
                name="clawback_status_has_its_person",
                condition=Q(
                    status__in=["demanded", "dropped"],
                    confirmed_by__isnull=True,
                    confirmed_at__isnull=True,
                    returned=0,
                )
                | Q(
                    status__in=["confirmed", "done"],
                    confirmed_by__isnull=False,
                    confirmed_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="clawback_returned_within_demand",
                condition=Q(amount__gt=0, returned__gte=0, returned__lte=F("amount")),
            ),
        ]
        triggers = [
            status_arrows("clawback_status_arrows", "clawback", NEXT_CLAWBACK_STATUSES),
            pgtrigger.Protect(
                name="demand_stays",
                operation=pgtrigger.Delete
                | pgtrigger.UpdateOf(
                    "award_id",
                    "adjustment_id",
                    "amount",
                    "reason",
                    "demanded_by_id",
                    "demanded_for_id",
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.award} {self.amount}"

    def get_absolute_url(self) -> str:
        return reverse("clawback_detail", args=[self.pk])

    @property
    def demanded_signature(self) -> str:
        return self.demanded_by.signature(self.demanded_for)

    @property
    def confirmed_signature(self) -> str:
        return self.confirmed_by.signature(self.confirmed_for) if self.confirmed_by else ""

    @property
    def demanders(self) -> set[int | None]:
        """Who may not confirm it."""
        return {self.demanded_by_id, self.demanded_for_id} - {None}

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_CLAWBACKS

    @property
    def left(self) -> Decimal:
        """What is still to come back."""
        return self.amount - self.returned
