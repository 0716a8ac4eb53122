"""What finance sees first: the year's budget, what is spent of it and what waits."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from accounts.models import District
from disbursements.models import (
    Batch,
    BatchQuerySet,
    BatchStatus,
    Clawback,
    ClawbackStatus,
    PaymentLine,
)
from reviews.models import Alert
from subsidies.ledger.models import REACHED, AwardQuerySet, AwardStatus
from subsidies.models import Award, BudgetLine

WARN_AT, OVER_AT = Decimal("0.7"), Decimal("0.9")
PAYABLE = (AwardStatus.NOTIFIED, AwardStatus.PAYMENT_FAILED)


@dataclass(frozen=True)
class Bar:
    """A budget line as a bar; shares in per cent of its total."""

    line: BudgetLine

    @property
    def used(self) -> Decimal:
        """What is granted or held, as a share of the total."""
        return self.line.bound / self.line.total if self.line.total else Decimal(0)

    @property
    def level(self) -> str:
        if self.used >= OVER_AT:
            return "over"
        return "warn" if self.used >= WARN_AT else "ok"

    @property
    def paid_width(self) -> str:
        return self._share(self.line.paid)

    @property
    def due_width(self) -> str:
        return self._share(self.line.due)

    @property
    def held_width(self) -> str:
        return self._share(self.line.reserved)

    @property
    def held_from(self) -> str:
        """Where the held part begins: behind all that is granted."""
        return self._share(self.line.granted)

    def _share(self, amount: Decimal) -> str:
        share = 100 * amount / self.line.total if self.line.total else Decimal(0)
        return f"{share:.2f}%"


@dataclass(frozen=True)
class Tally:
    """The year's sums (yuan) and how many awards and lines are behind them."""

    total: Decimal
    lines: int
    left: Decimal
    paid: Decimal
    paid_count: int
    due: Decimal
    due_count: int
    held: Decimal


def bars(district: District, year: int) -> list[Bar]:
    """The year's budget lines, the fullest first."""
    rows = [Bar(line) for line in BudgetLine.objects.filter(district=district, year=year)]
    return sorted(rows, key=lambda bar: (-bar.used, bar.line.code))


def tally(district: District, year: int, rows: list[Bar]) -> Tally:
    counts = Award.objects.filter(district=district, budget_line__year=year).aggregate(
        paid=Count("pk", filter=Q(status__in=[AwardStatus.PAID, AwardStatus.CLAWBACK])),
        due=Count("pk", filter=~Q(status__in=[*REACHED, AwardStatus.CANCELLED])),
    )
    lines = [bar.line for bar in rows]
    zero = Decimal(0)
    return Tally(
        total=sum((line.total for line in lines), zero),
        lines=len(lines),
        left=sum((line.left for line in lines), zero),
        paid=sum((line.paid for line in lines), zero),
        paid_count=counts["paid"],
        due=sum((line.due for line in lines), zero),
        due_count=counts["due"],
        held=sum((line.reserved for line in lines), zero),
    )


def waiting_awards(district: District) -> "AwardQuerySet":
    """Awards that may be put into a batch, the longest waiting first; each with the lines that the
    bank sent back (`failures`), the last one first."""
    return (
        Award.objects.filter(district=district, status__in=PAYABLE)
        .select_related("company__merged_into", "notice", "budget_line", "claim__application__item")
        .prefetch_related(
            "company__accounts",
            "company__merged_into__accounts",
            Prefetch(
                "payment_lines",
                PaymentLine.objects.filter(failed_at__isnull=False).order_by("-failed_at"),
                to_attr="failures",
            ),
        )
        .annotate(
            is_alerted=Exists(
                Alert.objects.open().filter(case__application=OuterRef("claim__application"))
            )
        )
        .order_by("granted_at", "pk")
    )


def listed_batches(batches: BatchQuerySet) -> BatchQuerySet:
    """Batches with their sums, as a list shows them, the newest first."""
    return (
        batches.select_related("made_by", "made_for", "approved_by", "approved_for")
        .with_sums()
        .order_by("-made_at")
    )


def batches_to_approve(batches: "QuerySet[Batch]", people: Iterable[int]) -> int:
    """Drafts that wait for these people: whoever made a batch does not approve it, nor does who
    declared a conflict on one of its awards."""
    drafts = batches.filter(status=BatchStatus.DRAFT)
    return _of_others(drafts, people, signed="made", award="lines__award").count()


def clawbacks_to_confirm(clawbacks: "QuerySet[Clawback]", people: Iterable[int]) -> int:
    """Demands that wait for these people: whoever made one does not confirm it, nor does who
    declared a conflict on its award."""
    demands = clawbacks.filter(status=ClawbackStatus.DEMANDED)
    return _of_others(demands, people, signed="demanded", award="award").count()


def _of_others(
    rows: "QuerySet[Any]", people: Iterable[int], *, signed: str, award: str
) -> "QuerySet[Any]":
    """The rows that none of the people signed first, or declared a conflict on."""
    people = list(people)
    theirs = Q(**{f"{signed}_by__in": people}) | Q(**{f"{signed}_for__in": people})
    recused = f"{award}__claim__application__case__recusals__person__in"
    return rows.exclude(theirs).exclude(**{recused: people})
