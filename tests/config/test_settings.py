"""Production starts only with what it needs, and says all that is missing at once."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest

from config import settings as project_settings

COMPLETE = {
    "PRODUCTION": "1",
    "SECRET_KEY": "a-secret-of-the-installation-with-more-than-fifty-characters-in-it",
    "SEAL_KEY": "another-secret-kept-outside-of-the-backups",
    "EMAIL_URL": "smtp+tls://somebody:secret@mail.example.org:587",
    "ALLOWED_HOSTS": "subsidies.example.org",
    "DATABASE_URL": "postgres://somebody@127.0.0.1:1/subsidies",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "BASE_URL": "https://subsidies.example.org",
}


def load_settings(
    environment: dict[str, str], then: str = ""
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", f"import config.settings as it; {then}"],
        cwd=project_settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_starts_with_all_that_it_needs():
    assert load_settings(COMPLETE).returncode == 0


def test_an_installation_says_after_how_many_failures_and_for_how_long_accounts_are_locked():
    chosen = {"SIGN_IN_FAILURES": "3", "LOCK_MINUTES": "30"}
    names = ("AXES_FAILURE_LIMIT", "AXES_COOLOFF_TIME", "ACCOUNT_RATE_LIMITS")
    said = load_settings(COMPLETE | chosen, f"print(*(getattr(it, name) for name in {names}))")

    assert said.stdout.startswith("3 0:30:00 ")
    assert "'login_failed': '3/30m/key'" in said.stdout
    assert "'sign_in_failed': '50/30m/ip'" in said.stdout
    assert project_settings.AXES_FAILURE_LIMIT == 5
    assert timedelta(minutes=15) == project_settings.AXES_COOLOFF_TIME


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"DEBUG": "1"}, "DEBUG must be off"),
        ({"DEMO": "1"}, "DEMO must be off"),
        ({"FAILPOINTS": "*=0.1"}, "FAILPOINTS must be empty"),
        ({"SECRET_KEY": ""}, "SECRET_KEY must be set"),
        ({"SECRET_KEY": project_settings.DEVELOPMENT_SECRET}, "SECRET_KEY must be set"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY must be set"),
        ({"SEAL_KEY": ""}, "SEAL_KEY must be set"),
        ({"SEAL_KEY": "short"}, "SEAL_KEY must be set"),
        ({"SEAL_KEY": COMPLETE["SECRET_KEY"]}, "SEAL_KEY must be set"),
        ({"EMAIL_URL": ""}, "EMAIL_URL must name the mail server"),
        ({"EMAIL_URL": "consolemail://"}, "EMAIL_URL must name the mail server"),
        ({"EMAIL_URL": "filemail://"}, "EMAIL_URL must name the mail server"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS must name"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must name"),
        ({"ALLOWED_HOSTS": "subsidies.example.org,*"}, "ALLOWED_HOSTS must name"),
        ({"DATABASE_URL": ""}, "DATABASE_URL must be set"),
        ({"REDIS_URL": ""}, "REDIS_URL must be set"),
        ({"BASE_URL": ""}, "BASE_URL must be"),
        ({"BASE_URL": "https://"}, "BASE_URL must be"),
        ({"BASE_URL": "http://subsidies.example.org"}, "BASE_URL must be"),
    ],
)
def test_production_refuses(changes, message):
    result = load_settings(COMPLETE | changes)

    assert result.returncode != 0
    assert message in result.stderr


def test_production_names_every_fault_at_once():
    result = load_settings({"PRODUCTION": "1"})

    for name in COMPLETE.keys() - {"PRODUCTION"}:
        assert f"{name} must" in result.stderr


def test_jobs_are_never_done_in_the_request():
    from config.celery import app

    assert app.conf.task_always_eager is False
