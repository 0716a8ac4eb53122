"""From where somebody comes."""

from typing import Any

from allauth.core.internal.httpkit import get_client_ip
from django.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

DEVICE_LENGTH = 200


def address_of(request: HttpRequest) -> str | None:
    """The client's address, through as many proxies as TRUSTED_PROXIES says; None for a request
    that came over no network, such as a test's."""
    return get_client_ip(request)


def device_of(request: HttpRequest) -> str:
    """What the browser calls itself. People may make it say anything."""
    return request.META.get("HTTP_USER_AGENT", "")[:DEVICE_LENGTH]


def origin_of(request: HttpRequest) -> dict[str, Any]:
    """What an entry of the audit chain says of it."""
    return {"address": address_of(request), "device": device_of(request)}


def is_own_page(request: HttpRequest, url: str) -> bool:
    """Whether the address is one of this site's: no other is followed."""
    return url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )


def public_url(path: str) -> str:
    """The address under which the public reaches a page. The host that a request names is
    whatever its sender wrote, so no mail repeats it."""
    return f"{settings.BASE_URL}{path}"
