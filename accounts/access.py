"""Views for some roles only. What of it a person sees is the querysets' matter."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from accounts.models import Role, User
from accounts.signing_in.asking import ask_again, gave_password
from accounts.signing_in.freshness import is_fresh

View = Callable[..., HttpResponse]
AnyResponse = TypeVar("AnyResponse", bound=HttpResponseBase)
# What a database key or a revision may have at most.
NUMBER_LENGTH = 18


class SignedInRequest(HttpRequest):
    """A request behind LoginRequiredMiddleware: it has a person."""

    user: User


def posted_number(request: HttpRequest, name: str) -> int:
    """A whole number that a page posted back, such as a revision; 0 for whatever else was sent."""
    text = request.POST.get(name, "")
    return int(text) if len(text) <= NUMBER_LENGTH and text.isascii() and text.isdigit() else 0


def for_roles(*roles: Role) -> Callable[[View], View]:
    """Let in who holds one of the roles today, in whatever department; the others get 403."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.has_role(*roles):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def require_password(request: HttpRequest) -> None:
    """Ask for the password, unless it was given within the last minutes or came along: before
    money is granted or paid, figures leave the house, or it changes who may do what.

    A view with a form calls it once the form is found valid: nobody gives a password to hear of a
    slip. What was sent is kept in the page that asks and sent on from there. Files cannot be
    kept: a view that takes some asks before it shows its form.
    """
    if is_fresh(request) or gave_password(request):
        return
    if request.method == "POST":
        raise ImmediateHttpResponse(ask_again(request))
    # allauth asks, and leads back.
    raise ReauthenticationRequired


def reauthenticated(view: Callable[..., AnyResponse]) -> Callable[..., AnyResponse]:
    """`require_password` before the view, for those that take no form or files."""

    @wraps(view)
    def guarded(request: SignedInRequest, *args: Any, **kwargs: Any) -> AnyResponse:
        require_password(request)
        return view(request, *args, **kwargs)

    return guarded
