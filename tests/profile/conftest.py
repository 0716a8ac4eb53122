import pytest

from accounts.models import Role, User
from subsidies.models import Award
from tests.conftest import FreshClient
from tests.domain import claim, notified_award
from tests.fixtures_domain import (  # noqa: F401
    budget,
    clerk,
    clock,
    company,
    flush_past_the_triggers,
    world,
)
from tests.workspace.conftest import FINANCE, person


@pytest.fixture
def maker(world: None) -> User:  # noqa: F811
    return person(FINANCE, Role.FINANCE, 1)


@pytest.fixture
def second(world: None) -> User:  # noqa: F811
    return person(FINANCE, Role.FINANCE, 2)


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
