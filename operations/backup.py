"""A backup of a running installation: one moment of the database, and every file it names.

The database is dumped from one snapshot; the files are copied after it. They are never changed
and never deleted while a row names them, so the later copy holds all that the snapshot names.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from audit.models import Head
from operations import postgres
from operations.files import NamedFile, named_files
from operations.manifest import DATABASE, FILES, Manifest, Part


def back_up(target: Path) -> list[str]:
    """Write a backup into a folder that does not exist yet; the names of files that rows name and
    that are not there, which no backup can hold.

    Until it is whole the folder is called `.partial` and has no manifest.
    """
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    with _snapshot() as snapshot:
        postgres.run(
            "pg_dump",
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            f"--snapshot={snapshot}",
            f"--file={partial / DATABASE}",
        )
        manifest = _manifest()
        files = list(named_files())
    manifest.parts[DATABASE] = Part.of(partial / DATABASE)
    missing = []
    for file in files:
        if part := _copy(file, partial):
            manifest.parts[f"{FILES}/{file.name}"] = part
        else:
            missing.append(file.name)
    manifest.write(partial)
    _bring_to_disk(partial)
    partial.rename(target)
    return missing


@contextmanager
def _snapshot() -> Iterator[str]:
    """One moment of the database, which pg_dump is told by its name."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        # The dump takes its time, in which this transaction only waits.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        yield str(cursor.fetchone()[0])


def _manifest() -> Manifest:
    head = Head.objects.filter(pk=1).first() or Head()
    return Manifest(
        made_at=timezone.localtime().isoformat(),
        postgresql=postgres.server_version(),
        audit_seq=head.seq,
        audit_hash=head.hash,
        migrations=applied_migrations(),
        rows=row_counts(),
    )


def applied_migrations() -> list[str]:
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


def row_counts() -> dict[str, int]:
    counts = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
            counts[table] = int(cursor.fetchone()[0])
    return counts


def _copy(file: NamedFile, folder: Path) -> Part | None:
    target = folder / FILES / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(file.path, target)
    except FileNotFoundError:
        return None
    return Part.of(target)


def _bring_to_disk(folder: Path) -> None:
    """What is called whole must outlive a loss of power."""
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
