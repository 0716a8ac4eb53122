"""The world that tests of the services stand in: the catalogue, the departments' people, a day.

Loading the catalogue takes a second. It is done once in a run; each test gets the rows copied
into its own transaction, so that tests which need an empty database find one.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, transaction
from django.db.backends.postgresql.operations import DatabaseOperations

from accounts.models import Appointment, Department, District, Role, User
from companies.models import Company
from reviews.calendar import ensure_year
from reviews.models import CalendarDay
from subsidies.models import BudgetLine, Edition, Item, Level, PolicyDocument
from tests import domain
from tests.factories import AppointmentFactory, BudgetLineFactory

MORNING = datetime(2026, 3, 11, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
PEOPLE = {Role.REVIEWER: 2, Role.LEAD: 2}
FINANCE_PEOPLE = {
    **PEOPLE,
    Role.FINANCE: 3,
    Role.AUDITOR: 1,
    Role.POLICY_OFFICER: 1,
    Role.ADMINISTRATOR: 1,
    Role.SECURITY_OFFICER: 2,
}
TABLES = [
    model._meta.db_table
    for model in (
        District,
        Department,
        User,
        Appointment,
        PolicyDocument,
        Edition,
        Item,
        Item.departments.through,
        Level,
        CalendarDay,
    )
]


def _build() -> None:
    call_command("load_catalogue", stdout=StringIO())
    ensure_year(2026)
    for department in Department.objects.filter(district__code__in=["330205", "330212"]):
        people = FINANCE_PEOPLE if department.is_finance else PEOPLE
        for role, count in people.items():
            for number in range(1, count + 1):
                AppointmentFactory(
                    user__username=f"{department.code}-{role}-{number}",
                    user__name=f"{department.short_name}{role.label}{number}",
                    department=department,
                    role=role,
                )


@cache
def rows() -> dict[str, bytes]:
    """The world's rows, in PostgreSQL's own form, built once and taken back."""
    with transaction.atomic():
        _build()
        found = {}
        with connection.cursor() as cursor:
            for table in TABLES:
                with cursor.copy(f"COPY {table} TO STDOUT") as copy:
                    found[table] = b"".join(bytes(part) for part in copy)
        transaction.set_rollback(True)
    return found


@pytest.fixture(autouse=True, scope="session")
def flush_past_the_triggers() -> Iterator[None]:
    """Tests that commit are cleaned up with TRUNCATE, which the append-only tables refuse.

    For the whole run: a patch of one test is taken back before its tables are flushed.
    """
    sql_flush = DatabaseOperations.sql_flush

    def flush(*args: Any, **kwargs: Any) -> list[str]:
        statements = sql_flush(*args, **kwargs)
        return statements and ["SET LOCAL session_replication_role = replica", *statements]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", flush)
        yield


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A Wednesday morning. It stands still until a test moves it."""
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def world(db: None, clock: time_machine.Traveller, settings, tmp_path) -> None:
    """Catalogue, departments and their people; files go to a folder of the test's own."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    copy_world()


def copy_world() -> None:
    """Put the world's rows into the present transaction."""
    content_of = rows()
    with transaction.atomic(), connection.cursor() as cursor:
        # The rows were checked when they were made; a published edition takes no more.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table, content in content_of.items():
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(content)
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.fixture
def company(world: None) -> Company:
    return domain.company_with_everything()


@pytest.fixture
def clerk(company: Company) -> User:
    return domain.clerk_of(company)


@pytest.fixture
def budget(world: None) -> BudgetLine:
    """What the jb24 items draw on."""
    return BudgetLineFactory()
