"""Who may import what: the one place that says it."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import District, Role, User


class ImportKind(models.TextChoices):
    COMPANIES = "companies", pgettext_lazy("list", "企业")
    CONTACTS = "contacts", _("联系人")
    SCALE = "scale", _("规上状态")
    RECOGNITIONS = "recognitions", _("资质认定")
    AGREEMENTS = "agreements", _("扶持协议")
    FIGURES = "figures", _("年度数据")
    FISCAL = "fiscal", _("财政贡献")
    CREDIT = "credit", _("信用记录")
    INCIDENTS = "incidents", _("重大问题")


# The fiscal contribution is seen by finance and the company only, so it is imported apart.
IMPORTERS: dict[ImportKind, tuple[Role, ...]] = {
    ImportKind.COMPANIES: (Role.ADMINISTRATOR,),
    ImportKind.CONTACTS: (Role.ADMINISTRATOR,),
    ImportKind.SCALE: (Role.ADMINISTRATOR,),
    ImportKind.RECOGNITIONS: (Role.ADMINISTRATOR,),
    ImportKind.AGREEMENTS: (Role.ADMINISTRATOR,),
    ImportKind.FIGURES: (Role.ADMINISTRATOR,),
    ImportKind.FISCAL: (Role.FINANCE,),
    ImportKind.CREDIT: (Role.ADMINISTRATOR,),
    ImportKind.INCIDENTS: (Role.ADMINISTRATOR,),
}


def may_import(user: User, kind: str, district: District) -> bool:
    return district.pk in user.district_ids(*IMPORTERS[ImportKind(kind)])


def principal_of(user: User, kind: str, district: District) -> User | None:
    """On whose behalf the person imports; None where the office is their own."""
    return user.principal(*IMPORTERS[ImportKind(kind)], district_id=district.pk)


def kinds_for(user: User) -> list[ImportKind]:
    """The kinds that the person may import for some district."""
    return [kind for kind, roles in IMPORTERS.items() if user.has_role(*roles)]
