"""When a sign-in ends by itself, and what must be done before anything else."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, resolve_url
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from accounts.signing_in.address import is_own_page
from accounts.signing_in.asking import ask_again, gave_password
from accounts.signing_in.staff import has_second_factor, idle_limit, needs_second_factor

View = Callable[..., HttpResponse]


class PageRequest(HttpRequest):
    """A request behind HtmxMiddleware."""

    htmx: HtmxDetails


SIGNED_IN_AT, SEEN_AT = "signed_in_at", "seen_at"
# The session is written at most this often only to note that somebody is there.
NOTICE_EVERY = 30  # seconds

# What the second factor and a password of one's own may be set with, and the way out.
FIRST_STEPS = {
    "account_change_password",
    "account_logout",
    "account_reauthenticate",
    "mfa_activate_totp",
    "set_language",
    "toggle_large_type",
}


@receiver(user_logged_in)
def _note_the_beginning(request: HttpRequest, **kwargs: Any) -> None:
    request.session[SIGNED_IN_AT] = request.session[SEEN_AT] = int(time.time())


class SignInRequired(LoginRequiredMiddleware):
    """To the sign-in page and back again."""

    def handle_no_permission(  # type: ignore[override]
        self, request: PageRequest, view_func: Any
    ) -> HttpResponseBase:
        return to_sign_in(request)


class SignInEnds:
    """A sign-in ends after a while without doing anything, and at last in any case.

    Whoever sends a form after too long a pause is asked for the password instead, and nothing
    else is shown or done: what was filled in stays.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    # After CsrfViewMiddleware and LoginRequiredMiddleware have looked.
    def process_view(
        self, request: PageRequest, view: View, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        user = request.user
        if not isinstance(user, User):
            return None
        now = int(time.time())
        limit = idle_limit(user)
        lifetime = settings.SIGN_IN_LIFETIME
        # A session that does not say when it began has not begun.
        if now - request.session.get(SIGNED_IN_AT, 0) >= lifetime.total_seconds():
            hours = lifetime.total_seconds() // 3600
            return self._end(request, view, _("登录已满 %(n)d 小时，请重新登录。") % {"n": hours})
        if now - request.session.get(SEEN_AT, 0) >= limit.total_seconds():
            if not _holds_a_form(request, view):
                minutes = int(limit.total_seconds() // 60)
                text = ngettext(
                    "您有 %(n)d 分钟没有操作，已为您退出。请重新登录。",
                    "您有 %(n)d 分钟没有操作，已为您退出。请重新登录。",
                    minutes,
                )
                return self._end(request, view, text % {"n": minutes})
            if request.htmx:
                return to_sign_in(request)
            if not gave_password(request):
                return ask_again(request)
        # What a page asks by itself is nobody's doing.
        asks_by_itself = request.htmx and request.method == "GET"
        if not asks_by_itself and now - request.session[SEEN_AT] >= NOTICE_EVERY:
            request.session[SEEN_AT] = now
        return None

    def _end(self, request: PageRequest, view: View, text: str) -> HttpResponseBase | None:
        logout(request)
        messages.warning(request, text)
        return to_sign_in(request) if view_needs_sign_in(view) else None


class FirstSteps:
    """A password that somebody else chose is changed, and staff set up a second factor, before
    anything else is shown."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: PageRequest, view: View, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        user = request.user
        match = request.resolver_match
        if not isinstance(user, User) or not view_needs_sign_in(view):
            return None
        if match and match.url_name in FIRST_STEPS:
            return None
        if user.must_change_password:
            messages.warning(request, _("请先换成您自己的密码，再办理其他事项。"))
            return redirect("account_change_password")
        if needs_second_factor(user) and not has_second_factor(user):
            messages.warning(request, _("工作人员登录要两步验证。请先按下面的步骤开启。"))
            return redirect("mfa_activate_totp")
        return None


def _holds_a_form(request: HttpRequest, view: View) -> bool:
    """Whether something that was filled in would be lost."""
    match = request.resolver_match
    leaves = match is not None and match.url_name == "account_logout"
    return request.method == "POST" and view_needs_sign_in(view) and not leaves


def view_needs_sign_in(view: View) -> bool:
    return getattr(view, "login_required", True)


def to_sign_in(request: PageRequest) -> HttpResponseBase:
    """To the sign-in page, with the way back. A fragment would be put into the page that asked
    for it: a saving is told that it failed (401), all others send the whole page there."""
    if request.htmx:
        response = HttpResponse(status=401)
        if request.method == "GET":
            response["HX-Redirect"] = _sign_in_url(request.htmx.current_url_abs_path or "/")
        return response
    if request.method == "GET":
        back = request.get_full_path()
    else:
        # A form's own address is no page; the one that it stood on is.
        referrer = request.headers.get("Referer", "")
        parts = urlsplit(referrer)
        back = parts._replace(scheme="", netloc="").geturl()
        if not back or not is_own_page(request, referrer):
            back = resolve_url(settings.LOGIN_REDIRECT_URL)
    return HttpResponseRedirect(_sign_in_url(back))


def _sign_in_url(back: str) -> str:
    return f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': back}, safe='/')}"
