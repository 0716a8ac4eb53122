"""What the pages of finance show of accounts and batches."""

from django import template

from companies.models import BankAccount, Company
from disbursements.models import BatchStatus

register = template.Library()

BATCH_KINDS = {
    BatchStatus.DRAFT: "now",
    BatchStatus.APPROVED: "info",
    BatchStatus.PAID: "pass",
    BatchStatus.CANCELLED: "shut",
}
ENTRY_KINDS = {"reserve": "info", "grant": "now", "release": "shut", "pay": "pass", "fail": "fail"}


@register.filter
def account_of(company: Company) -> BankAccount | None:
    """The current account, from accounts that the list has loaded."""
    return next((account for account in company.accounts.all() if account.is_current), None)


@register.filter
def batch_kind(status: str) -> str:
    """The kind of `components/status.html` that a batch's status has."""
    return BATCH_KINDS[BatchStatus(status)]


@register.filter
def entry_kind(kind: str) -> str:
    """The kind of `components/status.html` of a ledger entry."""
    return ENTRY_KINDS[kind]
