"""What a person is in a company, and what they may do for it."""

from collections.abc import Iterable

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class MemberRole(models.TextChoices):
    LEGAL = "legal", _("法定代表人")
    ADMINISTRATOR = "administrator", _("管理员")
    CLERK = "clerk", _("经办人")


# They may do everything for the company, and say who else may.
LEADS = (MemberRole.LEGAL, MemberRole.ADMINISTRATOR)


class Scope(models.TextChoices):
    """What a 经办人 may be given to do. Looking is not among it: everybody of a company may."""

    APPLY = "apply", pgettext_lazy("scope", "申报")
    DATA = "data", _("资料与数据")
    ACCOUNT = "account", _("收款账户")


def may_do(role: str, scopes: Iterable[str]) -> list[str]:
    """What a person of the role and the scopes may do for the company, in words."""
    if role in LEADS:
        return [str(_("全部"))]
    kept = list(scopes)
    return [str(scope.label) for scope in Scope if scope in kept]
