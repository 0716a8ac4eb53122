"""Money as a ledger: what may be spent, what a company may still get, what was granted.

Amounts are yuan with two decimals. The counters of `BudgetLine` and `CompanyYear` are changed
only together with a `LedgerEntry` in one transaction (`subsidies.ledger.services`), behind row
locks; the CHECK constraints hold the ceilings even where a lock was forgotten.
"""

import uuid
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from audit.triggers import append_only, status_arrows
from companies.models import Company

if TYPE_CHECKING:
    from subsidies.applications.models import Application


class BudgetLineQuerySet(models.QuerySet["BudgetLine"]):
    def for_item(self, *, document_id: int, department_id: int, item_code: str, year: int) -> Self:
        """The lines that an award of the item may draw on, the most specific first."""
        return self.filter(
            Q(document=document_id),
            Q(department=department_id) | Q(department__isnull=True),
            Q(item_code=item_code) | Q(item_code=""),
            year=year,
        ).order_by("-item_code", F("department").asc(nulls_last=True), "pk")


class BudgetLine(models.Model):
    """What a district may spend in a budget year on a document, or on a department's or one
    item's part of it."""

    district = models.ForeignKey("accounts.District", on_delete=models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField(_("预算年度"))
    document = models.ForeignKey(
        "subsidies.PolicyDocument", on_delete=models.PROTECT, related_name="+"
    )
    department = models.ForeignKey(
        "accounts.Department",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    item_code = models.CharField(_("事项"), max_length=20, blank=True)
    code = models.CharField(_("预算科目"), max_length=40)
    name = models.CharField(_("名称"), max_length=80)
    total = models.DecimalField(_("预算"), max_digits=16, decimal_places=2)
    reserved = models.DecimalField(
        _("预留"), max_digits=16, decimal_places=2, default=0, db_default=0
    )
    granted = models.DecimalField(_("已批准"), max_digits=16, decimal_places=2, default=0)
    paid = models.DecimalField(_("已拨付"), max_digits=16, decimal_places=2, default=0)

    objects = BudgetLineQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("预算科目")
        ordering = ["-year", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["district", "year", "document", "department", "item_code"],
                name="budget_line_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="budget_not_overdrawn",
                condition=Q(
                    paid__gte=0,
                    paid__lte=F("granted"),
                    reserved__gte=0,
                    total__gte=F("granted") + F("reserved"),
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.name}"

    @property
    def left(self) -> Decimal:
        return self.total - self.bound

    @property
    def bound(self) -> Decimal:
        """Granted, or held for what is about to be."""
        return self.reserved + self.granted

    @property
    def due(self) -> Decimal:
        """Granted and not yet paid."""
        return self.granted - self.paid


class CompanyYear(models.Model):
    """What a company was granted in a district for a policy year, against its annual cap.

    `capped` counts awards of documents with the annual cap, `uncapped` those of the others:
    they use the cap up but are never cut by it. `uncapped_seen` is `uncapped` at the last
    capped award, kept by a trigger, so that the constraint can tell the one from the other.
    `carried` is what the company got before this system; it uses the cap up too. `cap` is None
    while the fiscal contribution is unknown: then no capped award is possible.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    district = models.ForeignKey("accounts.District", on_delete=models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField(_("政策年度"))
    cap = models.DecimalField(_("年度总量"), max_digits=15, decimal_places=2, null=True, blank=True)
    carried = models.DecimalField(max_digits=15, decimal_places=2, default=0)
    capped = models.DecimalField(max_digits=15, decimal_places=2, default=0)
    uncapped = models.DecimalField(max_digits=15, decimal_places=2, default=0)
    uncapped_seen = models.DecimalField(max_digits=15, decimal_places=2, default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("企业年度总量")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "district", "year"], name="company_year_once"
            ),
            models.CheckConstraint(
                name="company_year_within_cap",
                condition=Q(capped=0)
                | Q(cap__isnull=False, capped__lte=F("cap") - F("carried") - F("uncapped_seen")),
            ),
            models.CheckConstraint(
                name="company_year_not_negative",
                condition=Q(carried__gte=0, capped__gte=0, uncapped__gte=0),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="see_uncapped",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=(
                    "IF TG_OP = 'INSERT' OR NEW.capped > OLD.capped"
                    " THEN NEW.uncapped_seen := NEW.uncapped; END IF; RETURN NEW;"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company} {self.year}"

    @property
    def granted(self) -> Decimal:
        return self.capped + self.uncapped

    @property
    def left(self) -> Decimal | None:
        if self.cap is None:
            return None
        return max(self.cap - self.carried - self.granted, Decimal(0))


class AwardStatus(models.TextChoices):
    GRANTED = "granted", _("已批准")
    NOTIFIED = "notified", _("已通知")
    SCHEDULED = "scheduled", _("已列入批次")
    PAID = "paid", _("已拨付")
    PAYMENT_FAILED = "payment_failed", _("退汇")
    CLAWBACK = "clawback", _("追回中")
    RETURNED = "returned", _("已追回")
    CANCELLED = "cancelled", _("已取消")


# What reached the company, and the day is known.
REACHED = (AwardStatus.PAID, AwardStatus.CLAWBACK, AwardStatus.RETURNED)

NEXT_AWARD_STATUSES: dict[AwardStatus, frozenset[AwardStatus]] = {
    AwardStatus.GRANTED: frozenset({AwardStatus.NOTIFIED, AwardStatus.CANCELLED}),
    AwardStatus.NOTIFIED: frozenset({AwardStatus.SCHEDULED, AwardStatus.CANCELLED}),
    AwardStatus.SCHEDULED: frozenset(
        {AwardStatus.PAID, AwardStatus.PAYMENT_FAILED, AwardStatus.NOTIFIED}
    ),
    AwardStatus.PAYMENT_FAILED: frozenset({AwardStatus.SCHEDULED, AwardStatus.CANCELLED}),
    # The bank may send money back; what is rightly asked back is given back in part or whole.
    AwardStatus.PAID: frozenset({AwardStatus.PAYMENT_FAILED, AwardStatus.CLAWBACK}),
    AwardStatus.CLAWBACK: frozenset({AwardStatus.PAID, AwardStatus.RETURNED}),
    AwardStatus.RETURNED: frozenset(),
    AwardStatus.CANCELLED: frozenset(),
}


NET = F("amount") + F("adjusted") - F("returned")


class AwardQuerySet(models.QuerySet["Award"]):
    def total(self) -> Decimal:
        """What they come to after all that was adjusted and returned (yuan)."""
        return self.aggregate(total=Sum(NET, default=Decimal(0)))["total"]

    def standing(self) -> Self:
        """Awards that count: all but those cancelled or given back whole."""
        return self.exclude(status__in=[AwardStatus.CANCELLED, AwardStatus.RETURNED])

    def pending(self) -> Self:
        """Granted, and neither paid nor cancelled."""
        return self.exclude(status__in=[*REACHED, AwardStatus.CANCELLED])


class Award(models.Model):
    """Money granted to a company for one claim. Item and level are kept by their codes, which
    stay the same from edition to edition. An award from before this system has no claim and no
    budget line: it is history that later awards are measured against."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    district = models.ForeignKey("accounts.District", on_delete=models.PROTECT, related_name="+")
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    claim = models.OneToOneField(
        "subsidies.Claim",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="award",
    )
    budget_line = models.ForeignKey(
        BudgetLine, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    item_code = models.CharField(_("事项"), max_length=20)
    level_code = models.CharField(_("档次"), max_length=40)
    subject = models.CharField(_("对象"), max_length=120, blank=True)
    policy_year = models.PositiveSmallIntegerField(_("政策年度"))
    amount = models.DecimalField(_("金额"), max_digits=14, decimal_places=2)
    # What later entries changed, counted with them: `adjusted` before the payment, up or down,
    # `returned` after it.
    adjusted = models.DecimalField(
        _("调整"), max_digits=14, decimal_places=2, default=0, db_default=0
    )
    returned = models.DecimalField(
        _("已退回"), max_digits=14, decimal_places=2, default=0, db_default=0
    )
    counts_to_cap = models.BooleanField(_("受年度总量限制"))
    status = models.CharField(
        _("状态"), max_length=16, choices=AwardStatus, default=AwardStatus.GRANTED
    )
    granted_at = models.DateTimeField(_("批准时间"))
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    paid_on = models.DateField(_("拨付日期"), null=True, blank=True)

    objects = AwardQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("奖补")
        indexes = [models.Index(fields=["company", "policy_year"], name="award_company_year")]
        constraints = [
            models.CheckConstraint(name="award_above_zero", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="award_of_a_claim_has_budget_and_person",
                condition=Q(claim__isnull=True, budget_line__isnull=True, status="paid")
                | Q(
                    claim__isnull=False,
                    budget_line__isnull=False,
                    granted_by__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="award_paid_has_its_day",
                condition=Q(status__in=REACHED, paid_on__isnull=False)
                | (~Q(status__in=REACHED) & Q(paid_on__isnull=True)),
            ),
            models.CheckConstraint(
                name="award_returned_within_payable",
                condition=Q(amount__gt=-F("adjusted"), returned__gte=0)
                & Q(amount__gte=F("returned") - F("adjusted")),
            ),
        ]
        triggers = [
            status_arrows("award_status_arrows", "award", NEXT_AWARD_STATUSES),
            # What was granted is never edited: a correction is an entry of its own.
            pgtrigger.Protect(
                name="award_stays",
                operation=pgtrigger.Delete
                | pgtrigger.UpdateOf(
                    "district_id",
                    "company_id",
                    "claim_id",
                    "budget_line_id",
                    "item_code",
                    "level_code",
                    "subject",
                    "policy_year",
                    "amount",
                    "counts_to_cap",
                    "granted_at",
                    "granted_by_id",
                ),
            ),
            pgtrigger.Trigger(
                name="award_no_truncate",
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                func="RAISE EXCEPTION 'awards are never deleted';",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company} {self.item_code} {self.amount}"

    @property
    def changes(self) -> "LedgerEntryQuerySet":
        """The entries that made it more or less than was granted, the oldest first."""
        changing = (EntryKind.ADJUST, EntryKind.RETURN)
        return LedgerEntry.objects.filter(award=self, kind__in=changing).order_by("pk")

    @property
    def payable(self) -> Decimal:
        """What is to be paid, or was (yuan): the grant as adjusted since."""
        return self.amount + self.adjusted

    @property
    def net(self) -> Decimal:
        """What is left of it for the company (yuan), and counts in later answers."""
        return self.payable - self.returned

    def as_history(self) -> dict[str, object]:
        """The award as it stands in a question's `history`."""
        return {
            "item": self.item_code,
            "level": self.level_code,
            "subject": self.subject,
            "year": self.policy_year,
            "amount": str(self.net),
        }


class Account(models.TextChoices):
    """Where money stands between the budget and the company."""

    BUDGET = "budget", _("预算")
    RESERVED = "reserved", _("预留")
    GRANTED = "granted", _("应付奖补")
    PAID = "paid", _("已拨付")


class EntryKind(models.TextChoices):
    RESERVE = "reserve", _("预留")
    GRANT = "grant", _("批准")
    RELEASE = "release", _("释放")
    PAY = "pay", _("拨付")
    FAIL = "fail", _("退汇")
    RETURN = "return", _("追回")
    ADJUST = "adjust", _("调整")


# Which way each kind moves money: from the one account (credit) to the other (debit).
ACCOUNTS: dict[EntryKind, tuple[tuple[Account, Account], ...]] = {
    EntryKind.RESERVE: ((Account.BUDGET, Account.RESERVED),),
    EntryKind.GRANT: ((Account.RESERVED, Account.GRANTED),),
    EntryKind.RELEASE: ((Account.RESERVED, Account.BUDGET), (Account.GRANTED, Account.BUDGET)),
    EntryKind.PAY: ((Account.GRANTED, Account.PAID),),
    EntryKind.FAIL: ((Account.PAID, Account.GRANTED),),
    EntryKind.RETURN: ((Account.PAID, Account.BUDGET),),
    EntryKind.ADJUST: ((Account.BUDGET, Account.GRANTED), (Account.GRANTED, Account.BUDGET)),
}


class LedgerEntryQuerySet(models.QuerySet["LedgerEntry"]):
    def of_application(self, application: "Application") -> Self:
        """What was held for an application, and what became of it."""
        return self.filter(Q(application=application) | Q(award__claim__application=application))


def balance_of(account: Account, entries: str = "", *, only: Q | None = None) -> Coalesce:
    """What came into an account less what went out of it; `entries` is the way to them, of which
    it may be `only` some."""
    amount = F(f"{entries}amount")
    return Coalesce(
        Sum(
            Case(
                When(**{f"{entries}debit": account}, then=amount),
                When(**{f"{entries}credit": account}, then=-amount),
            ),
            filter=only,
        ),
        Value(Decimal(0)),
    )


class LedgerEntry(models.Model):
    """A movement of money from one account (`credit`) to another (`debit`), never changed.

    It is of an award; or of an application as a whole while money is only held for it: which
    claims it has a correction may still change.
    """

    award = models.ForeignKey(Award, on_delete=models.PROTECT, null=True, related_name="entries")
    application = models.ForeignKey(
        "subsidies.Application", on_delete=models.PROTECT, null=True, related_name="entries"
    )
    budget_line = models.ForeignKey(BudgetLine, on_delete=models.PROTECT, related_name="entries")
    company_year = models.ForeignKey(
        CompanyYear, on_delete=models.PROTECT, null=True, related_name="entries"
    )
    kind = models.CharField(max_length=10, choices=EntryKind)
    credit = models.CharField(max_length=10, choices=Account)
    debit = models.CharField(max_length=10, choices=Account)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = LedgerEntryQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("台账分录")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="entry_above_zero", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="entry_moves", condition=~Q(credit=F("debit"))),
            models.CheckConstraint(
                name="entry_moves_as_its_kind",
                condition=reduce(
                    or_,
                    (
                        Q(kind=kind, credit=credit, debit=debit)
                        for kind, moves in ACCOUNTS.items()
                        for credit, debit in moves
                    ),
                ),
            ),
            models.UniqueConstraint(
                fields=["award"], condition=Q(kind=EntryKind.GRANT), name="one_grant_an_award"
            ),
            models.CheckConstraint(
                name="entry_of_an_award_or_of_what_is_held",
                condition=Q(
                    award__isnull=False, application__isnull=True, company_year__isnull=False
                )
                | Q(
                    award__isnull=True,
                    application__isnull=False,
                    company_year__isnull=True,
                    credit__in=["budget", "reserved"],
                    debit__in=["budget", "reserved"],
                ),
            ),
        ]
        triggers = [
            *append_only("the ledger is append-only"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"

    @property
    def filing(self) -> "Application":
        """The application that the money moved for."""
        if self.application is not None:
            return self.application
        assert self.award is not None
        assert self.award.claim is not None
        return self.award.claim.application


class Freeze(models.Model):
    """A stop of all approvals, and of batches on their way to the bank: counters and entries
    disagree, or awards and payment lines. What the bank did is still noted."""

    at = models.DateTimeField(auto_now_add=True)
    reason = models.TextField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = verbose_name_plural = _("冻结")
        constraints = [
            # One open freeze is enough, and two at once would each want lifting.
            models.UniqueConstraint(
                fields=["lifted_at"],
                condition=Q(lifted_at__isnull=True),
                nulls_distinct=False,
                name="one_open_freeze",
            ),
            models.CheckConstraint(
                name="freeze_is_lifted_by_somebody",
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at} {self.reason[:60]}"
