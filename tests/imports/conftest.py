import pytest

from accounts.models import Department, District, Role, User
from tests import domain
from tests.factories import DISTRICT
from tests.fixtures_domain import (  # noqa: F401
    budget,
    clerk,
    clock,
    company,
    flush_past_the_triggers,
    world,
)


@pytest.fixture
def district(world: None) -> District:  # noqa: F811
    return District.objects.get(code=DISTRICT)


@pytest.fixture
def administrator(district: District) -> User:
    return _finance_official(district, Role.ADMINISTRATOR)


@pytest.fixture
def treasurer(district: District) -> User:
    return _finance_official(district, Role.FINANCE)


def _finance_official(district: District, role: Role) -> User:
    return domain.official(Department.objects.get(district=district, is_finance=True), role)
