"""How each kind of fault is done."""

import contextlib
import math
import signal
import threading
import time
from datetime import datetime
from random import Random

import psutil
from django.utils import timezone

from chaos.plan import Fault
from chaos.servers import Installation

# Longer than a request may take to fail, shorter than anything that would end the process.
HANG_SECONDS = 4.0
# Longer than a lease: when the process goes on, another one has done or is doing its job.
JOB_HANG_SECONDS = 40.0
RECOVERY_SECONDS = 30
WEB = ["web", "web 2"]
JOBS = ["jobs", "jobs 2"]


class Faults:
    """Does the planned faults as the run proceeds, and keeps what was done."""

    def __init__(self, installation: Installation, planned: list[Fault], random: Random) -> None:
        self._installation = installation
        self._planned = planned
        self._random = random
        self.done: list[tuple[datetime, str]] = []
        self.missed: list[str] = []
        self._hanging: list[threading.Timer] = []

    def follow(self, progress: "Progress") -> None:
        """Do each fault when its share of the approvals is settled; returns after the last one
        or when the clients have ended, and when all that hung goes on."""
        for fault in self._planned:
            while progress.share < fault.at and not progress.over:
                time.sleep(0.05)
            if progress.over:
                self.missed.append(fault.kind)
                continue
            try:
                self._do(fault.kind)
            except (psutil.NoSuchProcess, IndexError, RuntimeError, FileNotFoundError):
                # What was to be killed was down already: once more when it is back.
                time.sleep(2)
                with contextlib.suppress(
                    psutil.NoSuchProcess, IndexError, RuntimeError, FileNotFoundError
                ):
                    self._do(fault.kind)
                    self.done.append((timezone.now(), fault.kind))
                    continue
                self.missed.append(fault.kind)
            else:
                self.done.append((timezone.now(), fault.kind))
        for timer in self._hanging:
            timer.join()

    def _do(self, kind: str) -> None:
        installation = self._installation
        match kind:
            case "web worker":
                self._one_of(self._random.choice(WEB)).kill()
            case "web":
                installation.children[self._random.choice(WEB)].kill()
            case "job child":
                self._one_of(self._random.choice(JOBS)).kill()
            case "jobs":
                installation.children[self._random.choice(JOBS)].kill()
            case "beat":
                installation.children["beat"].kill()
            case "web worker hangs":
                self._hang(self._one_of(self._random.choice(WEB)))
            case "job child hangs":
                self._hang(self._one_of(self._random.choice(JOBS)), JOB_HANG_SECONDS)
            case "database backend":
                _anchor()
                # One lost backend makes PostgreSQL end all others and recover.
                self._random.choice(self._backends()).kill()
                self._wait_for_database()
            case "database":
                _anchor()
                database = installation.database()
                # Stopped first: it would start another child while these are killed.
                database.suspend()
                family = [database, *database.children(recursive=True)]
                for process in family:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.kill()
                psutil.wait_procs(family, timeout=10)
                installation.restart_database()
                self._wait_for_database()
            case "redis":
                self._end_redis()
                installation.restart_redis()
            case "redis forgets":
                self._end_redis()
                installation.restart_redis(forget=True)
            case "redis hangs":
                self._hang(installation.redis())
            case _:
                raise ValueError(kind)

    def _one_of(self, name: str) -> psutil.Process:
        return self._random.choice(self._installation.children[name].children())

    def _backends(self) -> list[psutil.Process]:
        children = self._installation.database().children()
        return [child for child in children if b_is_client(child)]

    def _wait_for_database(self) -> None:
        import psycopg

        deadline = time.monotonic() + RECOVERY_SECONDS
        while True:
            try:
                psycopg.connect(self._installation.database_url, connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise RuntimeError("the database does not come back") from None
                time.sleep(0.1)

    def _end_redis(self) -> None:
        redis = self._installation.redis()
        redis.kill()
        redis.wait(10)

    def _hang(self, process: psutil.Process, seconds: float = HANG_SECONDS) -> None:
        process.send_signal(signal.SIGSTOP)

        def go_on() -> None:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)

        timer = threading.Timer(seconds, go_on)
        timer.start()
        self._hanging.append(timer)


def _anchor() -> None:
    """What the audit chain has reached before a crash must stand there after it."""
    from django.db import DatabaseError, connection

    from audit.anchors import drop_anchor

    # It may be down from the fault before.
    with contextlib.suppress(DatabaseError):
        drop_anchor()
    connection.close()


def b_is_client(process: psutil.Process) -> bool:
    """Whether a PostgreSQL process serves a connection, by what it calls itself."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return "[local]" in " ".join(process.cmdline())
    return False


class Progress:
    """How far the clients are, for whoever breaks things."""

    def __init__(self, total: int, minutes: float | None) -> None:
        self.total = total
        self._began = time.monotonic()
        self._seconds = 60 * minutes if minutes else math.inf
        self.settled = 0
        self.over = False
        self._lock = threading.Lock()

    def settle(self) -> None:
        with self._lock:
            self.settled += 1

    @property
    def late(self) -> bool:
        """Whether the time is up: nothing new is begun."""
        return time.monotonic() - self._began > self._seconds

    @property
    def share(self) -> float:
        """Of what there is to do, or of the time where that is shorter."""
        return max(self.settled / self.total, (time.monotonic() - self._began) / self._seconds)
