"""How the ledger's tests grant, and how they take its guards away one at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Model, QuerySet

from accounts.models import Role, User
from subsidies.applications.answers import answer_application
from subsidies.applications.services import lock_application
from subsidies.ledger import services
from subsidies.ledger.models import Account, balance_of
from subsidies.models import Application, Award, BudgetLine, CompanyYear, LedgerEntry
from tests import domain


def approver(application: Application) -> User:
    return domain.official(application.item.leads[0], Role.LEAD)


def answered(application: Application) -> dict[int, Decimal]:
    claims = answer_application(application)["claims"]
    return {int(entry["id"]): Decimal(entry["payable"]) for entry in claims}


def grant(application: Application, amount: str | None = None) -> list[Award]:
    """Grant a filed application as its approval does; without an amount, what the answer says."""
    with transaction.atomic():
        row = lock_application(application)
        amounts = domain.amounts_of(row, amount) if amount else answered(row)
        return services.grant_application(row, amounts, by=approver(row))


def entries_of(rows: QuerySet[LedgerEntry]) -> tuple[Decimal, Decimal]:
    """What entries say was granted, and what was paid of it."""
    balances = rows.aggregate(due=balance_of(Account.GRANTED), paid=balance_of(Account.PAID))
    return balances["due"] + balances["paid"], balances["paid"]


def unlock(monkeypatch: Any) -> None:
    """Take the ledger's row locks off, as if somebody had forgotten them."""
    monkeypatch.setattr(services, "locked", lambda rows: rows)
    monkeypatch.setattr(services, "freeze", lambda company, year: None)


@contextmanager
def without_constraint(model: type[Model], name: str) -> Iterator[None]:
    """The test database without one CHECK. It comes back with the tables emptied: what was
    written meanwhile may be what it refuses."""
    constraint = next(each for each in model._meta.constraints if each.name == name)
    with connection.schema_editor() as editor:
        editor.remove_constraint(model, constraint)
    try:
        yield
    finally:
        tables = ", ".join(each._meta.db_table for each in (BudgetLine, CompanyYear))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(f"TRUNCATE {tables} CASCADE")
        with connection.schema_editor() as editor:
            editor.add_constraint(model, constraint)
