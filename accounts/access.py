"""Views for some roles only. What of it a person sees is the querysets' matter."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from accounts.models import Role, User

View = Callable[..., HttpResponse]
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
