"""Files of strangers are opened in a process of their own: little memory, little time, no secrets.

A spreadsheet of 5 KB can ask its reader for 512 GB, and the reader is killed for it; then it is
this process that dies and not the worker.
"""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import IO

MEMORY = 640 * 1024 * 1024  # bytes of address space; what is used of it stays below
SECONDS = 60  # of the processor; whoever reads the answer may take longer
PATIENCE = 600  # seconds by the clock, for a process that hangs

PROJECT = Path(__file__).resolve().parent.parent


class Broken(Exception):
    """The process ended before it was done: the file is damaged, too large or hostile."""


@contextmanager
def process(module: str, *arguments: str) -> Iterator[IO[bytes]]:
    """What the module prints when it is run on a file. Raises Broken at the end if it failed."""
    child = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=PROJECT,
        env={"LANG": "C.UTF-8", "PATH": os.defpath},
    )
    assert child.stdout is not None
    limit = Timer(PATIENCE, child.kill)
    limit.daemon = True
    limit.start()
    try:
        yield child.stdout
        if child.wait() != 0:
            raise Broken(f"{module} ended with {child.returncode}")
    finally:
        limit.cancel()
        child.kill()
        child.stdout.close()
        child.wait()


def confine(*, memory: int = MEMORY, seconds: int = SECONDS) -> None:
    """Called first by a module that `process` runs: sets the limits on itself."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
