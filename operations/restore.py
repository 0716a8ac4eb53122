"""Coming back from a backup: trust it first, then restore, then look whether all is whole."""

import shutil
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from audit.models import Head
from audit.services import first_broken_entry
from operations import postgres
from operations.backup import row_counts
from operations.files import faulty_files
from operations.manifest import DATABASE, FILES, BackupRefused, Manifest
from subsidies.incidents.services import verify_receipts
from subsidies.ledger.reconciliation import differences


def restore(source: Path, *, replace: bool = False) -> list[str]:
    """Bring the database and the files of a backup here; what the checks found wrong afterwards.

    Raises BackupRefused before anything is touched: where the backup is damaged, does not fit,
    or what is here is not empty and `replace` is not said.
    """
    manifest = Manifest.read(source)
    if faults := [*manifest.faults(source), *_misfits(manifest)]:
        raise BackupRefused("\n".join(["The backup is not restored:", *faults]))
    if not replace and (found := _what_is_here()):
        raise BackupRefused(
            "\n".join(["Only an empty installation is restored into. Here is:", *found])
        )
    _clear()
    # Files first: a row must never name one that is not there.
    if (source / FILES).exists():
        shutil.copytree(source / FILES, settings.MEDIA_ROOT, dirs_exist_ok=True)
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
    return [*found, *check_everything()]


def check_everything() -> list[str]:
    """The ledger, the audit chain, the receipts and the files: every fault, one line each."""
    found = differences()
    if broken := first_broken_entry():
        found.append(f"the audit chain is broken at entry {broken}")
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


def _clear() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    media = Path(settings.MEDIA_ROOT)
    media.mkdir(parents=True, exist_ok=True)
    # The folder itself may be where a disk is mounted.
    for path in media.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


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
