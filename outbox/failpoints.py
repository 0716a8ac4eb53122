"""Named points at which a chaos run ends the process at once, as a power cut would.

`FAILPOINTS` in the environment gives each its chance, `*` all others:
`FAILPOINTS="outbox.done=0.01,*=0.001"`. Production refuses to start with it.
"""

import os
import random
import signal

from django.conf import settings


def _chances(text: str) -> dict[str, float]:
    pairs = (part.split("=") for part in text.split(",") if part)
    return {name: float(chance) for name, chance in pairs}


_CHANCES = _chances(settings.FAILPOINTS)
_random = random.SystemRandom()


def failpoint(name: str) -> None:
    """End this process here, if a chaos run says so. Nothing is flushed, nothing is cleaned up."""
    if not _CHANCES:
        return
    chance = _CHANCES.get(name, _CHANCES.get("*", 0.0))
    if chance and _random.random() < chance:
        _end()


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
