"""What concerns every request."""

from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import render

# lock_not_available, deadlock_detected, serialization_failure, query_canceled
PASSING = frozenset({"55P03", "40P01", "40001", "57014"})


class ChosenLanguageMiddleware(LocaleMiddleware):
    """Chinese, until a person chooses otherwise: the browser's own language has no say."""

    def process_request(self, request: HttpRequest) -> None:
        request.META.pop("HTTP_ACCEPT_LANGUAGE", None)
        super().process_request(request)


class BusyMiddleware:
    """A lock or statement that took too long becomes "busy, try again": nothing was written."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, OperationalError) and _sqlstate(error) in PASSING:
            response = render(request, "503.html", status=503)
            response["Retry-After"] = "5"
            return response
        return None


def _sqlstate(error: OperationalError) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
