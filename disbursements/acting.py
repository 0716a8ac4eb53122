"""What the pages of finance have in common: who acts, and an act that is done and told, or refused
on its page."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from accounts.access import SignedInRequest
from accounts.models import Role, User
from accounts.refusals import Refused


def acting(user: User, district_id: int) -> set[int]:
    """The person, and on whose behalf they handle the district's money."""
    principal = user.principal(Role.FINANCE, district_id=district_id)
    return {user.pk} | ({principal.pk} if principal else set())


def do(
    request: SignedInRequest,
    act: Callable[[], Any],
    done: str | Callable[[Any], str],
    *,
    to: Any,
    show: Callable[..., HttpResponse],
) -> HttpResponse:
    """Do it, say so (`done` may ask what came of it) and lead to `to`; where it is refused, `show`
    the page as it stands now with every reason why not (`faults`, `status`)."""
    try:
        result = act()
    except Refused as refusal:
        return show(faults=refusal.messages, status=refusal.status_code)
    messages.success(request, done if isinstance(done, str) else done(result))
    return redirect(to)
