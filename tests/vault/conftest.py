from collections.abc import Iterator

import pytest

from tests.fixtures_domain import (  # noqa: F401
    budget,
    clerk,
    clock,
    company,
    flush_past_the_triggers,
    world,
)
from tests.vault.clamd import FakeClamd


@pytest.fixture
def clamd(settings) -> Iterator[FakeClamd]:
    """A scanner on this machine that speaks clamd's protocol, and the settings that name it."""
    with FakeClamd() as fake:
        settings.CLAMD_URL = fake.url
        settings.REQUIRE_SCAN = True
        yield fake


@pytest.fixture
def no_scanner(settings) -> None:
    """A machine without a scanner, whose district does not insist on one: the demo."""
    settings.CLAMD_URL = ""
    settings.REQUIRE_SCAN = False
