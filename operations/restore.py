"""Coming back from a backup: trust it first, then restore, then look whether all is whole.

What was here before is kept aside until the backup is in its place: whatever fails before that
leaves the installation as it was.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.migrations.loader import MigrationLoader

from audit.models import Head
from audit.verification import verify_chain
from operations import postgres
from operations.backup import row_counts
from operations.files import faulty_files
from operations.manifest import DATABASE, FILES, BackupRefused, Manifest
from outbox.services import leave_in_doubt
from subsidies.incidents.services import verify_receipts
from subsidies.ledger.reconciliation import differences
from subsidies.ledger.settlement import stored_differences

# Where the backup's files wait, on the disk where they will stay; where the database that was
# here waits meanwhile.
INCOMING = ".incoming"
BEFORE = "before_restore"
# Beside the files themselves: for what they take in folders, and so that the disk is not full.
ROOM = 100 * 1024 * 1024


@dataclass(frozen=True)
class Restored:
    """`faults`: what the checks found wrong, one line each; `in_doubt`: how many mails were open
    when the backup was made, of which nobody can tell whether they went out since."""

    faults: list[str]
    in_doubt: int


def restore(source: Path, *, replace: bool = False) -> Restored:
    """Bring the database and the files of a backup here.

    Raises BackupRefused before anything is touched: where the backup is damaged, does not fit,
    or what is here is not empty and `replace` is not said. ProgramFailed or OSError while it is
    brought: then all is as it was.
    """
    manifest = Manifest.read(source)
    if faults := [*manifest.faults(source), *_misfits(manifest)]:
        raise BackupRefused("\n".join(["The backup is not restored:", *faults]))
    postgres.run("pg_restore", "--list", str(source / DATABASE))
    _undo_what_was_cut_off()
    if not replace and (found := _what_is_here()):
        raise BackupRefused(
            "\n".join(["Only an empty installation is restored into. Here is:", *found])
        )
    with _files_beside(source / FILES) as incoming, _database_kept_until_the_end():
        postgres.run(
            "pg_restore",
            "--no-owner",
            "--no-privileges",
            "--single-transaction",
            "--exit-on-error",
            str(source / DATABASE),
        )
        # Without statistics every question would be answered the slow way until the server looks.
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("ANALYZE")
        found = _differences_from(manifest)
        call_command("migrate", verbosity=0)
        in_doubt = leave_in_doubt("restored from a backup: it may have gone out since")
    _put_in_place(incoming)
    return Restored([*found, *check_everything()], in_doubt)


def check_everything() -> list[str]:
    """The ledger, the settlements, the audit chain with its anchors, the receipts and the files:
    every fault, one line each."""
    found = [*differences(), *stored_differences(), *verify_chain()]
    _count, incidents = verify_receipts()
    found += [
        f"receipt {incident.receipt_id} of {incident.receipt.application_id} differs"
        for incident in incidents
    ]
    return [*found, *faulty_files()]


def _misfits(manifest: Manifest) -> list[str]:
    """Why a whole backup cannot be restored here."""
    found = []
    here = postgres.server_version()
    if postgres.major(manifest.postgresql) != postgres.major(here):
        found.append(f"it is of PostgreSQL {manifest.postgresql}, here runs {here}")
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if unknown := sorted(set(manifest.migrations) - known):
        found.append(f"it is of a newer version of this program: {', '.join(unknown)}")
    return found


def _what_is_here() -> list[str]:
    with connection.cursor() as cursor:
        tables = len(connection.introspection.table_names(cursor))
    media = Path(settings.MEDIA_ROOT)
    found = [f"a database with {tables} tables"] if tables else []
    return found + ([f"files in {media}"] if media.exists() and any(media.iterdir()) else [])


def _undo_what_was_cut_off() -> None:
    """Of a restore that was killed: what it was to replace is still there."""
    shutil.rmtree(Path(settings.MEDIA_ROOT, INCOMING), ignore_errors=True)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [BEFORE])
        if cursor.fetchone():
            _bring_back(cursor)


@contextmanager
def _files_beside(files: Path) -> Iterator[Path]:
    """A copy of the backup's files on the disk where they will stay; gone if anything fails."""
    incoming = Path(settings.MEDIA_ROOT, INCOMING)
    incoming.mkdir(parents=True)
    try:
        needed = ROOM + sum(path.stat().st_size for path in files.rglob("*") if path.is_file())
        if (free := shutil.disk_usage(incoming).free) < needed:
            raise BackupRefused(
                f"{settings.MEDIA_ROOT} has {free:,} bytes free; the files of the backup need "
                f"{needed:,} beside those that are there."
            )
        if files.exists():
            shutil.copytree(files, incoming, dirs_exist_ok=True)
        yield incoming
    except BaseException:
        shutil.rmtree(incoming, ignore_errors=True)
        raise


def _put_in_place(incoming: Path) -> None:
    """Instead of all files that were here."""
    media = Path(settings.MEDIA_ROOT)
    # The folder itself may be where a disk is mounted.
    for path in set(media.iterdir()) - {incoming}:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in incoming.iterdir():
        path.rename(media / path.name)
    incoming.rmdir()


@contextmanager
def _database_kept_until_the_end() -> Iterator[None]:
    """An empty database, while what was there waits under another name; it is there again if
    anything fails, and gone when all is done."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        # Whoever is still at work is found out here: nothing has happened yet.
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"LOCK TABLE {connection.ops.quote_name(table)}")
        cursor.execute(f"ALTER SCHEMA public RENAME TO {BEFORE}")
        cursor.execute("CREATE SCHEMA public")
    try:
        yield
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute(f"DROP SCHEMA {BEFORE} CASCADE")
    except BaseException:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            _bring_back(cursor)
        raise


def _bring_back(cursor: CursorWrapper) -> None:
    cursor.execute("DROP SCHEMA public CASCADE")
    cursor.execute(f"ALTER SCHEMA {BEFORE} RENAME TO public")


def _differences_from(manifest: Manifest) -> list[str]:
    """Whether what was restored is what the manifest says was backed up."""
    head = Head.objects.filter(pk=1).first() or Head()
    found = []
    if (head.seq, head.hash) != (manifest.audit_seq, manifest.audit_hash):
        found.append(f"the audit chain ends at {head.seq}, not at {manifest.audit_seq}")
    now = row_counts()
    return found + [
        f"table {table} has {now.get(table, 0)} rows, not {count}"
        for table, count in manifest.rows.items()
        if now.get(table) != count
    ]
