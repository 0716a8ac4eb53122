"""What a company's policy year comes to under its annual cap, each time it was worked out, and
what differs from what was granted. Amounts are yuan with two decimals."""

from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.two_people import second_person
from audit.triggers import append_only, status_arrows
from companies.models import Company
from subsidies.catalogue.models import Allocation
from subsidies.ledger.models import Award, CompanyYear


class CapSource(models.TextChoices):
    """What the annual cap is taken from."""

    AGREEMENT = "agreement", _("培育协议")
    CONTRIBUTION = "contribution", _("当年财政贡献")


class Settlement(models.Model):
    """One working out. `sha256` is over all it rests on: the same again makes nothing new."""

    company_year = models.ForeignKey(
        CompanyYear, on_delete=models.PROTECT, related_name="settlements"
    )
    allocation = models.CharField(_("分配方式"), max_length=12, choices=Allocation)
    cap = models.DecimalField(_("年度总量"), max_digits=15, decimal_places=2, null=True)
    cap_source = models.CharField(_("总量依据"), max_length=12, choices=CapSource)
    carried = models.DecimalField(_("以前系统已兑现"), max_digits=15, decimal_places=2)
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        verbose_name = verbose_name_plural = _("年度结算")
        ordering = ["-pk"]
        triggers = [*append_only("settlements are append-only")]

    def __str__(self) -> str:
        return f"{self.company_year} {self.at:%Y-%m-%d}"


def settled_contributions(company: Company) -> dict[int, Decimal]:
    """The fiscal contribution of each policy year as the newest settlement that cut by it took it:
    with the corrections of that day, without those that still wait. Yuan."""
    newest = (
        Settlement.objects.filter(
            company_year__company=company,
            company_year__district=company.district_id,
            cap_source=CapSource.CONTRIBUTION,
            lines__counts_to_cap=True,
        )
        .select_related("company_year")
        .order_by("company_year", "-pk")
        .distinct("company_year")
    )
    return {row.company_year.year: row.cap for row in newest if row.cap is not None}


class SettlementLine(models.Model):
    """A claim in a settlement: `before` the annual cap, the `room` it found, what it gets, and
    what was granted for it at that time."""

    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, related_name="lines")
    claim = models.ForeignKey("subsidies.Claim", on_delete=models.PROTECT, related_name="+")
    award = models.ForeignKey(Award, on_delete=models.PROTECT, null=True, related_name="+")
    rank = models.PositiveIntegerField(_("次序"))
    counts_to_cap = models.BooleanField(_("受年度总量限制"))
    before = models.DecimalField(_("总量前金额"), max_digits=14, decimal_places=2)
    room = models.DecimalField(_("可用额度"), max_digits=15, decimal_places=2, null=True)
    settled = models.DecimalField(_("结算金额"), max_digits=14, decimal_places=2)
    granted = models.DecimalField(_("已批准"), max_digits=14, decimal_places=2)

    class Meta:
        verbose_name = verbose_name_plural = _("结算明细")
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["settlement", "rank"], name="settlement_rank_once"),
            models.CheckConstraint(
                name="settled_within_claim", condition=Q(settled__gte=0, settled__lte=F("before"))
            ),
        ]
        triggers = [*append_only("settlements are append-only")]

    def __str__(self) -> str:
        return f"{self.rank} {self.settled}"


class AdjustmentStatus(models.TextChoices):
    PROPOSED = "proposed", _("待处理")
    AGREED = "agreed", _("一人同意")
    DONE = "done", _("已调整")
    DEMANDED = "demanded", _("已转追回")
    DROPPED = "dropped", _("已放弃")
    SUPERSEDED = "superseded", _("已被新结算取代")


OPEN_ADJUSTMENTS = (AdjustmentStatus.PROPOSED, AdjustmentStatus.AGREED)
_ENDS = frozenset(
    {
        AdjustmentStatus.DONE,
        AdjustmentStatus.DEMANDED,
        AdjustmentStatus.DROPPED,
        AdjustmentStatus.SUPERSEDED,
    }
)
NEXT_ADJUSTMENT_STATUSES: dict[AdjustmentStatus, frozenset[AdjustmentStatus]] = {
    AdjustmentStatus.PROPOSED: _ENDS - {AdjustmentStatus.DONE} | {AdjustmentStatus.AGREED},
    AdjustmentStatus.AGREED: _ENDS - {AdjustmentStatus.DEMANDED},
    # Its clawback was dropped: the award is still not what the settlement says.
    AdjustmentStatus.DEMANDED: frozenset({AdjustmentStatus.PROPOSED}),
}


class AdjustmentQuerySet(models.QuerySet["Adjustment"]):
    def open(self) -> Self:
        return self.filter(status__in=OPEN_ADJUSTMENTS)


class Adjustment(models.Model):
    """What an award should be more or less by a settlement; two people agree before it is. A person
    and whoever they stood in for (`agreed_for`, `done_for`) count as one."""

    class Kind(models.TextChoices):
        REDUCE = "reduce", _("核减")
        SUPPLEMENT = "supplement", _("补差")

    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, related_name="adjustments")
    award = models.ForeignKey(Award, on_delete=models.PROTECT, related_name="adjustments")
    kind = models.CharField(_("类型"), max_length=10, choices=Kind)
    amount = models.DecimalField(_("金额"), max_digits=14, decimal_places=2)
    status = models.CharField(
        _("状态"), max_length=10, choices=AdjustmentStatus, default=AdjustmentStatus.PROPOSED
    )
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    agreed_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    done_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    objects = AdjustmentQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("结算调整")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["award"],
                condition=Q(status__in=OPEN_ADJUSTMENTS),
                name="one_open_adjustment_an_award",
            ),
            models.CheckConstraint(name="adjustment_above_zero", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="adjustment_done_by_a_second_person",
                condition=Q(done_by__isnull=True)
                | (Q(agreed_by__isnull=False) & second_person("agreed", "done")),
            ),
            models.CheckConstraint(
                name="adjustment_done_has_its_people",
                condition=~Q(status="done") | Q(done_by__isnull=False),
            ),
        ]
        triggers = [
            status_arrows("adjustment_status_arrows", "adjustment", NEXT_ADJUSTMENT_STATUSES),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"

    @property
    def agreers(self) -> set[int | None]:
        """Who may not give the second consent."""
        return {self.agreed_by_id, self.agreed_for_id} - {None}

    @property
    def agreed_signature(self) -> str:
        return self.agreed_by.signature(self.agreed_for) if self.agreed_by else ""

    @property
    def done_signature(self) -> str:
        return self.done_by.signature(self.done_for) if self.done_by else ""

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_ADJUSTMENTS
