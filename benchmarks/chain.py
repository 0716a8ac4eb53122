"""How long a million acts take to verify."""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.figure import Figure

ENTRIES = 1_000_000


def measure() -> Iterator[Figure]:
    """In a folder of its own, with its own database."""
    with tempfile.TemporaryDirectory(prefix="subsidies-bench-") as folder:
        environment = {**os.environ, "VAR_DIR": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}
        seconds = subprocess.run(
            [sys.executable, "-m", "benchmarks.chain"],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
    yield Figure("verify-1000000-acts", float(seconds), "s", goal=60)


def write_chain(count: int) -> None:
    """Append acts of the usual size to an empty chain, as fast as the database takes them."""
    from django.db import connection, transaction
    from psycopg.types.json import Jsonb

    from audit.models import GENESIS, HASHED, Head, hash_of

    begun, previous = datetime(2026, 1, 1, tzinfo=UTC), GENESIS
    columns = ", ".join([*HASHED, "hash"])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        with cursor.copy(f"COPY audit_entry ({columns}) FROM STDIN") as copy:
            for seq in range(1, count + 1):
                data = {
                    "number": f"2026{seq:08}",
                    "company": "甲科技有限公司",
                    "verdict": "agree",
                    "amount": "120000.00",
                    "text": "材料齐全，同意。",
                    "sha256": hashlib.sha256(str(seq).encode()).hexdigest(),
                }
                fields = (
                    *(seq, begun + timedelta(seconds=seq), None, None, "陈立"),
                    *("case.review.agree", "subsidies.application", str(seq), data, previous),
                )
                previous = hash_of(*fields)
                copy.write_row(
                    [
                        *(Jsonb(value) if isinstance(value, dict) else value for value in fields),
                        previous,
                    ]
                )
        Head.objects.update_or_create(pk=1, defaults={"seq": count, "hash": previous})


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from audit.services import first_broken_entry

    call_command("migrate", verbosity=0)
    write_chain(ENTRIES)
    start = time.perf_counter()
    if first_broken_entry() is not None:
        raise RuntimeError("the chain that was just written is broken")
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main()
