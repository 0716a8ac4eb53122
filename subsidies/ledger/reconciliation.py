"""Whether the counters say what the entries say. A difference freezes approvals until somebody
has looked: money is not granted on counters that may be wrong."""

from decimal import Decimal

from django.db import transaction
from django.db.models import Case, F, Q, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from audit.services import record
from subsidies.ledger.models import (
    Account,
    Award,
    AwardStatus,
    BudgetLine,
    CompanyYear,
    Freeze,
)

ZERO = Value(Decimal(0))


def differences() -> list[str]:
    """Every counter that is not the sum of its entries, every award whose entries do not tell
    its status, one line each."""
    return [*_budget_differences(), *_company_year_differences(), *_award_differences()]


@transaction.atomic
def reconcile() -> list[str]:
    """Look for differences; freeze approvals at the first ones, and say what they are."""
    found = differences()
    if found and not Freeze.objects.filter(lifted_at__isnull=True).exists():
        freeze = Freeze.objects.create(reason="\n".join(found))
        record("ledger.frozen", about=freeze, by=None, differences=found)
    return found


@transaction.atomic
def lift(freeze: Freeze, *, reason: str, by: User, on_behalf_of: User | None = None) -> None:
    """Let approvals go on, after the difference was understood and corrected."""
    freeze.lifted_at = timezone.now()
    freeze.lifted_by = by
    freeze.save(update_fields=["lifted_at", "lifted_by"])
    record("ledger.unfrozen", about=freeze, by=by, on_behalf_of=on_behalf_of, reason=reason)


def _balance(account: Account) -> Coalesce:
    """What came into an account less what went out of it."""
    return Coalesce(
        Sum(
            Case(
                When(entries__debit=account, then=F("entries__amount")),
                When(entries__credit=account, then=-F("entries__amount")),
            )
        ),
        ZERO,
    )


def _budget_differences() -> list[str]:
    lines = BudgetLine.objects.annotate(
        due_by_entries=_balance(Account.GRANTED), paid_by_entries=_balance(Account.PAID)
    ).exclude(paid=F("paid_by_entries"), granted=F("due_by_entries") + F("paid_by_entries"))
    return [
        f"budget line {line.pk}: granted {line.granted}, paid {line.paid}; entries say "
        f"{line.due_by_entries + line.paid_by_entries}, {line.paid_by_entries}"
        for line in lines
    ]


def _company_year_differences() -> list[str]:
    rows = CompanyYear.objects.annotate(
        by_entries=_balance(Account.GRANTED) + _balance(Account.PAID)
    ).exclude(by_entries=F("capped") + F("uncapped"))
    return [
        f"company-year {row.pk}: granted {row.granted}; entries say {row.by_entries}"
        for row in rows
    ]


def _award_differences() -> list[str]:
    """An award of a claim stands in the account that its status names, whole."""
    awards = Award.objects.filter(claim__isnull=False).annotate(
        due_by_entries=_balance(Account.GRANTED), paid_by_entries=_balance(Account.PAID)
    )
    paid = Q(status=AwardStatus.PAID, due_by_entries=0, paid_by_entries=F("amount"))
    cancelled = Q(status=AwardStatus.CANCELLED, due_by_entries=0, paid_by_entries=0)
    due = Q(due_by_entries=F("amount"), paid_by_entries=0) & ~Q(
        status__in=[AwardStatus.PAID, AwardStatus.CANCELLED]
    )
    return [
        f"award {award.pk}: {award.status} {award.amount}; entries say due "
        f"{award.due_by_entries}, paid {award.paid_by_entries}"
        for award in awards.exclude(paid | cancelled | due)
    ]
