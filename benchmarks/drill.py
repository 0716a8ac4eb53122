"""A backup taken while people work and restored elsewhere: how long both take with a million acts
and a thousand files, and how long an act takes meanwhile. The restore ends with all its checks."""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.chain import ENTRIES, write_chain
from benchmarks.figure import Figure

FILES = 1000
FILE_BYTES = 100_000


def measure() -> Iterator[Figure]:
    """In folders of its own, each with its own database."""
    with tempfile.TemporaryDirectory(prefix="subsidies-bench-") as folder:
        here = {
            **os.environ,
            "VAR_DIR": f"{folder}/here",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            # No broker runs: jobs stay rows, which is said every few seconds.
            "LOG_LEVEL": "ERROR",
        }
        command = [sys.executable, "-m", "benchmarks.drill", f"{folder}/backup"]
        answer = subprocess.run(command, env=here, stdout=subprocess.PIPE, text=True, check=True)
        for line in answer.stdout.splitlines():
            name, value, unit, goal = line.split()
            yield Figure(name, float(value), unit, goal=float(goal))
        there = {**here, "VAR_DIR": f"{folder}/there"}
        start = time.perf_counter()
        _manage("restore", f"{folder}/backup", env=there)
        yield Figure("drill-restore", time.perf_counter() - start, "s", goal=900)


def _manage(*arguments: str, env: dict[str, str] | None = None) -> None:
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True)


class Clerk(threading.Thread):
    """Acts and files that go on until told to stop; how long each took, in milliseconds."""

    def __init__(self, company: object, user: object) -> None:
        super().__init__(daemon=True)
        self.company, self.user = company, user
        self.took: list[float] = []
        self.is_over = threading.Event()

    def run(self) -> None:
        from django.db import connection

        while not self.is_over.wait(0.01):
            start = time.perf_counter()
            keep_file(self.company, self.user)
            self.took.append((time.perf_counter() - start) * 1000)
        connection.close()


def keep_file(company: object, user: object) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.db import transaction

    from audit.services import record
    from companies.files import store_file

    content = b"%PDF-1.4\n" + os.urandom(FILE_BYTES) + b"%%EOF\n"
    with transaction.atomic():
        stored = store_file(company, SimpleUploadedFile("a.pdf", content), by=user)
        record("file.described", about=stored, by=user, sha256=stored.sha256)


def main(target: Path) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from accounts.models import District, User
    from companies.models import Company, Member

    call_command("migrate", verbosity=0)
    write_chain(ENTRIES)
    district = District.objects.create(code="330205", name="区", short_name="区")
    user = User.objects.create(username="bench", name="测")
    company = Company.objects.create(
        district=district, uscc="91330205MA2AAAAA0E", name="甲科技有限公司"
    )
    Member.objects.create(company=company, user=user)
    for _number in range(FILES):
        keep_file(company, user)
    clerk = Clerk(company, user)
    clerk.start()
    start = time.perf_counter()
    _manage("backup", str(target))
    seconds = time.perf_counter() - start
    clerk.is_over.set()
    clerk.join()
    print("drill-backup", seconds, "s", 300)
    print("drill-act-meanwhile-p95", statistics.quantiles(clerk.took, n=20)[-1], "ms", 500)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
