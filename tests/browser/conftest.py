import pytest
import time_machine

from tests import fixtures_domain
from tests.fixtures_domain import flush_past_the_triggers, world  # noqa: F401


@pytest.fixture
def clock(transactional_db: None) -> None:
    """The world is built on its own day; browser and worker live by the machine's clock."""
    with time_machine.travel(fixtures_domain.MORNING, tick=False):
        fixtures_domain.rows()
