import pytest
from django.test import Client

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
def portal(clerk) -> Client:  # noqa: F811
    """The browser of somebody who acts for the company."""
    client = FreshClient()
    client.force_login(clerk)
    return client


@pytest.fixture
def public(world) -> Client:  # noqa: F811
    """The browser of somebody unknown."""
    return Client()
