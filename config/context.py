"""What every page's frame shows: on whose behalf one is here, and where one can go."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.admin import KEEPERS, has_office
from accounts.models import Department, District, Role, User
from accounts.signing_in.address import page_at
from accounts.stand_ins.views import HAVE_STAND_INS
from companies.imports.access import kinds_for
from companies.models import Company, Registration
from companies.team.access import company_of
from reviews.services import DECIDES
from subsidies.applications.enums import EDITABLE
from subsidies.applications.models import Application
from subsidies.catalogue.desk import EDITION_ROLES

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


# How many places fit beside the person's name, also in English. One more is not worth a menu.
BAR_PLACES = 5


@dataclass(frozen=True)
class Entry:
    """A place in a navigation. `count` is what waits there, `about` what it is for, which the
    start page of the desk says."""

    label: str
    url: str
    is_current: bool = False
    count: int = 0
    about: str = ""


class Frame:
    """Answers on demand: a fragment that has no frame asks nothing."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        # A request that fails in a middleware has no user yet.
        user = getattr(request, "user", None)
        self.user: User | None = user if user is not None and user.is_authenticated else None
        match = request.resolver_match
        self.here = (match.url_name or "") if match else ""

    @property
    def page(self) -> str:
        """Where one comes back to who changes the language or the size of type."""
        return page_at(self.request.get_full_path())

    @property
    def is_signing_in(self) -> bool:
        return self.here == "account_login"

    @property
    def has_desk(self) -> bool:
        """Whether the person works for the administration, or installed the system."""
        return self.user is not None and (self.user.is_official or self.user.is_superuser)

    @property
    def layout(self) -> str:
        """The page around what companies and officials alike see, such as their sign-ins."""
        return "workspace.html" if self.has_desk else "portal.html"

    @property
    def large_type(self) -> bool:
        if self.user:
            return self.user.large_type
        return bool(self.request.session.get("large_type"))

    @cached_property
    def company(self) -> Company | None:
        return company_of(self.request) if self.user else None

    @cached_property
    def has_several_companies(self) -> bool:
        return self.user is not None and Company.objects.acted_for_by(self.user).count() > 1

    @cached_property
    def department(self) -> Department | None:
        if not self.user or not self.user.current_appointments:
            return None
        return self.user.current_appointments[0].department

    @cached_property
    def district(self) -> District | None:
        """Whose district one is in; to the public the only one, where there is only one."""
        if self.company:
            return self.company.district
        if self.department:
            return self.department.district
        districts = District.objects.filter(departments__isnull=False).distinct()[:2]
        return districts[0] if len(districts) == 1 else None

    @property
    def district_name(self) -> str:
        return self.district.name if self.district else ""

    @property
    def district_short_name(self) -> str:
        return self.district.short_name if self.district else ""

    @property
    def department_name(self) -> str:
        return self.department.short_name if self.department else ""

    @property
    def stands_in_for(self) -> str:
        """The names of those on whose behalf one acts today."""
        if not self.user:
            return ""
        names = dict.fromkeys(str(each.principal) for each in self.user.stand_ins)
        return gettext("、").join(names)

    @property
    def portal_nav(self) -> list[Entry]:
        entries = [self._entry(_("政策库"), "policy_list", ["policy_detail", "document_detail"])]
        if self.company:
            waiting = Application.objects.filter(company=self.company, status__in=EDITABLE)
            entries += [
                self._entry(
                    _("我的申请"),
                    "application_list",
                    ["application_detail", "application_edit", "application_submit"],
                    waiting.count(),
                ),
                self._entry(_("材料库"), "vault", ["file_detail"]),
                self._entry(_("企业资料"), "company_profile"),
                self._entry(_("企业人员"), "team", ["member_edit"]),
            ]
        elif self.user and not self.user.is_official:
            entries.append(self._entry(_("登记企业"), "company_register"))
        notices = pgettext_lazy("place", "公示公告")
        entries.append(self._entry(notices, "public_notice_list", ["public_notice_detail"]))
        if self.has_desk:
            entries.append(self._entry(_("工作台"), "home"))
        elif not self.user:
            entries.append(self._entry(_("通知书核验"), "notice_verify", ["notice_verify_code"]))
        return entries

    @property
    def desk_bar(self) -> list[Entry]:
        """What stands in the bar: the first places; the last of them is the current one's, where
        it comes later."""
        places = self.desk_nav
        if len(places) <= BAR_PLACES + 1:
            return places
        later = [entry for entry in places[BAR_PLACES:] if entry.is_current]
        return places[: BAR_PLACES - len(later)] + later

    @property
    def desk_more(self) -> list[Entry]:
        return [entry for entry in self.desk_nav if entry not in self.desk_bar]

    @cached_property
    def desk_nav(self) -> list[Entry]:
        """All places of an official, what each role does most first."""
        if not self.user:
            return []
        entries = []
        if has_office(self.request, *KEEPERS):
            entries.append(self._entry(_("工作台"), "desk"))
        if self.user.has_role(*DECIDES):
            entries.append(self._entry(_("待办"), "worklist"))
        if self.user.has_role(*DECIDES, Role.AUDITOR):
            entries.append(self._entry(_("办件"), "case_list", ["case_detail", "case_decide"]))
        if self.user.has_role(Role.FINANCE, Role.AUDITOR):
            batches = ["batch_create", "batch_detail"]
            entries += [
                self._entry(_("拨付"), "finance_home"),
                self._entry(_("批次"), "batch_list", batches),
                self._entry(_("台账"), "ledger_list"),
            ]
        if self.user.has_role(Role.AUDITOR):
            entries.append(self._entry(_("审计"), "audit_log"))
        if self.user.is_official:
            entries.append(
                self._entry(
                    pgettext_lazy("list", "企业"),
                    "company_list",
                    ["company_detail"],
                    about=_("本区企业的登记、年度数据、资质和信用"),
                )
            )
        if self.user.has_role(Role.ADMINISTRATOR):
            waiting = Registration.objects.kept_by(self.user).pending().count()
            entries.append(
                self._entry(
                    _("企业登记"),
                    "registration_list",
                    ["registration_detail", "registration_confirm", "registration_refuse"],
                    waiting,
                    _("对照营业执照，核对企业提交的登记"),
                )
            )
        if self.user.has_role(*EDITION_ROLES):
            entries += [
                self._entry(_("政策版本库"), "edition_list", about=_("政策文件的各个版本")),
                self._entry(
                    _("信用规则"), "credit_rules", about=_("每份文件里，一条信用记录有什么后果")
                ),
            ]
        if self.user.has_role(Role.ADMINISTRATOR) or self.user.is_superuser:
            entries.append(self._entry(_("配置"), "admin:index"))
        elif self.user.has_role(Role.SECURITY_OFFICER):
            entries.append(self._entry(_("人员任职"), "admin:index"))
        entries.append(
            self._entry(
                _("公示"),
                "public_notice_list",
                ["public_notice_detail"],
                about=_("正在公示和已期满的名单"),
            )
        )
        if kinds_for(self.user):
            entries.append(
                self._entry(
                    _("导入"),
                    "import_list",
                    ["import_detail"],
                    about=_("用表格批量录入企业、年度数据、信用记录和重大问题"),
                )
            )
        if self.user.has_role(Role.ADMINISTRATOR):
            entries.append(
                self._entry(
                    _("疑似重复"),
                    "duplicate_list",
                    ["company_merge"],
                    about=_("可能是同一家的企业，先看合并结果再决定"),
                )
            )
        if self.user.has_role(*HAVE_STAND_INS, Role.SECURITY_OFFICER):
            entries.append(
                self._entry(
                    _("委托代办"),
                    "stand_in_list",
                    ["stand_in_give", "stand_in_end"],
                    about=_("有人出差、休假时，指定谁在哪几天代办"),
                )
            )
        if self.user.has_role(Role.AUDITOR, Role.ADMINISTRATOR):
            entries.append(
                self._entry(
                    _("运行状态"),
                    "status",
                    ["failed_jobs", "incident_list", "incident_detail"],
                    about=_("服务、后台任务和核对是否正常，没有办成的任务再办一次"),
                )
            )
        entries.append(self._entry(_("政策库"), "policy_list", about=_("企业看到的政策和试算")))
        if self.company:
            entries.append(
                self._entry(_("我的企业"), "company_profile", about=_("本人所属企业的资料和申请"))
            )
        return entries

    @property
    def foot(self) -> list[Entry]:
        return [
            self._entry(_("政策库"), "policy_list"),
            self._entry(_("公示公告"), "public_notice_list"),
            self._entry(_("通知书核验"), "notice_verify"),
        ]

    def _entry(
        self,
        label: "StrOrPromise",
        name: str,
        also: Iterable[str] = (),
        count: int = 0,
        about: "StrOrPromise" = "",
    ) -> Entry:
        return Entry(str(label), reverse(name), self.here in {name, *also}, count, str(about))


def frame(request: HttpRequest) -> dict[str, Any]:
    return {"demo": settings.DEMO, "frame": Frame(request)}
