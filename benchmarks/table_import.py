"""I02: tables of 100,000 companies and of 100,000 credit entries, checked and written by a real
worker: how long, and how much memory the worker and the reader that it starts take together at
most."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.figure import Figure

ROWS = 100_000
WORKER = ["celery", "--quiet", "--app", "config", "worker", "--concurrency", "1"]
GIVE_UP_SECONDS = 600


def measure() -> Iterator[Figure]:
    """In a folder of its own, with its own database and queue."""
    with tempfile.TemporaryDirectory(prefix="subsidies-bench-") as folder:
        environment = {**os.environ, "VAR_DIR": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}
        command = [sys.executable, "-m", "benchmarks.table_import"]
        answer = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, text=True, check=True
        ).stdout
    for line in answer.splitlines():
        name, value, unit, goal = line.split()
        yield Figure(name, float(value), unit, goal=float(goal))


class Memory(threading.Thread):
    """The most that a process and those it started took together, in MiB."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.process = psutil.Process(pid)
        self.most = 0.0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.05):
            self.most = max(self.most, self._now())

    def _now(self) -> float:
        """Of the pool's process and its reader; the parent only hands jobs over."""
        total = 0
        for process in self.process.children(recursive=True):
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total / 1024 / 1024


def main() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.core.management import call_command

    from accounts.models import Appointment, Department, District, Role, User
    from companies.imports import services
    from companies.imports.access import ImportKind
    from companies.imports.models import Import, ImportState
    from config import local
    from tests.imports.tables import COMPANIES, CREDIT, as_csv, as_xlsx, company_rows

    stop_redis = local.start_redis(Path(settings.VAR_DIR))
    call_command("migrate", verbosity=0)
    district = District.objects.create(code="330205", name="区", short_name="区")
    department = Department.objects.create(
        district=district, code="finance", name="局", short_name="局", is_finance=True
    )
    user = User.objects.create(username="bench", name="测")
    Appointment.objects.create(
        user=user, department=department, role=Role.ADMINISTRATOR, starts_on="2020-01-01"
    )

    def until(run: Import, *states: ImportState) -> float:
        start = time.perf_counter()
        while run.state not in states:
            if time.perf_counter() - start > GIVE_UP_SECONDS:
                raise RuntimeError(run.state)
            time.sleep(0.05)
            run.refresh_from_db(fields=["state"])
        return time.perf_counter() - start

    rows = [COMPANIES, *company_rows(ROWS)]
    entries = [
        CREDIT,
        *(
            (row[0], "行政处罚", "罚款", f"{n}号", "2025-03-01", "")
            for n, row in enumerate(rows[1:])
        ),
    ]
    tables = (
        ("import-xlsx", ImportKind.COMPANIES, "xlsx", as_xlsx(rows)),
        ("import-csv", ImportKind.COMPANIES, "csv", as_csv(rows)),
        ("import-credit", ImportKind.CREDIT, "xlsx", as_xlsx(entries)),
    )
    worker = subprocess.Popen(
        [str(Path(sys.executable).with_name(WORKER[0])), *WORKER[1:]],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    memory = Memory(worker.pid)
    memory.start()
    try:
        for name, kind, ending, content in tables:
            run = services.start_import(
                kind,
                district,
                SimpleUploadedFile(f"table.{ending}", content),
                by=user,
            )
            checked = until(run, ImportState.READY, ImportState.FAULTY)
            run.refresh_from_db()
            print(f"{name}-check", checked, "s", 60)
            if run.changes:
                services.confirm_import(run, plan=run.plan, codes_confirmed=True, by=user)
                print(f"{name}-write", until(run, ImportState.WRITTEN), "s", 90)
            elif run.same != ROWS:
                raise RuntimeError(run.fault_list[:3])
    finally:
        memory.ended.set()
        memory.join()
        worker.terminate()
        worker.wait(timeout=60)
        stop_redis()
    print("import-memory", memory.most, "MiB", 512)


if __name__ == "__main__":
    main()
