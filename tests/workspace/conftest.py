import pytest

from accounts.models import Department, Role, User
from tests import domain
from tests.fixtures_domain import (  # noqa: F401
    budget,
    clerk,
    clock,
    company,
    flush_past_the_triggers,
    world,
)

INDUSTRY, SCIENCE, DEVELOPMENT = "jb-industry", "jb-science", "jb-development"
COMMERCE, FINANCE = "jb-commerce", "jb-finance"


def person(department: str, role: Role = Role.REVIEWER, number: int = 1) -> User:
    return domain.official(Department.objects.get(code=department), role, number)


@pytest.fixture
def reviewer(world: None) -> User:  # noqa: F811
    """Of 区经信局, which leads most items."""
    return person(INDUSTRY)


@pytest.fixture
def second(world: None) -> User:  # noqa: F811
    """The reviewer's colleague."""
    return person(INDUSTRY, number=2)


@pytest.fixture
def auditor(world: None) -> User:  # noqa: F811
    return person(FINANCE, Role.AUDITOR)


@pytest.fixture
def stranger(world: None) -> User:  # noqa: F811
    """A person of another company."""
    return domain.clerk_of(domain.company_with_everything())
