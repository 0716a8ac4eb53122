"""T01: what the database role of the application may not do, whatever the application tries."""

from io import StringIO

import pytest
import yaml
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from operations.roles import append_only_tables
from tests import domain
from tests.fixtures_domain import clock, company, flush_past_the_triggers, world  # noqa: F401

# Each with a column to change.
KEPT = {
    model._meta.db_table: model._meta.pk.column
    for model in apps.get_models()
    if model._meta.db_table in append_only_tables()
}
# Those that an approved application has rows in: triggers see no empty table changed.
FILLED = ["audit_entry", "reviews_opinion", "subsidies_ledgerentry", "subsidies_receipt"]
ACTS = ["UPDATE", "DELETE", "TRUNCATE"]


@pytest.fixture
def roles(company):  # noqa: F811
    """Names of this database's own: roles are the whole server's."""
    domain.approved(company)
    names = [f"{connection.settings_dict['NAME']}_{each}" for each in ("app", "auditor")]
    call_command("grant_roles", app=names[0], auditor=names[1], stdout=StringIO())
    return names


def statement(act, table, column):
    match act:
        case "UPDATE":
            return f"UPDATE {table} SET {column} = {column}"
        case "DELETE":
            return f"DELETE FROM {table}"
        case _:
            return f"TRUNCATE {table} CASCADE"


def as_role(role, command):
    with transaction.atomic(), connection.cursor() as cursor:
        # Where it is refused, the savepoint takes the role back too.
        cursor.execute(f'SET LOCAL ROLE "{role}"')
        cursor.execute(command)
        rows = cursor.fetchall() if cursor.description else None
        cursor.execute("RESET ROLE")
        return rows


def test_what_is_only_added_to_is_known():
    assert set(FILLED) <= set(KEPT)


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("act", ACTS)
def test_the_application_is_denied_what_would_change_the_past(roles, table, act):
    with pytest.raises(ProgrammingError, match="permission denied"):
        as_role(roles[0], statement(act, table, KEPT[table]))


@pytest.mark.parametrize("table", FILLED)
@pytest.mark.parametrize("act", ACTS)
def test_the_owner_meets_the_trigger(roles, table, act):
    with pytest.raises(domain.REFUSED_BY_TRIGGER):
        domain.execute(statement(act, table, KEPT[table]))


def test_the_application_reads_adds_and_changes_the_rest(roles):
    app = roles[0]
    assert as_role(app, "SELECT count(*) FROM subsidies_ledgerentry") == [(2,)]
    as_role(app, "UPDATE subsidies_budgetline SET name = name")
    as_role(
        app,
        "INSERT INTO subsidies_ledgerentry (award_id, budget_line_id, company_year_id, kind,"
        " credit, debit, amount, at, by_id) SELECT award_id, budget_line_id, company_year_id,"
        " 'pay', 'granted', 'paid', amount, at, by_id FROM subsidies_ledgerentry"
        " WHERE kind = 'grant'",
    )
    with pytest.raises(ProgrammingError, match="permission denied"):
        as_role(app, "TRUNCATE subsidies_budgetline CASCADE")


@pytest.mark.parametrize("act", ACTS)
def test_the_auditor_only_reads(roles, act):
    assert as_role(roles[1], "SELECT count(*) FROM subsidies_award") == [(1,)]
    with pytest.raises(ProgrammingError, match="permission denied"):
        as_role(roles[1], statement(act, "subsidies_budgetline", "name"))


@pytest.mark.parametrize(
    "table",
    [
        "accounts_user",
        "companies_yearlyfigure",
        "django_session",
        "mfa_authenticator",
        "outbox_job",
        "usersessions_usersession",
    ],
)
def test_nothing_lets_the_auditor_be_somebody_else_or_read_their_mail(roles, table):
    with pytest.raises(ProgrammingError, match="permission denied"):
        as_role(roles[1], f"SELECT * FROM {table}")


def test_granting_again_changes_nothing(roles):
    said = StringIO()
    call_command("grant_roles", app=roles[0], auditor=roles[1], stdout=said)

    assert "subsidies_ledgerentry" in said.getvalue()


def test_the_application_gets_its_password_as_the_server_keeps_it(roles, settings):
    settings.APP_ROLE_PASSWORD = "of-the-application"

    with CaptureQueriesContext(connection) as sent:
        call_command("grant_roles", app=roles[0], auditor=roles[1], stdout=StringIO())

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolpassword FROM pg_authid WHERE rolname = ANY(%s)", [roles]
        )
        kept = dict(cursor.fetchall())
    assert kept[roles[0]].startswith("SCRAM-SHA-256$")
    assert kept[roles[1]] is None
    assert not any("of-the-application" in query["sql"] for query in sent)


def test_the_deployment_serves_as_the_role_that_it_makes():
    services = yaml.safe_load((settings.BASE_DIR / "docker-compose.yml").read_text())["services"]

    assert "//subsidies:" in services["migrate"]["environment"]["DATABASE_URL"]
    assert services["migrate"]["command"][-1].endswith("python manage.py grant_roles")
    for name in ("web", "worker", "beat"):
        environment = services[name]["environment"]
        assert "//subsidies_app:" in environment["DATABASE_URL"]
        assert "POSTGRES_PASSWORD" not in str(environment)
