import pytest

from accounts.models import Role
from reviews.services import finance_department
from tests import domain
from tests.fixtures_domain import (  # noqa: F401
    budget,
    clerk,
    clock,
    company,
    flush_past_the_triggers,
    world,
)


@pytest.fixture
def administrator(company, client):  # noqa: F811
    person = domain.official(finance_department(company.district), Role.ADMINISTRATOR)
    client.force_login(person)
    return person
