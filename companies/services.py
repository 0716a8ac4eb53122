"""What a company changes about itself, and what finance confirms of it.

While money is held for a company or on its way to it, a changed account takes effect only when
one finance officer has checked it and another has confirmed it; until then the account before it
stays.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import Role, User
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.services import record
from companies.models import AccountChange, BankAccount, Company, Contact
from companies.pending import has_pending_money
from companies.profile.models import OPEN_CHANGES, ChangeStatus
from companies.team import access
from companies.team.enums import Scope


@transaction.atomic
def change_account(
    company: Company, *, bank: str, number: str, cnaps: str, by: User
) -> BankAccount:
    """Give another account; the account before it is kept.

    It is current at once, or waits for finance while money is on its way. The holder is the
    company itself: nobody else is paid.
    """
    company = _locked(company)
    access.require(company, by, Scope.ACCOUNT)
    if change := company.open_account_change:
        _close(change, ChangeStatus.WITHDRAWN)
    waits = has_pending_money(company)
    if not waits:
        company.accounts.filter(is_current=True).update(is_current=False)
    account = BankAccount.objects.create(
        company=company,
        holder=company.name,
        bank=bank,
        number=number,
        cnaps=cnaps,
        is_current=not waits,
        entered_by=by,
    )
    if waits:
        AccountChange.objects.create(company=company, account=account, asked_by=by)
    record(
        "company.account_asked" if waits else "company.account_changed",
        about=company,
        by=by,
        bank=bank,
        account=account.masked_number,
    )
    return account


@transaction.atomic
def withdraw_account(change: AccountChange, *, by: User) -> AccountChange:
    """Give a changed account up before it takes effect."""
    change = _locked_change(change)
    access.require(change.company, by, Scope.ACCOUNT)
    _require_status(change, *OPEN_CHANGES)
    _close(change, ChangeStatus.WITHDRAWN)
    _record(change, "company.account_withdrawn", by)
    return change


@transaction.atomic
def check_account(change: AccountChange, *, by: User) -> AccountChange:
    """The first finance officer has held the account against the company's papers."""
    change = _locked_change(change)
    principal = _require_officer(change, by)
    _require_status(change, ChangeStatus.ASKED)
    change.status = ChangeStatus.CHECKED
    change.checked_by, change.checked_for, change.checked_at = by, principal, timezone.now()
    change.save()
    _record(change, "company.account_checked", by, principal)
    return change


@transaction.atomic
def confirm_account(change: AccountChange, *, by: User) -> AccountChange:
    """A second finance officer lets the account take effect."""
    change = _locked_change(change)
    principal = _require_officer(change, by)
    _require_status(change, ChangeStatus.CHECKED)
    if change.checkers & {by.pk, principal and principal.pk}:
        raise NotAllowed(_("核对人不能复核同一个账户，须由另一位财政人员复核。"))
    if change.account.holder != change.company.name:
        raise Refused(_("户名与企业名称不一致，请退回，由企业重新填写。"))
    change.status = ChangeStatus.CONFIRMED
    change.confirmed_by, change.confirmed_for = by, principal
    change.confirmed_at = timezone.now()
    change.save()
    change.company.accounts.filter(is_current=True).update(is_current=False)
    BankAccount.objects.filter(pk=change.account_id).update(is_current=True)
    _record(change, "company.account_confirmed", by, principal)
    return change


@transaction.atomic
def refuse_account(change: AccountChange, *, reason: str, by: User) -> AccountChange:
    """Send a changed account back: the one before it stays."""
    change = _locked_change(change)
    principal = _require_officer(change, by)
    _require_status(change, *OPEN_CHANGES)
    if not reason.strip():
        raise Refused(_("请写明退回原因，企业会看到。"))
    change.refused_by, change.reason = by, reason.strip()
    _close(change, ChangeStatus.REFUSED)
    _record(change, "company.account_refused", by, principal)
    return change


@transaction.atomic
def change_profile(company: Company, *, revision: int, by: User, **values: Any) -> Company:
    """What the company says of itself: street, address, industry. Raises StateChanged where
    somebody saved after `revision` was read."""
    company = _locked(company)
    access.require(company, by, Scope.DATA)
    _require_revision(company, revision)
    changes = {
        name: [getattr(company, name), value]
        for name, value in values.items()
        if getattr(company, name) != value
    }
    if not changes:
        return company
    for name, (_before, after) in changes.items():
        setattr(company, name, after)
    company.revision += 1
    company.save(update_fields=[*changes, "revision"])
    record("company.profile_changed", about=company, by=by, changes=changes)
    return company


@transaction.atomic
def save_contact(
    company: Company, contact: Contact | None, *, revision: int, by: User, **values: Any
) -> Contact:
    """Add a contact, or change one. Who becomes the main one takes the place of who was."""
    company = _locked(company)
    access.require(company, by, Scope.DATA)
    _require_revision(company, revision)
    others = company.contacts.all()
    if contact is not None:
        contact = locked(others.filter(pk=contact.pk)).get()
        others = others.exclude(pk=contact.pk)
    if not others.filter(is_main=True).exists():
        values["is_main"] = True
    elif values.get("is_main"):
        others.update(is_main=False)
    is_new = contact is None
    contact = contact or Contact(company=company)
    for name, value in values.items():
        setattr(contact, name, value)
    contact.save()
    _count(company)
    # Names and numbers of people are looked up in the registry, not in the audit log.
    record(
        "company.contact_added" if is_new else "company.contact_changed",
        about=company,
        by=by,
        contact=contact.pk,
    )
    return contact


@transaction.atomic
def remove_contact(contact: Contact, *, revision: int, by: User) -> None:
    """Take a contact off; the first of the others becomes the main one where it was that."""
    company = _locked(contact.company)
    access.require(company, by, Scope.DATA)
    _require_revision(company, revision)
    found = company.contacts.filter(pk=contact.pk).first()
    if found is None:
        raise StateChanged(_("这位联系人刚被删去，请刷新页面。"))
    key, was_main = found.pk, found.is_main
    found.delete()
    if was_main and (heir := company.contacts.order_by("pk").first()):
        heir.is_main = True
        heir.save(update_fields=["is_main"])
    _count(company)
    record("company.contact_removed", about=company, by=by, contact=key)


def _locked(company: Company) -> Company:
    return locked(Company.objects.filter(pk=company.pk)).get()


def _locked_change(change: AccountChange) -> AccountChange:
    """The change behind its company's lock: whoever pays holds that lock too."""
    _locked(change.company)
    return (
        locked(AccountChange.objects.filter(pk=change.pk))
        .select_related("company", "account")
        .get()
    )


def _close(change: AccountChange, status: ChangeStatus) -> None:
    change.status = status
    change.save()


def _record(change: AccountChange, action: str, by: User, principal: User | None = None) -> None:
    record(
        action,
        about=change.company,
        by=by,
        on_behalf_of=principal,
        account=change.account.masked_number,
    )


def _count(company: Company) -> None:
    company.revision += 1
    company.save(update_fields=["revision"])


def _require_revision(company: Company, revision: int) -> None:
    if company.revision != revision:
        raise StateChanged(_("同事刚改过企业资料。请看一遍现在的内容，再保存您的修改。"))


def _require_officer(change: AccountChange, by: User) -> User | None:
    """On whose behalf the person checks accounts; neither may belong to the company."""
    if change.company.district_id not in by.district_ids(Role.FINANCE):
        raise NotAllowed(_("只有财政人员可以核对收款账户。"))
    principal = by.principal(Role.FINANCE, district_id=change.company.district_id)
    access.require_stranger(change.company.rows(), [by, principal])
    return principal


def _require_status(change: AccountChange, *statuses: ChangeStatus) -> None:
    if change.status not in statuses:
        raise StateChanged(
            _("状态已变化：这次变更现在是“%(status)s”。请刷新页面。")
            % {"status": change.get_status_display()}
        )
