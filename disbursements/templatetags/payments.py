"""What the pages of finance show of accounts and batches."""

from django import template

from companies.models import BankAccount, Company
from disbursements.models import BatchStatus, ClawbackStatus, PaymentLine
from subsidies.ledger.settlement_models import AdjustmentStatus

register = template.Library()

BATCH_KINDS = {
    BatchStatus.DRAFT: "now",
    BatchStatus.APPROVED: "info",
    BatchStatus.PAID: "pass",
    BatchStatus.CANCELLED: "shut",
}
CLAWBACK_KINDS = {
    ClawbackStatus.DEMANDED: "now",
    ClawbackStatus.CONFIRMED: "warn",
    ClawbackStatus.DONE: "pass",
    ClawbackStatus.DROPPED: "shut",
}
ENTRY_KINDS = {
    "reserve": "info",
    "grant": "now",
    "release": "shut",
    "pay": "pass",
    "fail": "fail",
    "return": "warn",
    "adjust": "info",
}
ADJUSTMENT_KINDS = {
    AdjustmentStatus.PROPOSED: "now",
    AdjustmentStatus.AGREED: "now",
    AdjustmentStatus.DONE: "pass",
    AdjustmentStatus.DEMANDED: "warn",
    AdjustmentStatus.DROPPED: "shut",
    AdjustmentStatus.SUPERSEDED: "shut",
}


@register.filter
def account_of(company: Company) -> BankAccount | None:
    """The current account, from accounts that the list has loaded."""
    return next((account for account in company.accounts.all() if account.is_current), None)


@register.filter
def still_goes_to(line: PaymentLine, company: Company) -> bool:
    """Whether the company would be paid to the account that the line went to."""
    account = account_of(company)
    return account is not None and (account.number, account.holder) == (line.account, line.payee)


@register.filter
def batch_kind(status: str) -> str:
    """The kind of `components/status.html` that a batch's status has."""
    return BATCH_KINDS[BatchStatus(status)]


@register.filter
def clawback_kind(status: str) -> str:
    """The kind of `components/status.html` that a clawback's status has."""
    return CLAWBACK_KINDS[ClawbackStatus(status)]


@register.filter
def adjustment_kind(status: str) -> str:
    """The kind of `components/status.html` that an adjustment's status has."""
    return ADJUSTMENT_KINDS[AdjustmentStatus(status)]


@register.filter
def entry_kind(kind: str) -> str:
    """The kind of `components/status.html` of a ledger entry."""
    return ENTRY_KINDS[kind]
