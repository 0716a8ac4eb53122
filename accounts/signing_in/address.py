"""From where somebody comes, and where one can go."""

from typing import Any
from urllib.parse import urlsplit

from allauth.core.internal.httpkit import get_client_ip
from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, resolve
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


def page_at(url: str) -> str:
    """The page that an address belongs to: itself, or the page above it where it only takes forms.
    A form that is refused is shown at such an address; who asks for that one gets an empty 405."""
    path = urlsplit(url).path
    if _is_page(path) is not False:
        return url
    while path != "/" and not _is_page(path):
        path = path.rstrip("/").rpartition("/")[0] + "/"
    return path


def _is_page(path: str) -> bool | None:
    """Whether the address can be asked for; None where there is none."""
    try:
        view: Any = resolve(path).func
    except Resolver404:
        return None
    # Django's decorators keep their methods to themselves.
    while view is not None:
        names = getattr(getattr(view, "__code__", None), "co_freevars", ())
        if "request_method_list" in names:
            return "GET" in view.__closure__[names.index("request_method_list")].cell_contents
        view = getattr(view, "__wrapped__", None)
    return True


def public_url(path: str) -> str:
    """The address under which the public reaches a page. The host that a request names is
    whatever its sender wrote, so no mail repeats it."""
    return f"{settings.BASE_URL}{path}"
