import pytest

from accounts.models import Role, User
from subsidies.models import Award
from tests.domain import claim, company_with_everything, notified_award
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
def auditor(world: None) -> User:  # noqa: F811
    return person(FINANCE, Role.AUDITOR)


@pytest.fixture
def awards(budget: object) -> list[Award]:  # noqa: F811
    """Three awards whose notices are out, 10,000 yuan each."""
    return [notified_award(company_with_everything(), claim()) for _number in range(3)]
