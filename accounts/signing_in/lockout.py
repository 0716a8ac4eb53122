"""Locking out whoever tries passwords: an account, from one address, for a while. From another
address the account's owner still gets in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.internal.userkit import filter_users_by_email, get_user_by_username
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.models import User
from accounts.signing_in.address import address_of


@dataclass(frozen=True)
class Lock:
    """The account with this user name cannot sign in from an address."""

    username: str
    address: str | None
    since: datetime

    @property
    def until(self) -> datetime:
        return timezone.localtime(self.since + settings.AXES_COOLOFF_TIME)


def locks(**only: Any) -> list[Lock]:
    """What stands now, the latest first; also of names that are nobody's. `only` narrows it by
    fields of axes' attempts."""
    threshold = timezone.now() - settings.AXES_COOLOFF_TIME
    found = (
        AccessAttempt.objects.filter(attempt_time__gte=threshold, **only)
        .values("username", "ip_address")
        .annotate(failures=Sum("failures_since_start"), since=Max("attempt_time"))
        .filter(failures__gte=settings.AXES_FAILURE_LIMIT)
        .order_by("-since")
    )
    return [Lock(row["username"], row["ip_address"], row["since"]) for row in found]


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
    name, address = name_of(request, credentials), address_of(request)
    found = locks(username=name, ip_address=address)
    lock = found[0] if found else Lock(name, address, timezone.now())
    return render(request, "account/locked.html", {"until": lock.until}, status=429)
