"""S02, of forged requests: nothing that changes something is taken without its token, or from
another site."""

import re
from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.signing_in.people import PASSWORD, browser, signed_in, somebody

SAMPLES = {"int": "1", "uuid": "00000000-0000-4000-8000-000000000000", "str": "x", "slug": "x"}
UNSAFE = ["POST", "PUT", "PATCH", "DELETE"]


def paths(resolver: URLResolver, before: str = "/") -> Iterator[str]:
    """One address for every pattern."""
    for pattern in resolver.url_patterns:
        route = before + re.sub(r"[\^$]|\\Z", "", str(pattern.pattern))
        route = re.sub(r"\(\?P<\w+>[^)]*\)|\(\.\*\)", "x", route)
        route = re.sub(r"<(?:(\w+):)?\w+>", lambda kind: SAMPLES.get(kind[1] or "str", "x"), route)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from paths(pattern, route)


# An estimate is for everybody, knows no session and writes nothing.
WITHOUT_SESSION = {"/api/v1/estimates/"}
ALL = sorted(set(paths(get_resolver())) - WITHOUT_SESSION)


def guarded(user):
    """A browser that is signed in and whose requests are checked as a real one's are."""
    client = signed_in(user)
    client.handler.enforce_csrf_checks = True
    return client


def test_every_address_is_tried():
    assert len(ALL) > 60
    assert {"/login/", "/logout/", "/password/", "/finance/batches/new/"} <= set(ALL)


@pytest.mark.parametrize("method", UNSAFE)
def test_nothing_is_taken_without_its_token(person, method):
    client = guarded(person)

    # 405 where the address knows no such method at all.
    taken = [path for path in ALL if client.generic(method, path).status_code not in (403, 405)]

    assert not taken


def test_nothing_is_taken_from_another_site(person):
    client = guarded(person)
    client.get("/login/")
    page = client.get("/password/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    fields = {"csrfmiddlewaretoken": token}

    taken = [
        path
        for path in ALL
        if client.post(path, fields, headers={"Origin": "https://evil.example"}).status_code != 403
    ]

    assert not taken


def test_a_stranger_is_not_signed_in_by_a_forged_form(db, clock):
    client = browser(enforce_csrf_checks=True)

    response = client.post("/login/", {"login": somebody().username, "password": PASSWORD})

    assert response.status_code == 403


def test_with_its_token_a_form_is_taken(person):
    client = guarded(person)
    page = client.get("/password/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]

    response = client.post("/password/", {"csrfmiddlewaretoken": token})

    assert response.status_code == 200


def test_getting_the_way_out_does_not_leave(person):
    client = signed_in(person)
    client.get("/logout/")

    assert client.get("/security/").status_code == 200
