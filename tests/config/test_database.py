"""How long a connection to the database may keep others waiting (F12)."""

import select

import psycopg
import pytest
from django.db import connection


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("lock_timeout", "5s"),
        ("statement_timeout", "15s"),
        ("idle_in_transaction_session_timeout", "30s"),
    ],
)
def test_every_wait_of_the_application_has_an_end(db, name, limit):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        assert cursor.fetchone()[0] == limit


def test_whoever_leaves_a_transaction_open_loses_the_connection_with_its_locks(db):
    given = connection.get_connection_params()
    names = ("host", "port", "dbname", "user", "password")
    forgotten = psycopg.connect(**{name: given[name] for name in names if given.get(name)})
    forgotten.execute("SET LOCAL idle_in_transaction_session_timeout = '20ms'")

    # The server speaks first: it ends the connection.
    assert select.select([forgotten.fileno()], [], [], 5)[0]

    with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
        forgotten.execute("SELECT 1")
    assert forgotten.closed
