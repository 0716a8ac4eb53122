from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import OperationalError, connections

# Whoever waits for a table makes all that come after it wait as well.
LOCK_TIMEOUT = "2s"
LOCK_NOT_AVAILABLE = "55P03"


class Command(MigrateCommand):
    """Migrates a running system: waits for no table longer than LOCK_TIMEOUT, and once it has it
    works for as long as it takes."""

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            cursor.execute("SET statement_timeout = 0")
        try:
            super().handle(*args, **options)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            raise CommandError(
                f"A table was in use for more than {LOCK_TIMEOUT}, and everybody would have "
                "waited behind this migration: nothing of it was changed. Run migrate again."
            ) from error
        finally:
            if connection.is_usable():
                with connection.cursor() as cursor:
                    cursor.execute("RESET lock_timeout")
                    cursor.execute("RESET statement_timeout")
