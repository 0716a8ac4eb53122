"""What every test stands on (real PostgreSQL, real Redis) and the traps that all must pass."""

import gc
import os
import shutil
import socket
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.internal.flows import login as login_flow
from django.conf import settings
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, sync_playwright

from config import local
from config.celery import app
from tests.fixtures_domain import flush_past_the_triggers  # noqa: F401

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
# What a crash of the machine would lose, a test run may lose. The rows of a test are never
# committed, so the planner takes every table for empty and would join all with all.
OF_TESTS = " -c synchronous_commit=off -c enable_nestloop=off"
# Nothing that asks the network: only the pages under test are fetched.
CHROMIUM_ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


def pytest_configure(config: pytest.Config) -> None:
    """Each test process has its own Redis and its own folder for files."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        return  # only hands the tests out
    # A seventh of the time went into looking for garbage among what was imported.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    folder = Path(tempfile.mkdtemp(prefix="subsidies-tests-"))
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    config.add_cleanup(local.start_redis(folder))
    settings.REDIS_URL = local.redis_url(folder)
    app.conf.broker_url = settings.CELERY_BROKER_URL = local.celery_broker_url(settings.REDIS_URL)
    settings.MEDIA_ROOT = str(folder / "media")
    settings.AUDIT_ANCHOR_FILE = str(folder / "anchors.txt")
    # Nothing is collected for tests; WhiteNoise would warn of a folder that is not there.
    settings.STATIC_ROOT = folder / "static"
    settings.STATIC_ROOT.mkdir()
    # Argon2 is slow on purpose; signing in is tested, not its arithmetic.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.DATABASES["default"]["OPTIONS"]["options"] += OF_TESTS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if _chromium():
        return
    reason = "no Chromium on this machine"
    for item in items:
        if item.get_closest_marker("browser"):
            # CI has one: a silent skip there would hide every page.
            item.add_marker(
                pytest.mark.usefixtures("_chromium_is_missing")
                if os.environ.get("CI")
                else pytest.mark.skip(reason=reason)
            )


@pytest.fixture
def _chromium_is_missing() -> None:
    pytest.fail("Chromium is missing; CI must run the browser tests.")


def _chromium() -> str | None:
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


class FreshClient(Client):
    """Signs people in as the sign-in page does: with a record that they just gave their password.
    A plain `django.test.Client` keeps none, and is asked for it before weighty acts."""

    def force_login(self, user: Any, backend: str | None = None) -> None:
        super().force_login(user, backend)
        session = self.session
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time.time()}]
        session[login_flow._AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(user.pk)
        session.save()

    def post(self, path: str, data: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As pages do: with the key that forms which move money carry."""
        if data is None or (isinstance(data, dict) and "content_type" not in kwargs):
            data = {"submission": str(uuid.uuid4()), **(data or {})}
        return super().post(path, data, *args, **kwargs)


@pytest.fixture
def client() -> Client:
    return FreshClient()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's Chromium, for tests marked `browser`."""
    arguments = [*CHROMIUM_ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    # Playwright's event loop runs in this thread, and Django takes any loop for async code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=arguments)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def environment(transactional_db: None, tmp_path: Path) -> dict[str, str]:
    """The environment for a process that a test starts: it sees the test's database and Redis."""
    url = os.environ.get("DATABASE_URL") or local.postgres_url(settings.VAR_DIR)
    name = connection.settings_dict["NAME"]
    (tmp_path / "var").mkdir()
    return {
        **os.environ,
        "DATABASE_URL": urlsplit(url)._replace(path=f"/{name}").geturl(),
        "REDIS_URL": settings.REDIS_URL,
        "VAR_DIR": str(tmp_path / "var"),
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
    }


@pytest.fixture(autouse=True)
def _no_outgoing_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches beyond this machine fails, here and wherever else it runs."""

    def guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
        def guard(self: socket.socket, address: Any) -> Any:
            if self.family != socket.AF_UNIX and address[0] not in (
                "127.0.0.1",
                "::1",
                "localhost",
            ):
                pytest.fail(f"A connection to {address} was tried; tests stay on this machine.")
            return connect(self, address)

        return guard

    monkeypatch.setattr(socket.socket, "connect", guarded(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex))
