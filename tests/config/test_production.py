"""Neither the web server nor the worker nor beat serves an installation with demo accounts."""

import subprocess
import sys

import pytest
from django.conf import settings

from accounts.models import User
from tests.config.test_settings import COMPLETE

COMMANDS = {
    "web": ["gunicorn", "--config", "config/gunicorn.py", "--check-config", "config.wsgi"],
    "worker": ["celery", "--app", "config", "worker", "--pool", "solo"],
    "beat": ["celery", "--app", "config", "beat"],
}


def start(name: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    servers = {key: environment[key] for key in ("DATABASE_URL", "REDIS_URL")}
    return subprocess.run(
        [sys.executable, "-m", *COMMANDS[name]],
        cwd=settings.BASE_DIR,
        env=environment | COMPLETE | servers,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_production_does_not_start_with_demo_accounts(name, environment):
    User.objects.create_user("somebody", is_demo=True)

    result = start(name, environment)

    assert result.returncode != 0
    assert "1 demo accounts" in result.stderr


def test_production_starts_without_demo_accounts(environment):
    User.objects.create_user("somebody", is_demo=True, is_active=False)

    assert start("web", environment).returncode == 0


def test_production_does_not_start_without_its_database(environment):
    result = start("worker", environment | {"DATABASE_URL": COMPLETE["DATABASE_URL"]})

    assert result.returncode != 0
