"""How web server and worker go (F19): a deploy cuts nobody off and breaks no job off; and what a
process that was killed had in its hands comes again."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from django.conf import settings

from chaos.servers import free_port
from tests.config import slow_jobs

# Until something is given up for lost; a worker on a busy machine takes its time to start.
SECONDS = 60


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def server(port, tmp_path):
    with serving(port, tmp_path) as process:
        yield process


@contextlib.contextmanager
def serving(port, folder, *options):
    """gunicorn as it serves the product, in one process, with a page that takes half a second."""
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py"]
    process = subprocess.Popen(
        [*gunicorn, *options, "tests.config.slow"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"PORT": str(port), "WEB_WORKERS": "1", "VAR_DIR": str(folder)},
    )
    try:
        wait_for(lambda: is_open(port))
        yield process
    finally:
        process.kill()
        process.wait()


def is_open(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def wait_for(condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_request_under_way_is_finished_when_the_server_is_told_to_go(server, port, tmp_path):
    begun = tmp_path / "begun"
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    asked.request("GET", f"/?{begun}")
    wait_for(begun.exists)

    server.send_signal(signal.SIGTERM)

    assert asked.getresponse().read() == b"done"
    assert server.wait(SECONDS) == 0


@pytest.fixture
def worker(tmp_path):
    """A worker as the Procfile starts it, for a queue of its own."""
    command = "-m celery --quiet --app tests.config.slow_jobs worker --concurrency 1"
    process = subprocess.Popen(
        [sys.executable, *command.split(), "--queues", tmp_path.name],
        cwd=settings.BASE_DIR,
        env=os.environ | {"REDIS_URL": settings.REDIS_URL},
    )
    yield process
    process.kill()
    process.wait()


def test_a_job_under_way_is_finished_when_the_worker_is_told_to_go(worker, tmp_path):
    begun, done = tmp_path / "begun", tmp_path / "done"
    slow_jobs.work.apply_async([str(begun), str(done)], queue=tmp_path.name)
    wait_for(begun.exists)

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(SECONDS) == 0
    assert done.exists()


def test_a_job_whose_process_was_killed_comes_again_and_is_finished(worker, tmp_path):
    """Messages are acknowledged when the job is done, and go back when its process is lost."""
    begun, done = tmp_path / "begun", tmp_path / "done"

    slow_jobs.end_at_first.apply_async([str(begun), str(done)], queue=tmp_path.name)

    wait_for(done.exists)
    assert begun.exists()
