"""Database roles that may do no more than their work needs.

The owner migrates. The application reads and writes rows, and does not change what is only
added to: ledger, audit chain, receipts, opinions, settlements. The auditor reads what
money rests on, and nothing that would make them somebody else: sessions, passwords, keys, mails.
Triggers say the same once more; a permission also holds for whoever switches triggers off.
"""

from collections.abc import Iterable

from django.apps import apps
from django.db import connection, transaction
from psycopg import sql

# The rooms whose tables an auditor reads.
AUDITED = {"audit", "subsidies", "reviews", "disbursements"}


def append_only_tables() -> list[str]:
    """The tables whose models say that rows are added and never changed."""
    return sorted(
        model._meta.db_table
        for model in apps.get_models()
        if any(trigger.name == "append_only" for trigger in getattr(model._meta, "triggers", []))
    )


def audited_tables() -> list[str]:
    models = apps.get_models(include_auto_created=True)
    return sorted(each._meta.db_table for each in models if each._meta.app_label in AUDITED)


@transaction.atomic
def grant_roles(*, app: str, auditor: str, app_password: str = "") -> list[str]:
    """Make the two roles where they are missing and give them exactly what they need on the
    tables as they are now; the append-only ones by name. Connect as the tables' owner.
    `app_password`: what the application signs in with; empty leaves it as it is."""
    kept = append_only_tables()
    with connection.cursor() as cursor:
        for role in (app, auditor):
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            if not cursor.fetchone():
                cursor.execute(
                    sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE").format(
                        sql.Identifier(role)
                    )
                )
            name = sql.Identifier(role)
            for statement in (
                "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}",
                "GRANT USAGE ON SCHEMA public TO {}",
            ):
                cursor.execute(sql.SQL(statement).format(name))
        read = sql.SQL("GRANT SELECT ON {} TO {}")
        cursor.execute(read.format(_names(audited_tables()), sql.Identifier(auditor)))
        name = sql.Identifier(app)
        for statement in (
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}",
        ):
            cursor.execute(sql.SQL(statement).format(name))
        cursor.execute(sql.SQL("REVOKE UPDATE, DELETE ON {} FROM {}").format(_names(kept), name))
        if app_password:
            # As the server keeps it: what is sent may stand in the server's log.
            kept_as = connection.connection.pgconn.encrypt_password(
                app_password.encode(), app.encode(), b"scram-sha-256"
            )
            cursor.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(kept_as.decode()))
            )
    return kept


def _names(tables: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, tables))
