"""People who sign in at the page, from an address, with a password."""

from typing import Any

from django.test import Client

from accounts.models import User
from tests.factories import AppointmentFactory, UserFactory

PASSWORD = "Correct-Horse-7"
HERE, ELSEWHERE = "198.51.100.7", "203.0.113.9"


def somebody(**fields: Any) -> User:
    user = UserFactory(**fields)
    user.set_password(PASSWORD)
    user.save()
    return user


def official(**fields: Any) -> User:
    return AppointmentFactory(user=somebody(), **fields).user


def browser(address: str = HERE, **options: Any) -> Client:
    return Client(REMOTE_ADDR=address, HTTP_USER_AGENT="Mozilla/5.0 Windows Chrome/140", **options)


def try_password(client: Client, login: str, password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/login/", {"login": login, "password": password, **more})


def signed_in(user: User, address: str = HERE) -> Client:
    client = browser(address)
    response = try_password(client, user.username)
    assert response.status_code == 302, response.content.decode()
    return client


def is_in(client: Client) -> bool:
    """Whether the pages of somebody who is signed in open."""
    return client.get("/security/").status_code == 200
