"""How long one waits for `make run` when everything has been set up before."""

import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure

GIVE_UP_SECONDS = 120


def measure() -> Iterator[Figure]:
    """A first start prepares its own folder, out of the way of one that runs; the second counts."""
    with tempfile.TemporaryDirectory(prefix="subsidies-bench-") as folder:
        _seconds_until_it_answers(Path(folder))
        yield Figure("second-start", _seconds_until_it_answers(Path(folder)), "s", goal=10)


def _seconds_until_it_answers(folder: Path) -> float:
    port = _free_port()
    environment = {**os.environ, "PORT": str(port), "VAR_DIR": str(folder)}
    start = time.perf_counter()
    with (folder / "run.log").open("w") as log:
        process = subprocess.Popen(
            ["make", "run"], env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() - start > GIVE_UP_SECONDS:
                raise RuntimeError((folder / "run.log").read_text())
            time.sleep(0.05)
        return time.perf_counter() - start
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=60)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
