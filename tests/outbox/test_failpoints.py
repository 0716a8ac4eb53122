"""Failpoints end a process at once, where a chaos run says so and nowhere else."""

import os
import signal
import subprocess
import sys

import pytest
from django.conf import settings

CODE = """
import django; django.setup()
from outbox.failpoints import failpoint
failpoint("case.approved")
print("went on")
"""


def pass_failpoint(failpoints: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", "FAILPOINTS": failpoints},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("failpoints", ["case.approved=1", "*=1", "outbox.done=0,*=1"])
def test_a_process_ends_at_a_failpoint_that_is_sure(failpoints):
    result = pass_failpoint(failpoints)

    assert result.returncode == -signal.SIGKILL
    assert "went on" not in result.stdout


@pytest.mark.parametrize("failpoints", ["", "outbox.done=1", "case.approved=0,*=1"])
def test_a_process_passes_a_failpoint_without_a_chance(failpoints):
    assert "went on" in pass_failpoint(failpoints).stdout
