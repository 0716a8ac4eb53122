"""A backup made while people work comes back whole elsewhere, and a damaged one is refused
(D02, D03)."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings as project_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from audit.models import Head
from audit.services import record
from companies.files import store_file
from operations import backup, postgres, restore
from operations.files import faulty_files, named_files
from operations.manifest import Manifest, Part
from tests import domain
from tests.threads import at_once

PDF = b"%PDF-1.4\n" + b"a page\n" * 500 + b"%%EOF\n"


@pytest.fixture
def installation(transactional_db, company, clerk, budget):
    """A granted application, its acts and its money, and a file."""
    domain.approved(company)
    with transaction.atomic():
        store_file(company, SimpleUploadedFile("1.pdf", PDF), by=clerk)
    return company


@pytest.fixture
def kept(installation, tmp_path):
    folder = tmp_path / "kept"
    call_command("backup", str(folder), verbosity=0)
    return folder


class Elsewhere:
    """An empty database and an empty folder, and commands run on them."""

    def __init__(self, environment, folder):
        self.name = f"{connection.settings_dict['NAME']}_elsewhere"
        self.media = folder / "elsewhere"
        url = urlsplit(environment["DATABASE_URL"])._replace(path=f"/{self.name}").geturl()
        self.environment = {**environment, "DATABASE_URL": url, "MEDIA_ROOT": str(self.media)}
        self.url = url

    def run(self, *arguments, **environment):
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=project_settings.BASE_DIR,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def ask(self, statement):
        with psycopg.connect(self.url) as other:
            return other.execute(statement).fetchall()


@pytest.fixture
def elsewhere(environment, tmp_path):
    place = Elsewhere(environment, tmp_path)
    with connection.cursor() as cursor:
        # Making and dropping a database writes out whatever the whole server has not yet.
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(f'DROP DATABASE IF EXISTS "{place.name}"')
        cursor.execute(f'CREATE DATABASE "{place.name}"')
    yield place
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{place.name}"')
        cursor.execute("RESET statement_timeout")


def everything(ask):
    """Every row of every table, as text, in an order of its own; but for what the checks after
    a restore note of themselves, and the jobs, of which it parks some."""
    tables = [
        row[0]
        for row in ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        if row[0] not in ("audit_inspection", "outbox_job")
    ]
    return {
        table: ask(f'SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{table}" t')
        for table in tables
    }


def ask_here(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def test_a_backup_comes_back_elsewhere_row_for_row_and_byte_for_byte(kept, elsewhere):
    """D02."""
    result = elsewhere.run("restore", str(kept))

    assert result.returncode == 0, result.stderr
    assert "are whole" in result.stdout
    assert not (elsewhere.media / restore.INCOMING).exists()
    assert everything(elsewhere.ask) == everything(ask_here)
    for file in named_files():
        assert (elsewhere.media / file.name).read_bytes() == file.path.read_bytes()
    # What is whole stays guarded: the triggers came along.
    with pytest.raises(psycopg.errors.RaiseException):
        elsewhere.ask("DELETE FROM audit_entry RETURNING seq")


def test_no_mail_goes_out_a_second_time_after_a_restore(kept, elsewhere):
    """D02: what was open at the time of the backup may have gone out since; people decide."""
    jobs = "SELECT state, handed_over_at IS NULL, kind FROM outbox_job WHERE kind {} 'mail'"
    open_mails = ask_here(jobs.format("="))
    others = ask_here(jobs.format("<>"))
    assert open_mails
    assert {state for state, _is_whole, _kind in [*open_mails, *others]} == {"queued"}

    result = elsewhere.run("restore", str(kept))

    assert elsewhere.ask(jobs.format("=")) == [("dead", False, "mail")] * len(open_mails)
    assert elsewhere.ask(jobs.format("<>")) == others
    assert f"{len(open_mails)} mails" in result.stdout


def test_a_restore_that_fails_leaves_all_as_it_was(kept, elsewhere):
    """D03: what is here is gone only when the backup is in its place."""
    assert elsewhere.run("restore", str(kept)).returncode == 0
    (elsewhere.media / "later").write_text("x")
    before = everything(elsewhere.ask)
    # Its list of contents, which stands at the beginning, is whole.
    dump = kept / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-100])
    manifest = Manifest.read(kept)
    manifest.parts["database.dump"] = Part.of(dump)
    manifest.write(kept)

    result = elsewhere.run("restore", str(kept), "--replace")

    assert "pg_restore failed" in result.stderr
    assert everything(elsewhere.ask) == before
    assert (elsewhere.media / "later").exists()
    assert not (elsewhere.media / restore.INCOMING).exists()


def test_a_restore_that_was_killed_has_lost_nothing(kept, elsewhere):
    """D03: what it was to replace comes back, and is replaced only when told."""
    assert elsewhere.run("restore", str(kept)).returncode == 0
    before = everything(elsewhere.ask)
    with psycopg.connect(elsewhere.url) as other:
        other.execute(f"ALTER SCHEMA public RENAME TO {restore.BEFORE}")
        other.execute("CREATE SCHEMA public")

    refused = elsewhere.run("restore", str(kept))

    assert "a database with" in refused.stderr
    assert everything(elsewhere.ask) == before


def test_what_is_here_is_replaced_only_when_told(kept, elsewhere):
    """D03: nothing is lost by a slip of the hand."""
    assert elsewhere.run("restore", str(kept)).returncode == 0
    (elsewhere.media / "later").write_text("x")

    refused = elsewhere.run("restore", str(kept))
    told = elsewhere.run("restore", str(kept), "--replace")

    assert refused.returncode == 1
    assert "a database with" in refused.stderr
    assert "files in" in refused.stderr
    assert told.returncode == 0, told.stderr
    assert not (elsewhere.media / "later").exists()


def test_a_faulty_row_is_named_after_the_restore(installation, elsewhere, tmp_path):
    """D02: the restore runs the checks of ledger, chain, receipts and files."""
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE audit_entry SET action = 'x' WHERE seq = 3")
        cursor.execute("UPDATE subsidies_budgetline SET granted = 1, paid = 0")
        cursor.execute("UPDATE companies_storedfile SET sha256 = md5(id::text)")
    call_command("backup", str(tmp_path / "kept"), verbosity=0)

    result = elsewhere.run("restore", str(tmp_path / "kept"))

    assert result.returncode == 1
    assert "Restored, but not everything is whole" in result.stderr
    assert "第 3 条断开" in result.stderr
    assert "budget line" in result.stderr
    assert "is not what its row says" in result.stderr


def test_what_is_written_meanwhile_is_wholly_in_or_wholly_out(installation, tmp_path, monkeypatch):
    """D02: counts, chain and dump are of one moment, whatever commits during the dump."""
    seq = Head.objects.get().seq
    run = postgres.run

    def act():
        with transaction.atomic():
            record("test.done", about=installation, by=None)

    def dump_and_act(*arguments):
        at_once(act)
        run(*arguments)
        at_once(act)

    monkeypatch.setattr(postgres, "run", dump_and_act)
    backup.back_up(tmp_path / "kept")

    manifest = Manifest.read(tmp_path / "kept")
    assert Head.objects.get().seq == seq + 2
    assert (manifest.audit_seq, manifest.rows["audit_entry"]) == (seq, seq)


def test_a_file_that_is_gone_is_named_and_the_rest_is_kept(installation, tmp_path):
    file = next(named_files())
    file.path.unlink()

    with pytest.raises(CommandError, match=f"gone:\n{file.name}"):
        call_command("backup", str(tmp_path / "kept"))

    assert Manifest.read(tmp_path / "kept").faults(tmp_path / "kept") == []


def test_a_backup_is_never_written_over_another(kept):
    before = (kept / "manifest.json").read_bytes()

    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", str(kept))

    assert (kept / "manifest.json").read_bytes() == before


def test_what_was_cut_off_is_no_backup(installation, tmp_path, monkeypatch):
    """D03: a backup that was killed half-way has no manifest and another name."""

    def die(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(backup, "_copy", die)
    with pytest.raises(KeyboardInterrupt):
        backup.back_up(tmp_path / "kept")
    assert not (tmp_path / "kept").exists()
    with pytest.raises(CommandError, match="no finished backup"):
        call_command("restore", str(tmp_path / "kept.partial"))

    monkeypatch.undo()
    call_command("backup", str(tmp_path / "kept"), verbosity=0)
    assert not (tmp_path / "kept.partial").exists()


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def add(path: Path) -> None:
    path.with_name("another").write_text("x")


def touched(*arguments):
    pytest.fail("what is here was touched")


@pytest.fixture
def folder(db, tmp_path, monkeypatch):
    """A backup of two parts, which nobody gets to restore."""
    monkeypatch.setattr(restore, "_put_in_place", touched)
    monkeypatch.setattr(restore, "_database_kept_until_the_end", touched)
    kept = tmp_path / "kept"
    parts = {}
    for name in ("database.dump", "files/companies/01/0123"):
        path = kept / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PDF)
        parts[name] = Part.of(path)
    Manifest(
        made_at="2026-03-11T10:00:00+08:00",
        postgresql=postgres.server_version(),
        audit_seq=7,
        audit_hash="0" * 64,
        migrations=["audit.0001_initial"],
        rows={"audit_entry": 7},
        parts=parts,
    ).write(kept)
    return kept


def refusal_of(folder):
    with pytest.raises(CommandError) as refusal:
        call_command("restore", str(folder), "--replace")
    return str(refusal.value)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (flip, "was changed"),
        (cut, "bytes, not"),
        (Path.unlink, "is missing"),
        (add, "is not named"),
    ],
)
@pytest.mark.parametrize("part", ["database.dump", "files/companies/01/0123"])
def test_a_damaged_part_is_refused_before_anything_is_touched(folder, part, damage, said):
    """D03: flipped, cut, missing, foreign."""
    damage(folder / part)

    assert "The backup is not restored" in refusal_of(folder)
    assert said in refusal_of(folder)


def change(**values):
    def damage(path):
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return damage


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (flip, "manifest.json"),
        (lambda path: path.write_text(path.read_text()[:-3]), "is damaged"),
        (lambda path: path.write_text("[]"), "is damaged"),
        (Path.unlink, "no finished backup"),
        (change(audit_seq=1), "was changed after the backup"),
        (change(parts={}), "was changed after the backup"),
        (change(seal="0" * 64), "was changed after the backup"),
    ],
)
def test_a_manifest_that_was_touched_is_refused(folder, damage, said):
    """D03: wrong manifest."""
    damage(folder / "manifest.json")

    assert said in refusal_of(folder)


def test_a_backup_sealed_with_another_key_is_refused(folder, settings):
    """D03: wrong key."""
    settings.SEAL_KEY = "another"

    assert "another SEAL_KEY" in refusal_of(folder)


def test_a_backup_of_another_server_or_a_newer_program_is_refused(folder):
    """D03."""
    manifest = Manifest.read(folder)
    manifest.postgresql = "11.2"
    manifest.migrations.append("audit.9999_from_the_future")
    manifest.write(folder)

    assert "PostgreSQL 11.2" in refusal_of(folder)
    assert "audit.9999_from_the_future" in refusal_of(folder)


def test_a_dump_that_cannot_be_read_is_refused_before_anything_is_touched(folder):
    """D03: whole as the manifest has it, and yet no dump."""
    assert "does not appear to be a valid" in refusal_of(folder)


def test_a_backup_that_finds_no_room_is_refused_before_anything_is_touched(folder, monkeypatch):
    monkeypatch.setattr(postgres, "run", lambda *arguments: None)
    free = len(PDF) + restore.ROOM - 1
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(0, 0, free))

    assert f"{free:,} bytes free" in refusal_of(folder)


def test_a_file_that_differs_from_its_row_is_found(installation):
    file = next(named_files())
    assert faulty_files() == []

    flip(file.path)
    assert faulty_files() == [f"file {file.name} is not what its row says"]
    file.path.unlink()
    assert faulty_files() == [f"file {file.name} is missing or cannot be read"]


def test_a_program_that_fails_says_why(db):
    with pytest.raises(postgres.ProgramFailed, match=r"pg_dump failed: .* no matching tables"):
        postgres.run("pg_dump", "--table=nosuch")


def test_an_older_program_is_not_taken(db, monkeypatch):
    monkeypatch.setattr(postgres, "_major_of", lambda path: 9)

    with pytest.raises(postgres.ProgramFailed, match="install the PostgreSQL client"):
        postgres.run("pg_dump")
