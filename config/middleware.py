"""What concerns every request."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import render

from accounts.refusals import NotAllowed
from config import errors
from outbox.failpoints import failpoint

METHODS = ("GET", "HEAD", "POST")


class KnownMethodsMiddleware:
    """Pages are read and forms are sent: Django's own views take PUT for POST, and function views
    that name no methods take anything for GET. What does not say how long it is would be taken for
    an empty form; no browser sends that, and the proxy in front turns it into one that says it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        if "HTTP_TRANSFER_ENCODING" in request.META:
            raise BadRequest("A request without Content-Length.")
        return self.get_response(request)


class ChosenLanguageMiddleware(LocaleMiddleware):
    """Chinese, until a person chooses otherwise: the browser's own language has no say."""

    def process_request(self, request: HttpRequest) -> None:
        request.META.pop("HTTP_ACCEPT_LANGUAGE", None)
        super().process_request(request)


class BusyMiddleware:
    """A lock or statement that took too long becomes "busy, try again": nothing was written. So
    does a disk that is full. A request that broke off was none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        failpoint("web.received")
        response = self.get_response(request)
        # Committed, and nobody was told yet.
        failpoint("web.answering")
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, UnreadablePostError):
            return errors.bad_request(request, error)
        passing = isinstance(error, OperationalError) and errors.is_passing(error)
        if passing or errors.is_full(error):
            return errors.unavailable(request, error)
        return None


class NotAllowedMiddleware:
    """What a service refused to a person and no view answered for, such as where a scope ended
    after the view had asked: the page for what is not theirs, in the service's words."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, NotAllowed):
            return render(request, "403.html", {"refusal": error}, status=error.status_code)
        return None
