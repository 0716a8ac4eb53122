"""A job that takes its time, for a worker that is about to be replaced."""

import time
from pathlib import Path

from config.celery import app

SECONDS = 0.5


@app.task
def work(begun: str, done: str) -> None:
    Path(begun).touch()
    time.sleep(SECONDS)
    Path(done).touch()
