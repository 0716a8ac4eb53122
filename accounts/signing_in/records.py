"""Who signed in, who failed, who was locked out, and what changed about proving who one is:
entries about the person, where the person is known. Whoever looks at their own sign-ins sees
these entries (`SHOWN_TO_OWNER`)."""

from typing import Any

from allauth.account import signals as account_signals
from allauth.mfa import signals as second_factor_signals
from allauth.mfa.models import Authenticator
from axes.signals import user_locked_out
from axes.utils import reset
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from accounts.signing_in.address import origin_of
from accounts.signing_in.lockout import account_of
from audit.services import record

SHOWN_TO_OWNER = (
    "person.signed_in",
    "person.signed_out",
    "person.sign_in_ended",
    "person.sign_in_failed",
    "person.locked_out",
    "person.unlocked",
    "person.password_changed",
    "person.email_changed",
    "person.second_factor_added",
    "person.second_factor_removed",
    "person.recovery_code_used",
    "person.recovery_codes_renewed",
)
SECOND_FACTOR = {
    Authenticator.Type.TOTP: "person.second_factor",
    Authenticator.Type.RECOVERY_CODES: "person.recovery_codes",
}


@receiver(account_signals.user_logged_in)
def _signed_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    with transaction.atomic():
        record("person.signed_in", about=user, by=user, **origin_of(request))


@receiver(user_logged_out)
def _signed_out(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user:
        with transaction.atomic():
            record("person.signed_out", about=user, by=user, **origin_of(request))


@receiver(user_login_failed)
def _failed(credentials: dict[str, Any], request: HttpRequest | None, **kwargs: Any) -> None:
    """A failure that counted; of those during a lock there is no end."""
    user = account_of(credentials)
    counted = getattr(request, "axes_failures_since_start", None) is not None
    if user and request is not None and counted:
        with transaction.atomic():
            record("person.sign_in_failed", about=user, by=None, **origin_of(request))


@receiver(user_locked_out)
def _locked_out(request: Any, username: str, **kwargs: Any) -> None:
    user = User.objects.filter(username=username).first()
    if user and request.axes_failures_since_start is not None:
        with transaction.atomic():
            record("person.locked_out", about=user, by=None, **origin_of(request))


@receiver(account_signals.password_reset)
def _unlock(user: User, **kwargs: Any) -> None:
    """Who reads the account's mail is its owner."""
    reset(username=user.username)


@receiver(second_factor_signals.authentication_failed)
def _wrong_code(request: HttpRequest, user: User, **kwargs: Any) -> None:
    with transaction.atomic():
        record("person.sign_in_failed", about=user, by=None, wrong="code", **origin_of(request))


@receiver(second_factor_signals.authenticator_used)
def _used(request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Of codes from the phone the sign-in says enough; a recovery code may be a stolen paper."""
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        with transaction.atomic():
            record("person.recovery_code_used", about=user, by=user, **origin_of(request))


def _changed(what: str) -> Any:
    def receive(request: HttpRequest, user: User, authenticator: Any, **kwargs: Any) -> None:
        action = f"{SECOND_FACTOR[authenticator.type]}_{what}"
        with transaction.atomic():
            record(action, about=user, by=user, **origin_of(request))

    return receive


_added, _removed, _renewed = (_changed(what) for what in ("added", "removed", "renewed"))
second_factor_signals.authenticator_added.connect(_added)
second_factor_signals.authenticator_removed.connect(_removed)
second_factor_signals.authenticator_reset.connect(_renewed)
