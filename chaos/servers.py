"""The product's processes as children of this one, each started again when it dies."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import psutil

from config import local

BASE_DIR = Path(__file__).resolve().parent.parent
READY_SECONDS = 60
# The database role of the product's processes; this one, which builds and checks, is the owner.
SERVING = "subsidies_app"
PAUSE = 0.2


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ended_at_failpoints(logs: Path) -> Counter[str]:
    """How many processes ended at which failpoint, by what they wrote in their logs."""
    ended: Counter[str] = Counter()
    for log in logs.glob("*.log"):
        text = log.read_text(errors="replace")
        ended.update(re.findall(r"^ended at failpoint (\S+)$", text, re.MULTILINE))
    return ended


class Child:
    """A process with its own group, kept alive until it is stopped."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path):
        self.name = name
        self.restarts = -1
        self._command = command
        self._environment = environment
        self._log = log
        self._wanted = True
        self._start()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def children(self) -> list[psutil.Process]:
        """What it has forked, as far as it lives."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return [
                child
                for child in psutil.Process(self.pid).children(recursive=True)
                if child.status() != psutil.STATUS_ZOMBIE
            ]
        return []

    def kill(self) -> None:
        """End the whole group as a power cut would; it is started again."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def stop(self) -> None:
        self._wanted = False
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
        self._keeper.join()

    def _start(self) -> None:
        self.restarts += 1
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=BASE_DIR,
                env=self._environment | self._number(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _number(self) -> dict[str, str]:
        """From what this start of it draws the chances of its failpoints."""
        seed = self._environment["FAILPOINTS_SEED"]
        return {"FAILPOINTS_SEED": f"{seed} {self.name} {self.restarts}"}

    def _keep(self) -> None:
        while self._wanted:
            if self._process.poll() is not None and self._wanted:
                # A master that died may leave workers on its port.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.pid, signal.SIGKILL)
                time.sleep(PAUSE)
                if self._wanted:
                    self._start()
            time.sleep(PAUSE)


class Installation:
    """Database, Redis, two web servers, two workers and beat in a folder of their own."""

    def __init__(self, folder: Path, *, failpoints: str = "", seed: int = 0) -> None:
        self.folder = folder
        self.var = folder / "var"
        self.var.mkdir(parents=True)
        self.ports = [free_port(), free_port()]
        self._failpoints = {"FAILPOINTS": failpoints, "FAILPOINTS_SEED": str(seed)}
        self.database_url = local.postgres_url(self.var)
        self._stop_redis = local.start_redis(self.var)
        self.environment = os.environ | {
            "VAR_DIR": str(self.var),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": local.redis_url(self.var),
            "MEDIA_ROOT": str(self.var / "media"),
            "BASE_URL": f"http://127.0.0.1:{self.ports[0]}",
            "LOG_LEVEL": "WARNING",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        self.children: dict[str, Child] = {}

    def start(self) -> None:
        """Start the processes; those of the product may end at failpoints."""
        celery = ["celery", "--quiet", "--app", "config"]
        worker = [*celery, "worker", "--concurrency", "2", "--without-gossip", "--without-mingle"]
        web = ["gunicorn", "--config", "config/gunicorn.py", "config.wsgi"]
        commands = {
            "web": web,
            "web 2": web,
            "jobs": [*worker, "--hostname", "one@%h"],
            "jobs 2": [*worker, "--hostname", "two@%h"],
            "beat": [*celery, "beat"],
        }
        environment = self.environment | self._failpoints
        environment["DATABASE_URL"] = self.database_url.replace("//postgres@", f"//{SERVING}@")
        environment |= {"WEB_WORKERS": "2", "WEB_THREADS": "4"}
        # What a web server counts lies in its own folder.
        own = {
            name: {"PORT": str(port), "VAR_DIR": str(self.folder / name)}
            for name, port in zip(("web", "web 2"), self.ports, strict=True)
        }
        for name, command in commands.items():
            log = self.folder / f"{name.replace(' ', '-')}.log"
            self.children[name] = Child(name, command, environment | own.get(name, {}), log)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Returns when every web server answers."""
        began = time.monotonic()
        waiting = list(self.ports)
        while time.monotonic() - began < READY_SECONDS:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", waiting[0]), timeout=2) as connection,
            ):
                connection.settimeout(2)
                connection.sendall(b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
                if b" 200 " in connection.recv(100):
                    del waiting[0]
                    if not waiting:
                        return
            time.sleep(PAUSE)
        raise RuntimeError(f"web does not answer; see {self.folder / 'web.log'}")

    def database(self) -> psutil.Process:
        pid = int((self.var / "postgres" / "postmaster.pid").read_text().split("\n")[0])
        return psutil.Process(pid)

    def restart_database(self) -> None:
        """Start a PostgreSQL that was killed; it recovers from its log."""
        local.postgres_url.cache_clear()
        local.postgres_url(self.var)

    def redis(self) -> psutil.Process:
        folder = str((self.var / "redis").resolve())
        for process in psutil.process_iter(["name", "cwd"]):
            if "redis" in (process.info["name"] or "") and process.info["cwd"] == folder:
                return process
        raise RuntimeError("Redis is not running")

    def restart_redis(self, *, forget: bool = False) -> None:
        if forget:
            for file in (self.var / "redis").glob("appendonlydir/*"):
                file.unlink()
        self._stop_redis = local.start_redis(self.var)

    def stop(self) -> None:
        for child in self.children.values():
            child.stop()
        self._stop_redis()
