"""What runs at night says the first difference as an error, and nothing else."""

import logging

import pytest
from django.db import connection

from audit.models import Entry
from audit.tasks import verify_audit
from subsidies.models import BudgetLine, Receipt
from subsidies.tasks import reconcile_ledger, verify_receipts
from tests import domain


@pytest.fixture
def rows(company, budget):
    return domain.approved(company)


def tamper(statement):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)
        cursor.execute("SET LOCAL session_replication_role = origin")


def errors(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("task", [verify_audit, verify_receipts, reconcile_ledger])
def test_nothing_is_said_where_all_is_whole(rows, caplog, task):
    assert Receipt.objects.exists()
    assert Entry.objects.exists()

    task()

    assert errors(caplog) == []


def test_the_first_broken_entry_is_named(rows, caplog):
    tamper("UPDATE audit_entry SET action = 'x' WHERE seq IN (2, 4)")

    verify_audit()

    assert errors(caplog) == ["审计链在第 2 条断开：这一条被改动、缺失，或与前一条不衔接"]


def test_the_first_receipt_that_differs_is_named(rows, caplog):
    first = Receipt.objects.earliest("pk")
    tamper("UPDATE subsidies_receipt SET answer = '{}'")

    verify_receipts()

    assert errors(caplog) == [f"receipt {first.pk} of {first.application_id} differs"]


def test_the_first_difference_of_the_ledger_is_named(rows, caplog):
    BudgetLine.objects.update(granted=1)

    reconcile_ledger()

    (said,) = errors(caplog)
    assert said.startswith("approvals are frozen: budget line")
