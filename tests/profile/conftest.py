import pytest

from accounts.models import User
from subsidies.models import Award
from tests.conftest import FreshClient
from tests.domain import claim, notified_award
from tests.finance.conftest import maker, second  # noqa: F401
from tests.fixtures_domain import (  # noqa: F401
    budget,
    clerk,
    clock,
    company,
    flush_past_the_triggers,
    world,
)


@pytest.fixture
def award(company, budget) -> Award:  # noqa: F811
    """Money on its way to the company."""
    return notified_award(company, claim())


@pytest.fixture
def portal(clerk) -> FreshClient:  # noqa: F811
    return browser_of(clerk)


def browser_of(user: User) -> FreshClient:
    client = FreshClient()
    client.force_login(user)
    return client
