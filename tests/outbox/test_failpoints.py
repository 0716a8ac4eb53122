"""Failpoints end a process at once, where a chaos run says so and nowhere else."""

import os
import signal
import subprocess
import sys

import pytest
from django.conf import settings

START = """
import django; django.setup()
import os
from outbox.failpoints import failpoint
"""
ONCE = """
failpoint("case.approved")
print("went on")
"""
# Two children, each passing points until it ends at one.
CHILDREN = """
for child in range(2):
    pid = os.fork()
    if not pid:
        for passed in range(10_000):
            print(child, passed, flush=True)
            failpoint("case.approved")
    os.waitpid(pid, 0)
"""


def pass_failpoint(
    failpoints: str, code: str = ONCE, seed: str = ""
) -> "subprocess.CompletedProcess[str]":
    environment = {"FAILPOINTS": failpoints, "FAILPOINTS_SEED": seed}
    return subprocess.run(
        [sys.executable, "-c", START + code],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", **environment},
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
    assert "\nended at failpoint case.approved\n" in result.stderr


@pytest.mark.parametrize("failpoints", ["", "outbox.done=1", "case.approved=0,*=1"])
def test_a_process_passes_a_failpoint_without_a_chance(failpoints):
    assert "went on" in pass_failpoint(failpoints).stdout


def test_a_seed_gives_each_process_the_same_draws_again_and_each_its_own():
    first, again, other = (
        pass_failpoint("*=0.05", CHILDREN, seed).stdout for seed in ("7", "7", "8")
    )
    lasted = [first.count(f"{child} ") for child in range(2)]

    assert first == again != other
    assert lasted[0] != lasted[1]
