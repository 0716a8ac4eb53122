"""What is done and what is broken, drawn from a seed."""

from collections import Counter
from dataclasses import dataclass
from random import Random

# How a fault of each kind is done stands in `chaos.faults`.
KILLS = ("web worker", "web", "job child", "jobs", "beat")
KILL_WEIGHTS = (8, 2, 6, 3, 1)
DATABASE_CRASHES = ("database backend", "database")
REDIS_FAULTS = ("redis", "redis hangs", "redis forgets")
HANGS = ("web worker hangs", "job child hangs")


@dataclass(frozen=True)
class Profile:
    """How much of everything. `failpoints` is the chance that a process ends at each of the
    named points it passes."""

    approvals: int
    clients: int
    kills: int
    database_crashes: int
    redis_faults: int
    hangs: int
    failpoints: float


PROFILES = {
    "short": Profile(
        approvals=150,
        clients=12,
        kills=12,
        database_crashes=2,
        redis_faults=3,
        hangs=2,
        failpoints=0.0015,
    ),
    "long": Profile(
        approvals=10_000,
        clients=64,
        kills=215,
        database_crashes=22,
        redis_faults=9,
        hangs=10,
        failpoints=0.0005,
    ),
}


@dataclass(frozen=True)
class Fault:
    """Something broken once so many of the approvals are settled (a share from 0 to 1)."""

    at: float
    kind: str


def faults(profile: Profile, random: Random) -> list[Fault]:
    """The faults of a run in their order. Each kind of Redis fault comes at least once where
    there are three or more."""
    kinds = [
        *random.choices(KILLS, KILL_WEIGHTS, k=profile.kills),
        *_evenly(DATABASE_CRASHES, profile.database_crashes),
        *_evenly(REDIS_FAULTS, profile.redis_faults),
        *_evenly(HANGS, profile.hangs),
    ]
    random.shuffle(kinds)
    # Nothing breaks in the last tenth: by then each client has met whatever it will meet.
    return [Fault(0.9 * (place + 1) / len(kinds), kind) for place, kind in enumerate(kinds)]


def summary(planned: list[Fault]) -> str:
    counts = Counter(fault.kind for fault in planned)
    return ", ".join(f"{count} × {kind}" for kind, count in sorted(counts.items()))


def order(planned: list[Fault]) -> str:
    """Each fault with the share of the approvals at which it comes."""
    return ", ".join(f"{fault.at:.1%} {fault.kind}" for fault in planned)


def _evenly(kinds: tuple[str, ...], number: int) -> list[str]:
    return [kinds[place % len(kinds)] for place in range(number)]
