"""What a password must be, beyond what Django asks. The figures are settings."""

import re

from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User

CLASSES = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]")
# A name this short is part of many words.
SHORTEST_NAME = 3


class LongEnough(MinimumLengthValidator):
    """Django's own, which says in English how long where its catalogue lacks the sentence."""

    def get_error_message(self) -> str:
        return ngettext(
            "密码太短，至少要 %(n)d 个字符", "密码太短，至少要 %(n)d 个字符", self.min_length
        ) % {"n": self.min_length}

    def get_help_text(self) -> str:
        return ngettext("至少 %(n)d 个字符", "至少 %(n)d 个字符", self.min_length) % {
            "n": self.min_length
        }


class SeveralClasses:
    """Small letters, capitals, figures, signs: of how many of the four there must be one."""

    def __init__(self, least: int) -> None:
        self.least = least

    def validate(self, password: str, user: User | None = None) -> None:
        if sum(bool(re.search(kind, password)) for kind in CLASSES) < self.least:
            raise ValidationError(self.get_help_text(), code="password_classes")

    def get_help_text(self) -> str:
        return _("小写字母、大写字母、数字、符号，四种里至少有 %(n)d 种") % {"n": self.least}


class NoName:
    """Neither the account's name nor that of the company or department stands in it."""

    def validate(self, password: str, user: User | None = None) -> None:
        if user and any(name in password.lower() for name in _names_of(user)):
            raise ValidationError(_("密码里不能有用户名、姓名或单位名称"), code="password_name")

    def get_help_text(self) -> str:
        return _("不含用户名、姓名和单位名称")


class Uncommon(CommonPasswordValidator):
    """Django's own list, in words that go with the other rules."""

    def get_error_message(self) -> str:
        return _("这个密码太常见，请换一个")

    def get_help_text(self) -> str:
        return _("不是常见的密码")


class AnotherOne:
    """Not the one that it replaces."""

    def validate(self, password: str, user: User | None = None) -> None:
        if user and user.pk and user.check_password(password):
            raise ValidationError(_("新密码不能和原来的一样"), code="password_same")

    def get_help_text(self) -> str:
        return _("修改时和原来的不同")


def _names_of(user: User) -> list[str]:
    names = [user.username, user.name, user.email.partition("@")[0]]
    if user.pk:
        for member in user.memberships.select_related("company"):
            names += [member.company.name]
        for appointment in user.appointments.select_related("department"):
            department = appointment.department
            names += [department.name, department.short_name, department.code]
    return [name.lower() for name in names if _is_told_apart(name)]


def _is_told_apart(name: str) -> bool:
    """Chinese names are short, and no password holds one by chance."""
    return len(name) >= SHORTEST_NAME or (name != "" and not name.isascii())
