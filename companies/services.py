"""What a company changes about itself."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import NotAllowed
from audit.services import record
from companies.models import BankAccount, Company


@transaction.atomic
def change_account(
    company: Company, *, bank: str, number: str, cnaps: str, by: User
) -> BankAccount:
    """Make another account the current one; the account before it is kept.

    The holder is the company itself: nobody else is paid.
    """
    company = Company.objects.select_for_update(of=("self",), no_key=True).get(pk=company.pk)
    if not company.members.filter(user=by).exists():
        raise NotAllowed(_("只有本企业的人员可以办理。"))
    company.accounts.filter(is_current=True).update(is_current=False)
    account = BankAccount.objects.create(
        company=company, holder=company.name, bank=bank, number=number, cnaps=cnaps
    )
    record(
        "company.account_changed", about=company, by=by, bank=bank, account=account.masked_number
    )
    return account
