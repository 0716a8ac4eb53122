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
    act: Callable[[], object],
    done: str,
    *,
    to: Any,
    show: Callable[..., HttpResponse],
) -> HttpResponse:
    """Do it, say so and lead to `to`; where it is refused, `show` the page as it stands now with
    every reason why not (`faults`, `status`)."""
    try:
        act()
    except Refused as refusal:
        return show(faults=refusal.messages, status=refusal.status_code)
    messages.success(request, done)
    return redirect(to)
