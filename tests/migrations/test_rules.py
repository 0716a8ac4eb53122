"""A migration that would make a running system wait is refused, and waits for nobody itself
(D01)."""

import threading

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.core.management import CommandError, call_command
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import connection, migrations, models, transaction
from django.db.migrations.loader import MigrationLoader
from django_migration_linter.sql_analyser.analyser import analyse_sql_statements
from django_migration_linter.sql_analyser.postgresql import PostgresqlAnalyser

from operations.management.commands import migrate
from tests.migration_lint import MIGRATION_LINTER_OPTIONS
from tests.migration_rules import GROWN, faults
from tests.threads import at_once


def migration(*operations, **attributes):
    made = type("Migration", (migrations.Migration,), {"operations": list(operations)})
    found = made("0099_made_up", "audit")
    for name, value in attributes.items():
        setattr(found, name, value)
    return found


@pytest.fixture(scope="module")
def loader():
    return MigrationLoader(None)


def test_no_migration_of_the_project_makes_people_wait(loader):
    own = [
        each
        for (app, _name), each in loader.disk_migrations.items()
        if app in {label for label, _model in GROWN} | {"accounts", "disbursements"}
    ]

    assert own
    assert [fault for each in own for fault in faults(each)] == []


def test_every_grown_table_is_there(loader):
    state = loader.project_state()

    assert state.models.keys() >= GROWN


INDEX = models.Index(fields=["at"], name="made_up")
CONSTRAINT = models.CheckConstraint(name="made_up", condition=models.Q(seq__gt=0))


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (migrations.AddIndex("entry", INDEX), "use AddIndexConcurrently"),
        (migrations.RemoveIndex("Entry", "audit_about"), "use RemoveIndexConcurrently"),
        (migrations.AddConstraint("entry", CONSTRAINT), "use AddConstraintNotValid"),
    ],
)
def test_what_holds_a_grown_table_is_refused(operation, said):
    (fault,) = faults(migration(operation))
    assert said in fault

    assert not list(faults(migration(operation, initial=True)))


def test_what_holds_it_for_a_moment_is_let_through():
    gentle = [AddIndexConcurrently("entry", INDEX), AddConstraintNotValid("entry", CONSTRAINT)]

    assert not list(faults(migration(*gentle)))
    assert not list(faults(migration(migrations.AddIndex("inspection", INDEX))))


def test_rows_are_not_filled_in_the_transaction_that_holds_the_table():
    field = migrations.AddField("entry", "note", models.TextField(null=True))
    fill = migrations.RunPython(migrations.RunPython.noop)

    (fault,) = faults(migration(field, fill))
    assert "use two migrations" in fault
    assert not list(faults(migration(fill)))
    assert not list(faults(migration(field, fill, atomic=False)))


BAD = [
    (migrations.AddField("inspection", "note", models.TextField(default="")), "NOT_NULL"),
    (migrations.RemoveField("inspection", "count"), "DROP_COLUMN"),
    (migrations.RenameField("inspection", "count", "number"), "RENAME_COLUMN"),
    (migrations.AlterField("inspection", "faults", models.TextField()), "ALTER_COLUMN"),
    (migrations.DeleteModel("Inspection"), "DROP_TABLE"),
    (migrations.RenameModel("Inspection", "Look"), "RENAME_TABLE"),
    (
        migrations.AlterField("entry", "action", models.CharField(max_length=60, unique=True)),
        "ADD_UNIQUE",
    ),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("operation", "code"), BAD)
def test_the_linter_refuses_what_breaks_the_code_that_still_runs(loader, operation, code):
    """D01: the old code works with the new tables until the last process is replaced."""
    before = loader.project_state()
    with connection.schema_editor(collect_sql=True, atomic=True) as editor:
        migration(operation).apply(before, editor)

    errors, _ignored, _warnings = analyse_sql_statements(PostgresqlAnalyser, editor.collected_sql)

    assert code in {error.code for error in errors}


def test_the_linter_leaves_out_no_room_of_the_project():
    rooms = {"accounts", "audit", "companies", "disbursements", "outbox", "reviews", "subsidies"}

    assert not rooms & set(MIGRATION_LINTER_OPTIONS["exclude_apps"])


def settings_now():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('lock_timeout'), current_setting('statement_timeout')"
        )
        return cursor.fetchone()


@pytest.mark.django_db(transaction=True)
def test_a_migration_waits_two_seconds_for_a_table_and_then_takes_its_time(monkeypatch):
    seen = []
    monkeypatch.setattr(
        MigrateCommand, "handle", lambda *args, **options: seen.append(settings_now())
    )

    call_command("migrate", verbosity=0)

    assert seen == [("2s", "0")]
    assert settings_now() == ("5s", "15s")


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_finds_a_table_in_use_gives_up_and_changes_nothing(monkeypatch):
    """D01: nobody queues behind it."""
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", "50ms")
    held, over = threading.Event(), threading.Event()

    def use_the_table():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE audit_inspection IN ACCESS SHARE MODE")
            held.set()
            over.wait(timeout=10)

    def go_back():
        held.wait(timeout=10)
        try:
            call_command("migrate", "audit", "0001", verbosity=0)
        finally:
            over.set()

    _used, outcome = at_once(use_the_table, go_back)

    assert isinstance(outcome, CommandError)
    assert "Run migrate again" in str(outcome)
    assert "audit_inspection" in connection.introspection.table_names()
