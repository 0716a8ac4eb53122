from datetime import date
from typing import Any

import pytest

from accounts.models import Department, District, Role, User
from companies.models import Company, CreditEntry, CreditKind
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

INDUSTRY, FINANCE = "jb-industry", "jb-finance"


def listed(firm: Company, **given: Any) -> CreditEntry:
    """An entry of the list of the seriously dishonest that stands since yesterday."""
    values = {"title": "欠税", "number": "甬税〔2026〕7号", "listed_on": date(2026, 3, 10), **given}
    return CreditEntry.objects.create(company=firm, **values)


def fined(firm: Company, **given: Any) -> CreditEntry:
    """A fine, which people judge."""
    values = {"kind": CreditKind.PENALTY, "title": "排污罚款", "number": "甬环罚〔2026〕3号"}
    return listed(firm, **{**values, **given})


def person(department: str, role: Role, number: int = 1) -> User:
    return domain.official(Department.objects.get(code=department), role, number)


@pytest.fixture
def district(world: None) -> District:  # noqa: F811
    return District.objects.get(code=DISTRICT)


@pytest.fixture
def policy_officer(world: None) -> User:  # noqa: F811
    return person(FINANCE, Role.POLICY_OFFICER)


@pytest.fixture
def administrator(world: None) -> User:  # noqa: F811
    return person(FINANCE, Role.ADMINISTRATOR)


@pytest.fixture
def auditor(world: None) -> User:  # noqa: F811
    return person(FINANCE, Role.AUDITOR)


@pytest.fixture
def reviewer(world: None) -> User:  # noqa: F811
    return person(INDUSTRY, Role.REVIEWER)
