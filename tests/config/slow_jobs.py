"""Jobs for a worker that is about to be replaced or whose process is killed."""

import os
import signal
import time
from pathlib import Path

from config.celery import app

SECONDS = 0.5


@app.task
def work(begun: str, done: str) -> None:
    Path(begun).touch()
    time.sleep(SECONDS)
    Path(done).touch()


@app.task
def end_at_first(begun: str, done: str) -> None:
    """Ends its process in its midst as a power cut would; when it comes again it is finished."""
    if not Path(begun).exists():
        Path(begun).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    Path(done).touch()
