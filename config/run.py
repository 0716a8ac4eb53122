"""`make run`: everything on this machine, in the foreground, until Ctrl-C.

This process owns PostgreSQL and Redis and hands their addresses to the Procfile's processes,
which honcho runs. Whatever ends it (Ctrl-C, SIGTERM, a closed terminal, a process that dies)
ends all; what a `kill -9` leaves is cleared by the next start.
"""

import contextlib
import fcntl
import io
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import psutil
from honcho.environ import parse_procfile
from honcho.manager import Manager

from config import local

BASE_DIR = Path(__file__).resolve().parent.parent
STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
STOP_SECONDS = 10


class Refused(Exception):
    """Why nothing was started; the text says what to do."""


def main() -> int:
    os.chdir(BASE_DIR)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    for number in STOP_SIGNALS:
        signal.signal(number, _interrupt)
    try:
        return run()
    except (Refused, local.LocalServerError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        # The servers are stopped at exit; a second Ctrl-C must not leave one behind.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def run() -> int:
    var = Path(os.environ.get("VAR_DIR") or BASE_DIR / "var")
    var.mkdir(parents=True, exist_ok=True)
    port = os.environ.setdefault("PORT", "8000")
    os.environ.setdefault("BASE_URL", f"http://127.0.0.1:{port}")
    local.remember_base_url(var, os.environ["BASE_URL"])
    # The Procfile's commands lie beside this Python.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with _lock(var / "run.lock"):
        leftovers = Leftovers(var / "run.json")
        leftovers.stop()
        _refuse_taken(port)
        with _signals_wait():
            os.environ["DATABASE_URL"] = os.environ.get("DATABASE_URL") or local.postgres_url(var)
        if not os.environ.get("REDIS_URL"):
            local.start_redis(var)
            os.environ["REDIS_URL"] = local.redis_url(var)
        prepare()

        processes = Processes(leftovers)
        for name, command in parse_procfile((BASE_DIR / "Procfile").read_text()).processes.items():
            # The shell becomes the process, so that a signal reaches it.
            processes.add_process(name, f"exec {command}")
        processes.loop()
        leftovers.forget()
        if processes.died:
            names = " and ".join(processes.died)
            print(f"{names} ended by itself (see above); everything was stopped.", file=sys.stderr)
            return 1
        return int(processes.returncode)


def prepare() -> None:
    """Bring the database up to date, fill an empty one, and say where to look."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

    from django.conf import settings
    from django.core.management import CommandError, call_command
    from django.db import connections

    call_command("migrate", verbosity=0)
    try:
        call_command("load_catalogue", stdout=io.StringIO())
    except CommandError as error:
        raise Refused(f"The catalogue was not loaded: {' '.join(str(error).split())}") from error
    if settings.DEMO:
        _ensure_demo_district()
    # Nothing is collected here; WhiteNoise only warns of a folder that is not there.
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    print(f"\n{settings.BASE_URL}   (Ctrl-C stops everything)\n")
    # The processes to come open their own.
    connections.close_all()


def _ensure_demo_district() -> None:
    """Make the demo district unless it is there, and say who may sign in."""
    from django.core.management import call_command

    from accounts.models import User
    from demo.people import PASSWORD, SIGN_INS

    purposes = dict(SIGN_INS)
    people = User.objects.filter(username__in=purposes, is_demo=True)
    # A lone walkthrough leaves people but no district; the command knows whether it is there.
    print("Making the demo district, if it is not there yet ...")
    call_command("make_demo_district", stdout=io.StringIO())
    names = dict(people.values_list("username", "name"))
    print(f"\nSign in as (password {PASSWORD}):")
    for username, purpose in purposes.items():
        if username in names:
            print(f"  {username:<16} {names[username]}  {purpose}")


class Processes(Manager):
    """Honcho's manager, safe against a signal while it starts its processes."""

    def __init__(self, leftovers: "Leftovers") -> None:
        super().__init__()
        self.died: list[str] = []
        self._leftovers = leftovers

    def _start(self) -> None:
        # Honcho cannot stop a process whose number it has not heard yet: signals wait until then.
        held: list[int] = []
        handlers = {
            number: signal.signal(number, lambda number, _frame: held.append(number))
            for number in STOP_SIGNALS
        }
        super()._start()
        messages = []
        while not self._all_started():
            message = self.events.get()
            if message.type == "start":
                self._processes[message.name]["pid"] = message.data["pid"]
            messages.append(message)
        for message in messages:
            self.events.put(message)
        self._leftovers.note(process["pid"] for process in self._processes.values())
        handlers[signal.SIGHUP] = _terminate_self
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if held:
            _terminate_self()

    def terminate(self) -> None:
        if not self._terminating:
            self.died = [name for name, one in self._processes.items() if "returncode" in one]
        super().terminate()


class Leftovers:
    """The processes of a start whose parent was killed, remembered by number and birth."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self, pids: Iterator[int]) -> None:
        born = {}
        for pid in pids:
            with contextlib.suppress(psutil.NoSuchProcess):
                born[pid] = psutil.Process(pid).create_time()
        self.path.write_text(json.dumps(born))

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)

    def stop(self) -> None:
        try:
            born = json.loads(self.path.read_text())
        except (FileNotFoundError, ValueError):
            return
        left = []
        for pid, birth in born.items():
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(int(pid))
                if process.create_time() == birth:
                    left += [process, *process.children(recursive=True)]
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
        _, stubborn = psutil.wait_procs(left, timeout=STOP_SECONDS)
        for process in stubborn:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.forget()


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[TextIO]:
    """Held by this process alone (children do not inherit it) and gone when it is."""
    with path.open("a") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Refused("Already running here. Stop that one first (Ctrl-C).") from None
        yield file


def _refuse_taken(port: str) -> None:
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise Refused(f"PORT={port} is not a port number.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((os.environ.get("BIND", "127.0.0.1"), int(port)))
        except OSError:
            other = int(port) % 65535 + 1
            raise Refused(f"Port {port} is in use. Choose another: make run PORT={other}") from None


@contextlib.contextmanager
def _signals_wait() -> Iterator[None]:
    """Ctrl-C between a server's start and our knowing of it would leave it running."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _terminate_self(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
