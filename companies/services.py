"""What a company changes about itself."""

from django.db import transaction

from accounts.models import User
from audit.services import record
from companies.models import BankAccount, Company
from companies.team import access
from companies.team.enums import Scope


@transaction.atomic
def change_account(
    company: Company, *, bank: str, number: str, cnaps: str, by: User
) -> BankAccount:
    """Make another account the current one; the account before it is kept.

    The holder is the company itself: nobody else is paid.
    """
    company = Company.objects.select_for_update(of=("self",), no_key=True).get(pk=company.pk)
    access.require(company, by, Scope.ACCOUNT)
    company.accounts.filter(is_current=True).update(is_current=False)
    account = BankAccount.objects.create(
        company=company, holder=company.name, bank=bank, number=number, cnaps=cnaps
    )
    record(
        "company.account_changed", about=company, by=by, bank=bank, account=account.masked_number
    )
    return account
