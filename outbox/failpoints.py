"""Named points at which a chaos run ends the process at once, as a power cut would.

`FAILPOINTS` in the environment gives each its chance, `*` all others:
`FAILPOINTS="outbox.done=0.01,*=0.001"`. Production refuses to start with it.

The chances are drawn from `FAILPOINTS_SEED` and the process's number, so that each process has
the same draws in the next run. Which points it passes in which order is up to what it has to do,
and with several threads to the operating system: that is not given again.
"""

import os
import signal
from random import Random

from django.conf import settings


def _chances(text: str) -> dict[str, float]:
    pairs = (part.split("=") for part in text.split(",") if part)
    return {name: float(chance) for name, chance in pairs}


_CHANCES = _chances(settings.FAILPOINTS)
_forks = 0
_seed = settings.FAILPOINTS_SEED
# Nobody is to guess them: they are to come again.
_random = Random(_seed)  # noqa: S311


def _count_fork() -> None:
    global _forks
    _forks += 1


def _become_child() -> None:
    """A process has its parent's seed, and behind it which of its parent's children it is."""
    global _forks, _seed, _random
    _seed, _forks = f"{_seed}.{_forks}", 0
    _random = Random(_seed)  # noqa: S311


if _CHANCES:
    os.register_at_fork(before=_count_fork, after_in_child=_become_child)


def failpoint(name: str) -> None:
    """End this process here, if a chaos run says so. Nothing is flushed, nothing is cleaned up."""
    if not _CHANCES:
        return
    chance = _CHANCES.get(name, _CHANCES.get("*", 0.0))
    if chance and _random.random() < chance:
        _end(name)


def _end(name: str) -> None:
    # Past all buffers into the process's log, where the run's report counts it.
    os.write(2, f"\nended at failpoint {name}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)
