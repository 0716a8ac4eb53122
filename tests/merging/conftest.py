import pytest

from accounts.models import Role
from reviews.services import finance_department
from tests import domain
from tests.conftest import FreshClient
from tests.fixtures_domain import (  # noqa: F401
    budget,
    clerk,
    clock,
    company,
    flush_past_the_triggers,
    world,
)


@pytest.fixture
def other(world):  # noqa: F811
    """A second row of the same company, with everything of its own."""
    return domain.company_with_everything()


@pytest.fixture
def keeper(company):  # noqa: F811
    return domain.official(finance_department(company.district), Role.ADMINISTRATOR)


@pytest.fixture
def browser():
    """Makes the browser of a person."""

    def of(user):
        client = FreshClient()
        client.force_login(user)
        return client

    return of
