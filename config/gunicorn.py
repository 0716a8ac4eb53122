"""How gunicorn serves the pages, the same on a developer's machine and in a container."""

import os
import shutil
from pathlib import Path
from typing import Any

bind = f"{os.environ.get('BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
# Few processes with threads: most of a request is waiting for the database.
# gunicorn's own, but it gives slow clients up.
worker_class = "config.worker.Worker"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
# Longer than the database's statement_timeout, so that its answer comes first.
timeout = 30
graceful_timeout = 10
# The start checks run once, before anything is served; a failure ends the whole process.
preload_app = True
# Recycled now and then, not all at once.
max_requests = 2000
max_requests_jitter = 200
# One socket in the home folder would be shared by all that run there.
control_socket_disable = True

# Each process counts its requests in files here; /metrics adds them up. Read when the
# Prometheus client is first imported, so it is set before the application is.
_counts = Path(
    os.environ.get("VAR_DIR") or Path(__file__).resolve().parent.parent / "var", "metrics"
)
shutil.rmtree(_counts, ignore_errors=True)
_counts.mkdir(parents=True)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_counts)


def child_exit(server: Any, worker: Any) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)
