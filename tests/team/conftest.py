import pytest

from tests.conftest import FreshClient
from tests.factories import MemberFactory
from tests.fixtures_domain import (  # noqa: F401
    clerk,
    clock,
    company,
    flush_past_the_triggers,
    world,
)


@pytest.fixture
def lead(clerk):  # noqa: F811
    """The 管理员 that a company starts with."""
    return clerk


@pytest.fixture
def colleague(company):  # noqa: F811
    """A 经办人 with one scope."""
    return MemberFactory(company=company, role="clerk", scopes=["apply"]).user


@pytest.fixture
def browser():
    """Makes the browser of a person."""

    def of(user):
        client = FreshClient()
        client.force_login(user)
        return client

    return of
