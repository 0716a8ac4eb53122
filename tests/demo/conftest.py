"""The demo district, made once for all that looks at it."""

from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import call_command
from django.db import transaction

from demo.district import make_district
from demo.files import small_pdf

# A Wednesday; the district is made of what lies before it.
DAY = datetime(2026, 11, 18, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
FEW = 35


@pytest.fixture(scope="package")
def district(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A small demo district, in a transaction that is undone. Printing the notices is left out:
    tests of the notices see to that, and it takes as long as all the rest."""
    paper = small_pdf("通知书")
    printed = mock.patch("reviews.notices.services.render_pdf", return_value=paper)
    with (
        time_machine.travel(DAY),
        django_db_blocker.unblock(),
        transaction.atomic(),
        printed,
    ):
        call_command("load_catalogue", stdout=StringIO())
        assert make_district(applications=FEW)
        yield
        transaction.set_rollback(True)
