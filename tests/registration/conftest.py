import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import District, Role
from companies.registration import services
from companies.team.enums import MemberRole
from reviews.services import finance_department
from tests import domain
from tests.conftest import FreshClient
from tests.factories import UserFactory, uscc
from tests.fixtures_domain import (  # noqa: F401
    clock,
    company,
    flush_past_the_triggers,
    world,
)

CODE = uscc(987654)


def licence(content: bytes = domain.PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile("执照.pdf", content)


@pytest.fixture
def district(world):  # noqa: F811
    return District.objects.get(code="330205")


@pytest.fixture
def person(world):  # noqa: F811
    """Somebody who signed up and belongs to no company."""
    return UserFactory()


@pytest.fixture
def keeper(district):
    """The administrator of the district."""
    return domain.official(finance_department(district), Role.ADMINISTRATOR)


@pytest.fixture
def register(district, person):
    """Registers as the person typed, with what a test gives instead."""

    def registered(code: str = CODE, **given):
        arguments = {
            "name": "宁波新登精密有限公司",
            "district": district,
            "street": "330205103",
            "role": MemberRole.ADMINISTRATOR,
            "code_confirmed": False,
            "by": person,
        }
        arguments |= given
        kept = services.keep_licence(licence(), by=arguments["by"])
        return services.register(code, **{"licence": kept, **arguments})

    return registered


@pytest.fixture
def browser():
    """Makes the browser of a person."""

    def of(user):
        client = FreshClient()
        client.force_login(user)
        return client

    return of
