"""Locking out whoever tries passwords: an account, from one address, for a while. From another
address the account's owner still gets in."""

from typing import Any

from allauth.account.internal.userkit import filter_users_by_email, get_user_by_username
from axes.models import AccessAttempt
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.models import User
from accounts.signing_in.address import address_of


def account_of(credentials: dict[str, Any] | None) -> User | None:
    """Whose account is meant by a user name or mail address, in whatever spelling."""
    login = str((credentials or {}).get("username") or (credentials or {}).get("email") or "")
    if not login:
        return None
    user = get_user_by_username(login)
    if user is None and "@" in login:
        user = next(iter(filter_users_by_email(login, prefer_verified=True, for_login=True)), None)
    return user


def name_of(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """What axes counts under: one name for each account, or every spelling had its own tries."""
    user = account_of(credentials)
    if user:
        return user.username
    login = (credentials or {}).get("username") or (credentials or {}).get("email") or ""
    return str(login).strip().lower()[:255]


def locked_out(
    request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    """Instead of the page that was asked for: until when, and how to get in before."""
    attempts = AccessAttempt.objects.filter(
        username=name_of(request, credentials), ip_address=address_of(request)
    )
    last = max((attempt.attempt_time for attempt in attempts), default=timezone.now())
    until = timezone.localtime(last + settings.AXES_COOLOFF_TIME)
    return render(request, "account/locked.html", {"until": until}, status=429)
