"""How long a connection to the database may keep others waiting (F12), and what comes after one
that was lost (F09, F10)."""

import os
import select
import signal
import time
from wsgiref.util import setup_testing_defaults

import psutil
import psycopg
import pytest
from django.conf import settings as project_settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection

from config import local
from tests.conftest import OF_TESTS

RECOVERY_SECONDS = 60


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


def parameters():
    """Those of the application's connection, for another one beside it."""
    given = connection.get_connection_params()
    names = ("host", "port", "dbname", "user", "password")
    return {name: given[name] for name in names if given.get(name)}


def test_whoever_leaves_a_transaction_open_loses_the_connection_with_its_locks(db):
    forgotten = psycopg.connect(**parameters())
    forgotten.execute("SET LOCAL idle_in_transaction_session_timeout = '20ms'")

    # The server speaks first: it ends the connection.
    assert select.select([forgotten.fileno()], [], [], 5)[0]

    with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
        forgotten.execute("SELECT 1")
    assert forgotten.closed


def test_the_next_request_after_a_lost_connection_connects_anew(transactional_db):
    """F09. Asked as a server asks: the test client's requests begin with no look at the
    connection."""
    assert asked("/readyz") == "200 OK"
    lost = connection.connection.info.backend_pid
    with psycopg.connect(**parameters()) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [lost])

    assert asked("/readyz") == "200 OK"
    assert connection.connection.info.backend_pid != lost


def asked(path):
    environ, statuses = {"PATH_INFO": path}, []
    setup_testing_defaults(environ)
    response = WSGIHandler()(environ, lambda status, _headers: statuses.append(status))
    response.close()
    return statuses[0]


def test_what_was_acknowledged_outlives_a_killed_backend(tmp_path):
    """F10. In a server of its own: a backend that is lost makes it end all others and recover."""
    url = local.postgres_url(tmp_path / "var")
    # As the product connects: what its commits wait for decides what is lost.
    options = project_settings.DATABASES["default"]["OPTIONS"]["options"].removesuffix(OF_TESTS)
    clerk, lost = (psycopg.connect(url, options=options) for _person in range(2))
    clerk.execute("CREATE TABLE act (number integer)")
    clerk.commit()
    lost.execute("INSERT INTO act VALUES (2)")
    clerk.execute("INSERT INTO act VALUES (1)")
    clerk.commit()

    os.kill(lost.info.backend_pid, signal.SIGKILL)

    assert select.select([clerk.fileno()], [], [], RECOVERY_SECONDS)[0]
    with pytest.raises(psycopg.OperationalError):
        clerk.execute("SELECT 1")
    with connected_anew(url) as again:
        assert again.execute("SELECT number FROM act").fetchall() == [(1,)]


def test_a_killed_server_starts_again_when_its_last_child_is_gone(tmp_path, monkeypatch):
    url = local.postgres_url(tmp_path / "var")
    data = tmp_path / "var" / "postgres"
    client = psycopg.connect(url)
    slow = psutil.Process(client.info.backend_pid)
    postmaster = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
    slow.suspend()
    postmaster.kill()
    postmaster.wait(RECOVERY_SECONDS)
    wait = psutil.wait_procs

    def goes_on_once_waited_for(processes, **options):
        slow.resume()
        return wait(processes, **options)

    monkeypatch.setattr(psutil, "wait_procs", goes_on_once_waited_for)
    local.postgres_url.cache_clear()

    with psycopg.connect(local.postgres_url(tmp_path / "var")) as again:
        assert again.execute("SELECT 1").fetchone() == (1,)
    assert not slow.is_running()


def connected_anew(url):
    deadline = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            return psycopg.connect(url)
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
