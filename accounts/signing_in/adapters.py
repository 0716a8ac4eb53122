"""What allauth asks us."""

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage
from allauth.account.utils import get_next_redirect_url
from allauth.core import context, ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.models import User
from accounts.signing_in import mails
from accounts.signing_in.address import address_of, is_own_page, origin_of
from accounts.signing_in.freshness import is_fresh
from accounts.signing_in.staff import needs_second_factor
from audit.services import record

# In the session: the page that somebody came for who signed up first, such as an invitation.
CAME_FOR = "came_for"

TOO_MANY_FAILURES = format_lazy(
    ngettext_lazy(
        "连续失败的次数太多，请 {minutes} 分钟后再试。",
        "连续失败的次数太多，请 {minutes} 分钟后再试。",
        settings.LOCK_MINUTES,
    ),
    minutes=settings.LOCK_MINUTES,
)
# allauth's names of what it would tell, and how we say it. Of what is missing nothing is said.
MESSAGES = {
    "account/messages/password_changed.txt": _("密码已修改，您在别处的登录都已退出。"),
    "account/messages/email_confirmed.txt": _("邮箱已确认，可以登录了。"),
    "account/messages/email_confirmation_failed.txt": _(
        "没有确认成功：这个邮箱已经由另一个账号确认。"
    ),
    "mfa/messages/totp_activated.txt": _("两步验证已开启，以后登录时还要输入动态码。"),
    "mfa/messages/totp_deactivated.txt": _("两步验证已关闭。"),
}


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("这个账号已停用，请联系本单位的管理员。"),
        "email_taken": _("这个邮箱已经有账号。"),
        "enter_current_password": _("现在的密码不对。"),
        "incorrect_code": _("动态码不对。请输入手机上现在显示的六位数字，或一个没有用过的恢复码。"),
        "incorrect_password": _("密码不对。"),
        "invalid_or_expired_key": _("地址已失效，请重新申请。"),
        "invalid_password_reset": _("地址已失效，请重新申请。"),
        "too_many_login_attempts": TOO_MANY_FAILURES,
        "rate_limited": TOO_MANY_FAILURES,
        # The same for a name and for a mail address, known or unknown.
        "email_password_mismatch": _("用户名或密码不对。"),
        "username_password_mismatch": _("用户名或密码不对。"),
    }

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        if text := message or MESSAGES.get(message_template or ""):
            messages.add_message(request, level, text, extra_tags=extra_tags)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        mails.send(template_prefix, email, context)

    def is_safe_url(self, url: str) -> bool:
        return is_own_page(context.request, url)

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request) or ""

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("security")

    def get_login_stages(self) -> list[str]:
        ours = "accounts.signing_in.adapters.SignUpVerificationStage"
        theirs = f"{EmailVerificationStage.__module__}.{EmailVerificationStage.__name__}"
        return [ours if stage == theirs else stage for stage in super().get_login_stages()]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        return not is_fresh(context.request)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """By password only, as before any weighty act (`accounts.access.reauthenticated`)."""
        return [{"id": "reauthenticate", "url": reverse("account_reauthenticate")}]

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """axes counts for an account and an address; this, for an address over all accounts.

        Whoever is signed in gives the password of one account only. An office behind one address
        would wait for each other here, and be told of failures that were none.
        """
        if request.user.is_authenticated:
            return
        self._login_failed_rl_usage = ratelimit._impl.consume(
            request, app="allauth.account", action="sign_in_failed"
        )
        if not self._login_failed_rl_usage:
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        # allauth's keys are members of an enumeration, whose hash is not that of their text.
        plain = {str(getattr(key, "value", key)): value for key, value in credentials.items()}
        return super().authenticate(request, **plain)

    def save_user(
        self, request: HttpRequest, user: AbstractBaseUser, form: Any, commit: bool = True
    ) -> AbstractBaseUser:
        assert isinstance(user, User)
        user.name = form.cleaned_data["name"]
        user.password_changed_at = timezone.now()
        with transaction.atomic():
            super().save_user(request, user, form, commit)
            record("person.signed_up", about=user, by=user)
        if page := get_next_redirect_url(request):
            request.session[CAME_FOR] = page
        return user

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        # The mailed link does not carry the page, and the sign-in after it does not know it.
        return request.session.pop(CAME_FOR, None) or super().get_login_redirect_url(request)

    @transaction.atomic
    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """The person's own choice, signed in or by a mailed link."""
        assert isinstance(user, User)
        user.password_changed_at = timezone.now()
        user.password_is_temporary = False
        super().set_password(user, password)
        record("person.password_changed", about=user, by=user, **origin_of(context.request))


class SignUpVerificationStage(EmailVerificationStage):
    """Who signed up proves the mail address before the first sign-in. People whom an
    administrator entered are known."""

    def handle(self) -> tuple[Any, bool]:
        user = self.login.user
        if user is not None and not (
            user.last_login is None
            and EmailAddress.objects.filter(user_id=user.pk, verified=False).exists()
        ):
            return None, True
        return super().handle()


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": _("工作人员必须使用两步验证，不能关闭。"),
        "cannot_generate_recovery_codes": _("还没有开启两步验证，不需要恢复码。"),
        "incorrect_code": AccountAdapter.error_messages["incorrect_code"],
    }

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return user.get_username()

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not needs_second_factor(authenticator.user)


def _cipher() -> MultiFernet:
    """Secrets at rest, by keys made from SECRET_KEY and those before it."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = (hashlib.sha256(f"second factor {key}".encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
