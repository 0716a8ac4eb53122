"""What a person is told when something failed (F09, F11, F13, C14, D05): a page of its own, with
the number of the request, and nothing of what went wrong inside."""

import errno
import logging
import re

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import InterfaceError, OperationalError, connection
from django.urls import path
from django.utils.crypto import get_random_string
from psycopg import errors

from config import urls
from config.logs import OneLine

NUMBER = re.compile(r"编号 ([0-9a-f]{32})")


def raising(error):
    def view(request):
        raise error

    return view


def operational(cause):
    error = OperationalError("server closed the connection, password=hunter2")
    error.__cause__ = cause
    return error


FAILURES = {
    "fault": ValueError("SELECT secret FROM table"),
    "busy": operational(errors.LockNotAvailable()),
    "late": operational(errors.QueryCanceled()),
    "away": operational(errors.AdminShutdown()),
    "crowded": operational(errors.TooManyConnections()),
    "closed": InterfaceError("the connection is closed"),
    "full": OSError(errno.ENOSPC, "No space left on device: /srv/media"),
    "full database": operational(errors.DiskFull()),
}


def session_not_written(cause):
    """What Django makes of it, whatever the reason."""
    interrupted = SessionInterrupted("The request's session was deleted")
    interrupted.__context__ = cause
    return interrupted


FAILURES |= {
    "session gone": session_not_written(UpdateError()),
    "session away": session_not_written(operational(errors.AdminShutdown())),
}


# This module stands in for the table of addresses.
urlpatterns = [
    *urls.urlpatterns,
    *(path(f"fail/{name}", raising(error)) for name, error in FAILURES.items()),
]
handler400 = urls.handler400
handler500 = urls.handler500


@pytest.fixture
def failing(client, settings):
    """A client whose requests to /fail/NAME fail so."""
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    return client


@pytest.fixture
def asker(failing, admin_user):
    failing.force_login(admin_user)
    return failing


@pytest.mark.parametrize(
    ("name", "status", "sentence"),
    [
        ("fault", 500, "系统出错了"),
        ("busy", 503, "系统繁忙"),
        ("late", 503, "系统繁忙"),
        ("away", 503, "数据库暂时连不上"),
        ("crowded", 503, "数据库暂时连不上"),
        ("closed", 503, "数据库暂时连不上"),
        ("session gone", 400, "没有办成"),
        ("session away", 503, "数据库暂时连不上"),
        ("full", 503, "存储空间已满"),
        ("full database", 503, "存储空间已满"),
    ],
)
def test_a_failure_is_a_plain_page_with_its_number(asker, name, status, sentence):
    response = asker.get(f"/fail/{name}")
    page = response.content.decode()

    assert response.status_code == status
    assert sentence in page
    for secret in ("SELECT", "hunter2", "/srv", "Traceback", "psycopg"):
        assert secret not in page
    if name not in ("busy", "late"):
        assert NUMBER.search(page)[1] == response["X-Request-ID"]


@pytest.mark.parametrize("name", ["busy", "away"])
def test_whoever_should_try_again_is_told_when(asker, name):
    assert asker.get(f"/fail/{name}")["Retry-After"] == "5"


def test_a_database_that_is_away_is_told_also_where_the_session_cannot_be_read(
    client, db, monkeypatch
):
    def load(self):
        raise operational(errors.AdminShutdown())

    monkeypatch.setattr(SessionStore, "load", load)
    client.raise_request_exception = False
    client.cookies["sessionid"] = "x" * 32

    response = client.get("/workspace/")

    assert response.status_code == 503
    assert "数据库暂时连不上" in response.content.decode()


@pytest.fixture
def no_connection_left(transactional_db, monkeypatch):
    """A role that may have no connection at all takes the place of ours."""
    role, password = f"{connection.settings_dict['NAME']}_crowd", get_random_string(20)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE \"{role}\" LOGIN PASSWORD '{password}' CONNECTION LIMIT 0")
    connection.close()
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "USER", role)
        patch.setitem(connection.settings_dict, "PASSWORD", password)
        yield
        connection.close()
    with connection.cursor() as cursor:
        cursor.execute(f'DROP ROLE "{role}"')


def test_without_a_connection_left_people_are_told_at_once(client, no_connection_left):
    with pytest.raises(OperationalError, match="too many connections"):
        connection.ensure_connection()
    client.raise_request_exception = False
    client.cookies["sessionid"] = "x" * 32

    response = client.get("/workspace/")

    assert response.status_code == 503
    assert "数据库暂时连不上" in response.content.decode()
    assert response["Retry-After"] == "5"


def test_the_log_has_a_failure_once_under_its_number(asker, caplog):
    caplog.set_level(logging.ERROR)

    response = asker.get("/fail/fault")

    (line,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert line.exc_info
    assert len(response["X-Request-ID"]) == 32


def test_what_somebody_typed_begins_no_line_of_the_log(settings):
    """T03."""
    form = settings.LOGGING["formatters"]["line"]
    assert form["class"] == f"{OneLine.__module__}.{OneLine.__name__}"
    typed = "甲\r\n2026-03-11 ERROR forged\x1b[2J\u2028end"

    line = OneLine("{levelname}: {message}", style="{").format(
        logging.makeLogRecord({"msg": "no such person: %s", "args": (typed,)})
    )

    assert len(line.splitlines()) == 1
    assert "甲\\r\\n2026-03-11 ERROR forged" in line
    assert "\x1b" not in line
