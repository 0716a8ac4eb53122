"""Mails about an account. Like all mails they are Chinese, and the outbox sends them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from allauth.account.forms import default_token_generator
from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.signing_in.address import public_url
from audit.models import Entry
from outbox.mail import deliver
from outbox.models import Job
from outbox.services import enqueue, handler

# allauth's name of a mail: the subject, the text, and the page that it leads to.
MAILS = {
    "account/email/email_confirmation_signup": (
        "请确认您的邮箱",
        "您好，有人用这个邮箱注册了惠企政策申报账号。是您本人的，请打开下面的地址确认，"
        "然后就可以登录：\n\n{url}\n\n地址 {days} 天内有效。不是您本人注册的，不用理会。",
        "account_confirm_email",
    ),
    "account/email/password_reset_key": (
        "重设登录密码",
        "您好，有人要求重设账号 {username} 的密码。是您本人的，请打开下面的地址设新密码；"
        "账号如果已锁定，重设后立即解锁：\n\n{url}\n\n地址 {minutes} 分钟内有效，用一次就失效。"
        "不是您本人要求的，不用理会，密码没有变。",
        "account_reset_password_from_key",
    ),
    "account/email/account_already_exists": (
        "这个邮箱已经注册过",
        "您好，有人想用这个邮箱注册惠企政策申报账号，但它已经有账号了。请直接登录；"
        "忘记密码的，在这里重设：\n\n{url}\n\n不是您本人操作的，不用理会。",
        "account_reset_password",
    ),
    "account/email/unknown_account": (
        "这个邮箱还没有账号",
        "您好，有人要求重设密码，但这个邮箱没有登记过账号。可能您注册时用了别的邮箱；"
        "还没有注册的，在这里注册：\n\n{url}\n\n不是您本人操作的，不用理会。",
        "account_signup",
    ),
}
# What a security officer did to somebody's account: the subject and the text.
RESETS = {
    "password": (
        "您的登录密码已由安全管理员重设",
        "您好，{officer}刚刚为账号 {username} 设了新密码。用它登录以后，会请您另设一个只有自己"
        "知道的密码。{otherwise}",
    ),
    "second_factor": (
        "您的两步验证已由安全管理员关闭",
        "您好，{officer}刚刚为账号 {username} 关闭了两步验证，原来的验证器和恢复码都已失效。"
        "请登录后在“登录与安全”里重新开启。{otherwise}",
    ),
    "email": (
        "您账号的邮箱已由安全管理员更改",
        "您好，{officer}刚刚更改了账号 {username} 的邮箱。以后用新的邮箱登录和找回密码，原来的邮箱"
        "不再有效，各处的登录都已退出。{otherwise}",
    ),
}
# Whoever changed the address first would else be the only one to hear of what they do next.
FORMER_ADDRESS_TOLD_FOR = timedelta(days=7)
OTHERWISE = "这不是您要求的，请马上告诉本单位的另一位安全管理员或拨打 12345：账号可能被人冒用。"
MAILS["account/email/email_confirmation"] = MAILS["account/email/email_confirmation_signup"]


@transaction.atomic
def send(template: str, to: str, context: dict[str, Any]) -> None:
    """Hand allauth's mail to the outbox."""
    subject, body = _worded(template, context)
    enqueue("mail", f"account:{uuid4()}", to=[to], subject=subject, body=body)


def tell_of_reset(user: User, what: str, *, by: User) -> None:
    """To whom an officer gave another password (`password`), took the second factor from
    (`second_factor`) or wrote another mail address (`email`), in the caller's transaction: they
    would not notice somebody else's doing. The address before
    hears of it for some days, too."""
    subject, text = RESETS[what]
    body = text.format(officer=by, username=user.username, otherwise=OTHERWISE)
    for address in sorted({user.email, *_former_addresses(user)} - {""}):
        enqueue("mail", f"account:{uuid4()}", to=[address], subject=subject, body=body)


def _former_addresses(user: User) -> list[str]:
    """Those that an officer replaced within the last days."""
    since = timezone.now() - FORMER_ADDRESS_TOLD_FOR
    changes = Entry.objects.about(user).filter(action="person.email_changed", at__gt=since)
    return [entry.data["before"] for entry in changes]


@transaction.atomic
def send_way_back(email: str) -> None:
    """To whoever forgot the password. Whether there is an account is found out later: the page
    answers as fast for one that does not exist, and no valid link lies in the outbox."""
    enqueue("accounts.send_way_back", uuid4(), email=email)


@handler("accounts.send_way_back", at_most_once=True)
def _send_way_back(job: Job, email: str) -> None:
    users = filter_users_by_email(email, is_active=True, prefer_verified=True, for_login=True)
    worded = [
        _worded(
            "account/email/password_reset_key",
            {
                "uid": user_pk_to_url_str(user),
                "key": default_token_generator.make_token(user),
                "username": user.username,
            },
        )
        for user in users
    ] or [_worded("account/email/unknown_account", {})]
    deliver(job, *(EmailMessage(subject, body, to=[email]) for subject, body in worded))


def _worded(template: str, context: dict[str, Any]) -> tuple[str, str]:
    subject, text, page = MAILS[template]
    arguments: dict[str, Any] = {}
    if page == "account_confirm_email":
        arguments = {"key": context["key"]}
    elif page == "account_reset_password_from_key":
        arguments = {"uidb36": context["uid"], "key": context["key"]}
    body = text.format(
        url=public_url(reverse(page, kwargs=arguments)),
        username=context.get("username", ""),
        days=settings.ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS,
        minutes=settings.PASSWORD_RESET_TIMEOUT // 60,
    )
    return subject, body
