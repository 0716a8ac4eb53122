import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
import time_machine
from django.db import connection, transaction

from tests.fixtures_domain import (  # noqa: F401
    MORNING,
    budget,
    clerk,
    clock,
    company,
    copy_world,
    flush_past_the_triggers,
    world,
)
from tests.permissions.asking import Asker
from tests.permissions.world import make_world


@contextmanager
def _quiet() -> Iterator[None]:
    """Thousands of refusals are what is wanted here."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def asker(django_db_setup: None, django_db_blocker: Any) -> Iterator[Asker]:
    """The matrix's world, made once for all its rows, in a transaction that is undone."""
    with (
        _quiet(),
        time_machine.travel(MORNING, tick=False),
        django_db_blocker.unblock(),
        transaction.atomic(),
        mock.patch("reviews.notices.services.render_pdf", return_value=b"%PDF-1.7\n%%EOF\n"),
    ):
        copy_world()
        asker = Asker(make_world())
        # Nobody gathers statistics of rows that are never committed; without them the planner
        # takes every table for empty.
        with connection.cursor() as cursor:
            # By name: what all databases share would be held against the other test process.
            tables = connection.introspection.django_table_names(only_existing=True)
            cursor.execute(f"ANALYZE {', '.join(tables)}")
        yield asker
        transaction.set_rollback(True)
