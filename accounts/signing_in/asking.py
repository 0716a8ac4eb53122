"""Asking for the password once more, with what was sent kept in the page."""

from typing import Any

from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.signing_in.address import is_own_page, page_at
from accounts.signing_in.forms import ReauthenticationForm

FIELD = "reauthentication-password"
# The page on which the person was when the password was first asked for.
BACK = "reauthentication-back"


def gave_password(request: HttpRequest) -> bool:
    """Whether the form came back with the right password; that is then on record."""
    form = _form(request)
    if not form.is_bound or not form.is_valid():
        return False
    reauthenticate_by_password(request)
    return True


def ask_again(request: HttpRequest) -> HttpResponse:
    """The page that asks; it sends what was sent to the same address again."""
    context = {
        "form": _form(request),
        "action": request.get_full_path(),
        "carried": [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            # No page repeats a password; the form that wants one asks for it again.
            if name not in ("csrfmiddlewaretoken", BACK) and "password" not in name
        ],
    }
    return render(request, "account/reauthenticate.html", context, status=403)


def way_back(request: HttpRequest) -> str:
    """Where somebody goes who does not want to give the password; empty where that is not known."""
    page = request.POST.get(BACK) or request.headers.get("Referer", "")
    return page_at(page) if is_own_page(request, page) else ""


def _form(request: Any) -> ReauthenticationForm:
    """Bound where a password came along; checked once, for each check counts."""
    if not hasattr(request, "reauthentication_form"):
        came = FIELD in request.POST
        request.reauthentication_form = ReauthenticationForm(
            data=request.POST if came else None, user=request.user, prefix="reauthentication"
        )
    return request.reauthentication_form
