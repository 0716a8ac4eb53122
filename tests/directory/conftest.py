import pytest
from django.test import Client

from tests.fixtures_domain import (  # noqa: F401
    clock,
    company,
    flush_past_the_triggers,
    world,
)


@pytest.fixture
def browser():
    """Makes the browser of a person."""

    def of(user):
        client = Client()
        client.force_login(user)
        return client

    return of
