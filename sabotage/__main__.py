"""`python -m sabotage [WORD ...]`: every sabotage whose name holds one of the words, or all."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from config import local
from sabotage.guards import SABOTAGES, Code, Constraint, Sabotage, Trigger

BASE_DIR = Path(__file__).resolve().parent.parent
BASE = "sabotage_base"
TARGET = "sabotage_target"
SECONDS = 300
# Run besides the chosen ones, of which none may: the database is made when a test asks for it.
ASKS_FOR_DATABASE = "tests/config/test_database.py::test_every_wait_of_the_application_has_an_end"


def main(words: list[str]) -> int:
    chosen = [each for each in SABOTAGES if not words or any(word in each.name for word in words)]
    os.environ["DATABASE_URL"] = os.environ.get("DATABASE_URL") or local.postgres_url(
        Path(os.environ.get("VAR_DIR") or BASE_DIR / "var")
    )
    with _copy() as folder:
        print(f"{len(chosen)} sabotages; first their tests on the whole project ...", flush=True)
        intact = _pytest(
            folder,
            sorted({each.test for each in chosen} | {ASKS_FOR_DATABASE}),
            BASE,
            "--create-db",
            "--reuse-db",
        )
        if not re.search(r"\d+ passed", intact) or re.search(r"\d+ (failed|error)", intact):
            print(intact)
            return 2
        print(intact.strip().splitlines()[-1], flush=True)
        missed = [each.name for each in chosen if not _is_noticed(each, folder)]
    _server(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(BASE)))
    print(f"{len(chosen) - len(missed)} of {len(chosen)} sabotages were noticed.")
    for name in missed:
        print(f"NOT NOTICED: {name}")
    return 1 if missed else 0


@contextmanager
def _copy() -> Iterator[Path]:
    """The project's own files in a folder of their own, with the packages it needs."""
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=BASE_DIR,
        capture_output=True,
        check=True,
    ).stdout.decode()
    # Compiled translations are made, not kept.
    made = [str(path.relative_to(BASE_DIR)) for path in BASE_DIR.glob("locale/*/*/*.mo")]
    with tempfile.TemporaryDirectory(prefix="sabotage-") as name:
        folder = Path(name)
        for file in [*filter(None, files.split("\0")), *made]:
            if (BASE_DIR / file).is_file():
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(BASE_DIR / file, folder / file)
        for packages in (".venv", "node_modules"):
            (folder / packages).symlink_to((BASE_DIR / packages).resolve())
        yield folder


def _is_noticed(sabotage: Sabotage, folder: Path) -> bool:
    began = time.monotonic()
    _server(
        sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(TARGET)),
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(TARGET), sql.Identifier(BASE)
        ),
    )
    try:
        with _done(sabotage.what, folder):
            output = _pytest(folder, [sabotage.test], TARGET, "--reuse-db")
    finally:
        _server(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(TARGET)))
    noticed = re.search(r"\d+ failed", output) is not None
    word = "noticed" if noticed else "NOT NOTICED"
    print(f"{word:12} {sabotage.name} ({time.monotonic() - began:.0f} s)", flush=True)
    if not noticed:
        print(output[-1500:])
    return noticed


@contextmanager
def _done(what: Code | Constraint | Trigger, folder: Path) -> Iterator[None]:
    if not isinstance(what, Code):
        _drop(what)
        yield
        return
    path = folder / what.file
    text = path.read_text()
    if text.count(what.guard) != 1:
        raise SystemExit(f"{what.file} holds {text.count(what.guard)} times: {what.guard!r}")
    path.write_text(text.replace(what.guard, what.instead))
    try:
        yield
    finally:
        path.write_text(text)


def _drop(what: Constraint | Trigger) -> None:
    table = sql.Identifier(what.table)
    with _connect(TARGET) as connection:
        if isinstance(what, Trigger):
            # The library adds a hash to the name.
            query = (
                "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::text::regclass AND tgname ~ %s"
            )
            pattern = f"^pgtrigger_{what.name}_[0-9a-f]+$"
            names = connection.execute(query, (what.table, pattern)).fetchall()
            statement = sql.SQL("DROP TRIGGER {} ON {}")
            statements = [statement.format(sql.Identifier(name), table) for (name,) in names]
        else:
            # A conditional UNIQUE is an index; one of a field is named after its column.
            query = (
                "SELECT conname, true FROM pg_constraint WHERE conrelid = %(t)s::text::regclass"
                " AND (conname = %(n)s OR conname ~ ('_' || %(n)s || '_[0-9a-f]+_uniq$')"
                " OR conname ~ ('_' || %(n)s || '_key$'))"
                " UNION SELECT indexname, false FROM pg_indexes"
                " WHERE tablename = %(t)s::text AND indexname = %(n)s ORDER BY 2 DESC LIMIT 1"
            )
            rows = connection.execute(query, {"t": what.table, "n": what.name}).fetchall()
            statements = [
                (
                    sql.SQL("ALTER TABLE {} DROP CONSTRAINT {} CASCADE").format(
                        table, sql.Identifier(name)
                    )
                    if is_constraint
                    else sql.SQL("DROP INDEX {}").format(sql.Identifier(name))
                )
                for name, is_constraint in rows
            ]
        if len(statements) != 1:
            raise SystemExit(f"{what} is there {len(statements)} times")
        connection.execute(statements[0])


def _pytest(folder: Path, tests: list[str], database: str, *options: str) -> str:
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *tests],
        cwd=folder,
        env=os.environ
        | {"TEST_DATABASE_NAME": database, "VAR_DIR": str(folder / "var"), "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=SECONDS * 3,
        check=False,
    )
    return result.stdout + result.stderr


def _server(*statements: sql.Composed) -> None:
    with _connect(None) as connection:
        for statement in statements:
            connection.execute(statement)


def _connect(database: str | None) -> "psycopg.Connection[tuple[object, ...]]":
    name = {} if database is None else {"dbname": database}
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, **name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
