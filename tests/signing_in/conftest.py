import pytest
import time_machine

from accounts.models import User
from tests.fixtures_domain import (  # noqa: F401
    budget,
    clerk,
    clock,
    company,
    flush_past_the_triggers,
    world,
)
from tests.signing_in import people


@pytest.fixture
def person(db: None, clock: time_machine.Traveller) -> User:  # noqa: F811
    """Of no department, as companies' people are."""
    return people.somebody()


@pytest.fixture
def official(db: None, clock: time_machine.Traveller) -> User:  # noqa: F811
    return people.official()
