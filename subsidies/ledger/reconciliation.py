"""Whether the counters say what the entries say. A difference freezes approvals and batches until
somebody has looked: money is not granted or sent on counters that may be wrong."""

import logging
from collections.abc import Callable
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery, Sum
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from audit.inspections import note
from audit.models import Subject
from audit.services import record
from companies.models import Company
from outbox.models import Job, State
from outbox.services import enqueue
from subsidies.applications.enums import Status
from subsidies.ledger.models import (
    REACHED,
    Account,
    Award,
    AwardStatus,
    BudgetLine,
    CompanyYear,
    Freeze,
    LedgerEntry,
    balance_of,
)
from subsidies.ledger.services import is_frozen

# Rooms further on that keep something of the same money add what they compare, when the
# applications are loaded.
COMPARISONS: list[Callable[[], list[str]]] = []
# The job of an administrator who does not wait for the night.
KIND = "subsidies.reconcile_now"

logger = logging.getLogger(__name__)


def differences() -> list[str]:
    """Every counter that is not the sum of its entries, every award whose entries do not tell
    its status, everything held for an application that is not in review, one line each."""
    return [
        *_budget_differences(),
        *_company_year_differences(),
        *_award_differences(),
        *_application_differences(),
        *(line for compare in COMPARISONS for line in compare()),
    ]


@transaction.atomic
def ask(*, by: User) -> None:
    """Have a worker compare the whole ledger, which may take longer than a page may. Asked for
    once more while it waits, it is done once."""
    if is_asked():
        return
    enqueue(KIND, key := timezone.now().isoformat())
    record("ledger.reconciliation_asked", about=Job.objects.get(kind=KIND, key=key), by=by)


def is_asked() -> bool:
    return Job.objects.filter(kind=KIND, state__in=[State.QUEUED, State.RUNNING]).exists()


@transaction.atomic
def reconcile() -> list[str]:
    """Look for differences; freeze approvals at the first ones, and say what they are."""
    found = differences()
    note(Subject.LEDGER, faults=found)
    if found and not is_frozen():
        logger.error("approvals are frozen: %s", found[0])
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


def _balance(account: Account, only: Q | None = None) -> Coalesce:
    return balance_of(account, "entries__", only=only)


def _budget_differences() -> list[str]:
    lines = BudgetLine.objects.annotate(
        reserved_by_entries=_balance(Account.RESERVED),
        due_by_entries=_balance(Account.GRANTED),
        paid_by_entries=_balance(Account.PAID),
    ).exclude(
        reserved=F("reserved_by_entries"),
        paid=F("paid_by_entries"),
        granted=F("due_by_entries") + F("paid_by_entries"),
    )
    return [
        f"budget line {line.pk}: reserved {line.reserved}, granted {line.granted}, "
        f"paid {line.paid}; entries say {line.reserved_by_entries}, "
        f"{line.due_by_entries + line.paid_by_entries}, {line.paid_by_entries}"
        for line in lines
    ]


def _company_year_differences() -> list[str]:
    """Either counter by its own awards. `carried` is read anew from the awards before it is used
    and may lag behind them until then; more than they ever were it cannot be."""
    past = Award.objects.filter(
        company=OuterRef("company"),
        district=OuterRef("district"),
        policy_year=OuterRef("year"),
        claim=None,
    )
    merged = Company.objects.filter(merged_into=OuterRef("company"))
    rows = CompanyYear.objects.annotate(
        capped_by_entries=_granted(capped=True),
        uncapped_by_entries=_granted(capped=False),
        past=Coalesce(
            Subquery(past.order_by().values("company").values(sum=Sum("amount"))), Decimal(0)
        ),
    )
    faulty = ~Q(capped=F("capped_by_entries"), uncapped=F("uncapped_by_entries")) | Q(
        ~Exists(merged), carried__gt=F("past")
    )
    return [
        f"company-year {row.pk}: capped {row.capped}, uncapped {row.uncapped}, carried "
        f"{row.carried}; entries say {row.capped_by_entries}, {row.uncapped_by_entries}, "
        f"awards of before {row.past}"
        for row in rows.filter(faulty)
    ]


def _granted(*, capped: bool) -> CombinedExpression:
    """What a company's year got by awards that the annual cap cuts, or by those that it does
    not."""
    only = Q(entries__award__counts_to_cap=capped)
    return _balance(Account.GRANTED, only) + _balance(Account.PAID, only)


def _award_differences() -> list[str]:
    """An award of a claim stands in the account that its status names, whole."""
    awards = Award.objects.filter(claim__isnull=False).annotate(
        due_by_entries=_balance(Account.GRANTED), paid_by_entries=_balance(Account.PAID)
    )
    payable = F("amount") + F("adjusted")
    paid = Q(status__in=REACHED, due_by_entries=0, paid_by_entries=payable - F("returned"))
    cancelled = Q(status=AwardStatus.CANCELLED, due_by_entries=0, paid_by_entries=0)
    due = Q(due_by_entries=payable, paid_by_entries=0, returned=0) & ~Q(
        status__in=[*REACHED, AwardStatus.CANCELLED]
    )
    return [
        f"award {award.pk}: {award.status} {award.net}; entries say due "
        f"{award.due_by_entries}, paid {award.paid_by_entries}"
        for award in awards.exclude(paid | cancelled | due)
    ]


def _application_differences() -> list[str]:
    """Nothing is held for what is decided, withdrawn or with its company. Asked in one statement:
    between two, what is decided meanwhile would look like a difference."""
    rows = (
        LedgerEntry.objects.order_by()
        .annotate(
            about=Coalesce("application", "award__claim__application"),
            status=Coalesce("application__status", "award__claim__application__status"),
        )
        .values_list("about", "status")
        .annotate(held=balance_of(Account.RESERVED))
        .exclude(held=0)
        .exclude(status=Status.IN_REVIEW)
    )
    return [
        f"application {about}: {status}; entries say reserved {held}"
        for about, status, held in rows
    ]
