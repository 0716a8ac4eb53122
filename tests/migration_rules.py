"""What the migration linter does not look for: operations that hold a grown table for long."""

from collections.abc import Iterator

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
)
from django.db.migrations import Migration, RunPython, RunSQL
from django.db.migrations.operations import AddConstraint, AddIndex, RemoveIndex

# Tables that grow with every act, in the words of migrations.
GROWN = {
    ("audit", "entry"),
    ("outbox", "job"),
    ("companies", "storedfile"),
    ("companies", "yearlyfigure"),
    ("reviews", "opinion"),
    ("subsidies", "application"),
    ("subsidies", "claim"),
    ("subsidies", "ledgerentry"),
    ("subsidies", "receipt"),
}
# Each that scans or builds while others wait, and the one that does not.
INSTEAD = {
    AddIndex: AddIndexConcurrently,
    RemoveIndex: RemoveIndexConcurrently,
    AddConstraint: AddConstraintNotValid,
}

# These came before anybody ran the system, when all its tables were small.
BEFORE_THE_FIRST_RELEASE = {
    "companies.0003_dated_facts",
    "reviews.0004_both_names_and_recusals",
    "subsidies.0003_reserve",
}


def faults(migration: Migration) -> Iterator[str]:
    """What of a migration would make people wait, one line each. The first of an app makes its
    tables, which are empty then."""
    if migration.initial or str(migration) in BEFORE_THE_FIRST_RELEASE:
        return
    for operation in migration.operations:
        better = INSTEAD.get(type(operation))
        model = getattr(operation, "model_name", "").lower()
        if better and (migration.app_label, model) in GROWN:
            yield f"{migration}: {type(operation).__name__} on {model}: use {better.__name__}"
    works = [each for each in migration.operations if isinstance(each, RunPython | RunSQL)]
    if works and len(works) < len(migration.operations) and migration.atomic:
        yield f"{migration}: rows and tables are changed in one transaction: use two migrations"
