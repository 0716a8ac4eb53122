"""Who applies: the registry, yearly figures, credit record and files of the companies."""

import uuid
from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Floor, Now
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import District, Role
from audit.triggers import append_only
from companies import initials, uscc

# The inner rooms' tables belong to this application: Django looks for them here.
from companies.imports.models import Import, ImportProgress  # noqa: F401
from companies.merging.models import Merge  # noqa: F401
from companies.profile.industries import code_of
from companies.profile.kinds import Measure, RdInstitution, Source  # noqa: F401
from companies.profile.models import (  # noqa: F401
    AccountChange,
    Agreement,
    Contact,
    Recognition,
    ScaleYear,
    SourceRule,
    require_own_paper,
)
from companies.registration.models import Registration
from companies.said import Said
from companies.streets import Street
from companies.team.enums import LEADS, MemberRole, Scope, may_do
from companies.team.models import Invitation  # noqa: F401
from companies.vault.kinds import FileKind
from companies.vault.models import PreviewPage, ScanState  # noqa: F401

if TYPE_CHECKING:
    from accounts.models import User


class CompanyQuerySet(models.QuerySet["Company"]):
    def standing(self) -> Self:
        """The companies themselves, without the rows that were merged into one."""
        return self.filter(merged_into__isnull=True)

    def acted_for_by(self, user: "User") -> Self:
        """The companies that the person may act for today."""
        return self.filter(pk__in=Member.objects.acting(user).values("company"))

    def of_person(self, user: "User") -> Self:
        """The companies that the person belongs to today, with the rows merged into them."""
        own = Member.objects.acting(user).values("company")
        return self.filter(Q(pk__in=own) | Q(merged_into__in=own))

    def ever_of(self, people: "Iterable[User]") -> Self:
        """The companies that one of the people belongs to or ever did, with the rows merged into
        them: who is no stranger to a company, whatever became of its rows."""
        theirs = Member.objects.filter(user__in=people).values("company")
        return self.filter(Q(pk__in=theirs) | Q(merged_into__in=theirs))

    def in_districts_of(self, user: "User") -> Self:
        """The companies of the districts that the person works for."""
        return self.filter(district__in=user.district_ids())

    def search(self, typed: str) -> Self:
        """By a part of the name or code, or by the first letters of the name's pinyin; also by
        those of a row that was merged into it."""
        text = typed.strip()
        found = Q(name__icontains=text)
        if code := uscc.normalise(text):
            found |= Q(uscc__contains=code)
        if pattern := initials.pattern_of(text):
            found |= Q(initials__regex=pattern)
        rows = Company.objects.filter(found)
        return self.filter(Q(pk__in=rows.values("pk")) | Q(pk__in=rows.values("merged_into")))

    def by_code(self, code: str) -> "Company | None":
        """The company with a normalised code, if it is known; the one that its row was merged
        into, if it was."""
        row = self.select_related("merged_into").filter(uscc=code).first()
        return row.standing_row if row else None

    def similar_to(self, district: District, name: str, uscc: str) -> Self:
        """Companies of the district with this name, or with the organisation's part of this code,
        under another code: one of the two codes may be a slip."""
        alike = Q(name=name) | Q(uscc__contains=uscc[8:17])
        rows = self.filter(alike, district=district, merged_into__isnull=True)
        return rows.exclude(uscc=uscc).order_by("pk")

    def visible_to(self, user: "User") -> Self:
        """The companies that the person belongs to, and those of the districts it works for."""
        own = Company.objects.of_person(user).values("pk")
        return self.filter(Q(pk__in=own) | Q(district__in=user.district_ids()))


class Company(models.Model):
    """A company of a district. One row, whatever way its code is typed."""

    district = models.ForeignKey(
        District, on_delete=models.PROTECT, related_name="+", verbose_name=_("注册地")
    )
    name = models.CharField(_("企业名称"), max_length=120)
    initials = initials.InitialsField(max_length=600, editable=False, default="", db_default="")
    uscc = models.CharField(_("统一社会信用代码"), max_length=18, unique=True)
    street = models.CharField(_("街道（镇）"), max_length=9, choices=Street, blank=True)
    address = models.CharField(_("地址"), max_length=200, blank=True)
    industry = models.CharField(
        _("所属行业"),
        max_length=5,
        blank=True,
        validators=[RegexValidator(r"^[A-T]?[0-9]{2,4}$", _("行业代码写成 C3912、3912 或 39"))],
    )
    # Counts the company's own changes, so that two people do not overwrite each other.
    revision = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    # The row that it turned out to be; never one that was merged itself.
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, editable=False, related_name="merged_rows"
    )

    objects = CompanyQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("企业"), pgettext_lazy("list", "企业")
        constraints = [
            models.CheckConstraint(
                name="company_uscc_is_normalised",
                condition=Q(uscc__regex=r"^[0-9A-HJ-NP-RTUWXY]{18}$"),
            ),
            models.CheckConstraint(
                name="company_not_merged_into_itself",
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("pk")),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.uscc = uscc.normalise(self.uscc)
        if uscc.verdict(self.uscc) is uscc.Verdict.REJECT:
            raise ValidationError({"uscc": uscc.fault(self.uscc)})
        industry = code_of(self.industry)
        if self.industry and not industry:
            fault = _("行业分类里没有这个代码，行业代码写成 C3912、3912 或 39")
            raise ValidationError({"industry": fault})
        self.industry = industry

    def rows(self) -> CompanyQuerySet:
        """Its row and those merged into it: whatever was granted to one counts for all."""
        return Company.objects.filter(Q(pk=self.pk) | Q(merged_into=self.pk))

    @property
    def standing_row(self) -> "Company":
        """The company that the row turned out to be; the row itself where it was not merged."""
        return self.merged_into or self

    def has_member(self, user: "User") -> bool:
        """Whether the person belongs to it today, or to the company that it turned out to be."""
        return Company.objects.of_person(user).filter(pk=self.pk).exists()

    def ever_had(self, people: "Iterable[User]") -> bool:
        """Whether one of the people belongs to it or ever did; see `CompanyQuerySet.ever_of`."""
        return Company.objects.filter(pk=self.pk).ever_of(people).exists()

    @property
    def current_account(self) -> "BankAccount | None":
        return self.accounts.filter(is_current=True).first()

    @property
    def open_account_change(self) -> AccountChange | None:
        """The changed account that finance has not confirmed yet."""
        return self.account_changes.open().select_related("account").first()


class MemberQuerySet(models.QuerySet["Member"]):
    def current(self) -> Self:
        """Those who belong to their company today."""
        today = timezone.localdate()
        return self.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=today),
            starts_on__lte=today,
            ended_at__isnull=True,
            user__is_active=True,
        )

    def leading(self) -> Self:
        return self.filter(role__in=LEADS)

    def acting(self, user: "User", scope: Scope | None = None) -> Self:
        """For which companies the person may act today; with a scope, do that.

        The one place that says so: every list, page and service asks it.
        """
        mine = self.current().filter(user=user, company__merged_into__isnull=True)
        if scope is not None:
            mine = mine.filter(Q(role__in=LEADS) | Q(scopes__contains=[scope]))
        return mine


class Member(models.Model):
    """A person who acts for a company, from `starts_on` to `ends_on`, both inclusive, or until
    somebody ended it at once (`ended_at`). The row stays: it names who did what.

    `scopes` is what a 经办人 may do; the others may do everything.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="memberships",
        verbose_name=_("人员"),
    )
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="members")
    role = models.CharField(
        _("身份"),
        max_length=16,
        choices=MemberRole,
        default=MemberRole.ADMINISTRATOR,
        db_default=MemberRole.ADMINISTRATOR.value,
    )
    scopes = ArrayField(
        models.CharField(max_length=10, choices=Scope),
        verbose_name=_("权限"),
        default=list,
        db_default=[],
        blank=True,
    )
    # By whose hand they came in; unknown of those who did before it was kept.
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
    )
    starts_on = models.DateField(_("起"), default=timezone.localdate, db_default=Now())
    ends_on = models.DateField(_("止"), null=True, blank=True)
    ended_at = models.DateTimeField(_("停用时间"), null=True, blank=True)

    objects = MemberQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = pgettext_lazy("one", "企业人员"), _("企业人员")
        constraints = [
            models.UniqueConstraint(fields=["user", "company"], name="member_once"),
            models.CheckConstraint(
                name="member_ends_after_it_starts",
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
            ),
            models.CheckConstraint(
                name="nobody_joins_by_their_own_hand",
                condition=Q(given_by__isnull=True) | ~Q(given_by=F("user")),
            ),
            models.UniqueConstraint(
                fields=["company"],
                condition=Q(role="legal", ended_at__isnull=True),
                name="one_legal_representative",
                violation_error_message=_("本企业已有法定代表人，请原来的先改为其他身份。"),
            ),
            # There is one 法定代表人: whoever follows could not come while the term runs out.
            models.CheckConstraint(
                name="legal_representative_has_no_term",
                condition=~Q(role="legal") | Q(ends_on__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}·{self.company}"

    @property
    def is_lead(self) -> bool:
        return self.role in LEADS

    @property
    def is_current(self) -> bool:
        today = timezone.localdate()
        return (
            self.user.is_active
            and self.ended_at is None
            and self.starts_on <= today
            and (self.ends_on is None or self.ends_on >= today)
        )

    @property
    def may_do(self) -> list[str]:
        """What the person may do for the company, in words."""
        return may_do(self.role, self.scopes)


class BankAccount(models.Model):
    """Where a company is paid. A changed account is a new row; one is current."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="accounts")
    holder = models.CharField(_("户名"), max_length=120)
    bank = models.CharField(_("开户银行"), max_length=120, help_text=_("全称，写到网点"))
    number = models.CharField(
        _("银行账号"),
        max_length=32,
        validators=[RegexValidator(r"^[0-9]{8,32}$", _("账号是 8 到 32 位数字"))],
    )
    cnaps = models.CharField(
        _("联行号"),
        max_length=12,
        blank=True,
        validators=[RegexValidator(r"^[0-9]{12}$", _("联行号是 12 位数字"))],
    )
    is_current = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    class Meta:
        verbose_name = verbose_name_plural = _("收款账户")
        constraints = [
            models.UniqueConstraint(
                fields=["company"],
                condition=Q(is_current=True),
                name="one_current_account",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.holder} {self.masked_number}"

    @property
    def masked_number(self) -> str:
        return f"{self.number[:4]} **** **** {self.number[-4:]}"


class YearlyFigureQuerySet(models.QuerySet["YearlyFigure"]):
    def visible_to(self, user: "User") -> Self:
        """The fiscal contribution is for finance of the district and the company's own people;
        everything else for whoever sees the company."""
        return self.filter(
            ~Q(measure=Measure.FISCAL_CONTRIBUTION)
            | Q(company__in=Company.objects.of_person(user))
            | Q(company__district__in=user.district_ids(Role.FINANCE))
        ).distinct()


class YearlyFigure(models.Model):
    """What a company spent, earned or contributed in a calendar year, from one source: yuan, and
    whole persons for the staff. Which of several sources speaks is `companies.figures`' matter.

    A figure that a grant or a settlement rests on is frozen: what it should have been is a
    correction.
    """

    company = models.ForeignKey(
        Company, on_delete=models.PROTECT, related_name="figures", verbose_name=_("企业")
    )
    year = models.PositiveSmallIntegerField(_("年度"))
    measure = models.CharField(_("指标"), max_length=20, choices=Measure)
    value = models.DecimalField(
        _("数值"),
        max_digits=15,
        decimal_places=2,
        help_text=_("金额以元为单位，从业人员以人为单位"),
    )
    source = models.CharField(_("来源"), max_length=12, choices=Source)
    as_of = models.DateField(_("数据截至"), default=timezone.localdate)
    is_audited = models.BooleanField(_("经审计"), default=False, db_default=False)
    evidence = models.ForeignKey(
        "companies.StoredFile",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("依据文件"),
    )
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    entered_at = models.DateTimeField(null=True, editable=False)
    frozen_at = models.DateTimeField(null=True, blank=True, editable=False)
    objects = YearlyFigureQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = pgettext_lazy("one", "年度数据"), _("年度数据")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "year", "measure", "source"],
                name="yearly_figure_once",
            ),
            models.CheckConstraint(name="yearly_figure_not_negative", condition=Q(value__gte=0)),
            models.CheckConstraint(
                name="yearly_figure_staff_is_whole",
                condition=~Q(measure=Measure.STAFF) | Q(value=Floor("value")),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="frozen_figure_is_not_deleted",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__frozen_at__isnull=False),
            ),
            # A paper may still come to a figure without one: it proves the value and changes none.
            pgtrigger.Protect(
                name="frozen_figure_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.frozen_at IS NOT NULL AND (OLD.evidence_id IS NOT NULL"
                    " OR to_jsonb(OLD) - 'evidence_id'"
                    " IS DISTINCT FROM to_jsonb(NEW) - 'evidence_id')"
                ),
            ),
        ]

    def __str__(self) -> str:
        # Without the value: names reach the audit log, and not every figure is for its readers.
        return f"{self.company} {self.year} {self.get_measure_display()}"

    @property
    def is_frozen(self) -> bool:
        return self.frozen_at is not None

    @property
    def takes_paper(self) -> bool:
        """Whether another paper may be put to it: a frozen figure keeps the one that it has."""
        return not self.is_frozen or self.evidence_id is None

    def clean(self) -> None:
        if self.measure == Measure.STAFF and self.value is not None and self.value % 1:
            raise ValidationError({"value": _("从业人员是整数")})
        require_own_paper(self)


class FigureCorrection(models.Model):
    """What a frozen figure should have been, and why. It waits beside the figure: what was
    settled stays as it is until a later settlement takes it in."""

    figure = models.ForeignKey(YearlyFigure, on_delete=models.PROTECT, related_name="corrections")
    value = models.DecimalField(_("更正后的数值"), max_digits=15, decimal_places=2)
    as_of = models.DateField(_("数据截至"), default=timezone.localdate)
    reason = models.CharField(_("更正原因"), max_length=200)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    entered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("年度数据更正")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(name="correction_not_negative", condition=Q(value__gte=0)),
            models.CheckConstraint(name="correction_has_its_reason", condition=~Q(reason="")),
        ]
        triggers = [*append_only("corrections of figures are append-only")]

    def __str__(self) -> str:
        return str(self.figure)

    @property
    def company(self) -> Company:
        return self.figure.company


class CreditKind(models.TextChoices):
    """The kinds of 信用修复管理办法."""

    BLACKLIST = "blacklist", _("严重失信主体名单")
    PENALTY = "penalty", _("行政处罚")
    ABNORMAL = "abnormal", _("异常名录")
    OTHER = "other", _("其他")


class CreditGrade(models.TextChoices):
    MINOR = "minor", _("轻微")
    GENERAL = "general", _("一般")
    SERIOUS = "serious", _("严重")


# How many months after the decision an entry is shown at least and at most, by its grade.
SHOWN_MONTHS = {
    CreditGrade.MINOR: (0, 3),
    CreditGrade.GENERAL: (3, 12),
    CreditGrade.SERIOUS: (12, 36),
}
CREDIT_CHINA = "信用中国"
# Who keeps the record and so sees what is no longer shown.
CREDIT_KEEPERS = (Role.AUDITOR, Role.ADMINISTRATOR)


def shown_until(grade: str, listed_on: date) -> tuple[date, date]:
    """The earliest and the latest last day, inclusive, on which an entry of the grade is shown."""
    least, most = SHOWN_MONTHS[CreditGrade(grade)]
    return months_after(listed_on, least), months_after(listed_on, most)


def months_after(day: date, months: int) -> date:
    """The same day so many months later; the month's last day where there is no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


class CreditEntryQuerySet(models.QuerySet["CreditEntry"]):
    def standing_on(self, day: date) -> Self:
        """What counts on that day: listed, not repaired, not run out, and not contradicted by
        信用中国, which has the last word on a document that several sources tell of."""
        told_better = CreditEntry.objects.filter(
            company=OuterRef("company"), number=OuterRef("number"), source=CREDIT_CHINA
        )
        return self.filter(
            Q(repaired_on__isnull=True) | Q(repaired_on__gt=day),
            Q(valid_until__isnull=True) | Q(valid_until__gte=day),
            listed_on__lte=day,
        ).exclude(~Q(number="") & ~Q(source=CREDIT_CHINA) & Exists(told_better))

    def visible_to(self, user: "User", day: date) -> Self:
        """What the person may see: to a company's people and officials what stands; what was
        repaired or ran out stays as evidence for the district's auditors and administrators."""
        keepers = Q(company__district__in=user.district_ids(*CREDIT_KEEPERS))
        seen = Q(company__in=Company.objects.of_person(user)) | Q(
            company__district__in=user.district_ids()
        )
        return self.filter(
            keepers | (seen & Q(pk__in=CreditEntry.objects.standing_on(day)))
        ).distinct()


class CreditEntry(models.Model):
    """An entry of a company's credit record: in force from `listed_on`, the day of the decision,
    until `valid_until` (inclusive; without one as long as it is not repaired) or the day before
    `repaired_on`. `as_of` is the day on which the source told it."""

    company = models.ForeignKey(
        Company, on_delete=models.PROTECT, related_name="credit_entries", verbose_name=_("企业")
    )
    kind = models.CharField(
        _("类别"),
        max_length=10,
        choices=CreditKind,
        default=CreditKind.BLACKLIST,
        db_default=CreditKind.BLACKLIST.value,
        help_text=_("政策管理人员或系统管理员在“信用规则”里设定各类别对每项政策的影响。"),
    )
    grade = models.CharField(
        _("等级"),
        max_length=8,
        choices=CreditGrade,
        blank=True,
        default="",
        db_default="",
        help_text=_("决定文书或信用中国标明的失信程度，没有标明就空着。"),
    )
    title = models.CharField(_("事由"), max_length=200)
    source = models.CharField(
        _("来源"),
        max_length=60,
        default=CREDIT_CHINA,
        help_text=_("同一文书号几处说法不一时，以信用中国为准。"),
    )
    number = models.CharField(
        _("文书号"),
        max_length=80,
        blank=True,
        help_text=_("决定文书的文号，拒绝兑现时要写给企业看。"),
    )
    listed_on = models.DateField(_("决定日期"), help_text=_("决定或列入之日，从这一天起有效。"))
    valid_until = models.DateField(
        _("公示到"),
        null=True,
        blank=True,
        help_text=_(
            "最后一天，含当天。轻微最长 3 个月，一般 3 个月到 1 年，严重 1 到 3 年，"
            "从决定日期起算。空着则按等级的最长期限；没有等级的到修复为止。"
        ),
    )
    repaired_on = models.DateField(
        _("修复日期"),
        null=True,
        blank=True,
        help_text=_("从这一天起不再有效，也不再向企业和经办人显示，只留作审计证据。"),
    )
    as_of = models.DateField(
        _("数据截至"),
        default=timezone.localdate,
        null=True,
        help_text=_("来源查询或提供数据的日期。"),
    )

    objects = CreditEntryQuerySet.as_manager()

    # The last day that followed from the row's grade when it was read.
    last_by_grade: date | None = None

    class Meta:
        verbose_name = verbose_name_plural = _("信用记录")
        constraints = [
            models.CheckConstraint(
                name="credit_entry_repaired_after_listing",
                condition=Q(repaired_on__isnull=True) | Q(repaired_on__gte=F("listed_on")),
            ),
            models.CheckConstraint(
                name="credit_entry_valid_after_listing",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("listed_on")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company} {self.title}"

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        entry = super().from_db(*args, **kwargs)
        if {"grade", "listed_on"}.isdisjoint(entry.get_deferred_fields()):
            entry.last_by_grade = entry._longest()
        return entry

    def _longest(self) -> date | None:
        return shown_until(self.grade, self.listed_on)[1] if self.grade else None

    def clean(self) -> None:
        """Fills in the last day where it is open; one that only followed from the grade follows
        the grade and the day of the decision when they change, also to none."""
        if not self.listed_on:
            return
        was = self.last_by_grade
        if was and self.valid_until == was != self._longest():
            self.valid_until = None
        if self.repaired_on and self.repaired_on < self.listed_on:
            raise ValidationError(
                {
                    "repaired_on": Said(
                        gettext_noop("修复日期 %(day)s 不能早于决定日期 %(listed)s"),
                        day=str(self.repaired_on),
                        listed=str(self.listed_on),
                    )
                }
            )
        if self.valid_until and self.valid_until < self.listed_on:
            raise ValidationError({"valid_until": gettext("公示的最后一天不能早于决定日期")})
        if not self.grade:
            return
        first, last = shown_until(self.grade, self.listed_on)
        if self.valid_until is None:
            self.valid_until = last
        elif not first <= self.valid_until <= last:
            raise ValidationError({"valid_until": out_of_bounds(self.grade, self.listed_on)})

    @property
    def named(self) -> str:
        """The entry in one line, so that everybody finds the paper: `欠税（甬税罚〔2026〕1号，
        信用中国，2026-01-31 决定）`."""
        number = self.number or gettext("没有文书号")
        return gettext("%(title)s（%(number)s，%(source)s，%(day)s 决定）") % {
            "title": self.title,
            "number": number,
            "source": self.source,
            "day": self.listed_on,
        }


def out_of_bounds(grade: str, listed_on: date) -> str:
    """What to write instead of a last day that the grade does not allow."""
    first, last = shown_until(grade, listed_on)
    return Said(
        gettext_noop("“%(grade)s”的公示期应到 %(first)s 至 %(last)s 之间，请核对等级和日期"),
        grade=str(CreditGrade(grade).label),
        first=str(first),
        last=str(last),
    )


class IncidentKind(models.TextChoices):
    """The kinds that the 2024 policy names, 九（二）."""

    SAFETY = "safety", _("安全生产")
    FOOD = "food", _("食品安全")
    ENVIRONMENT = "environment", _("环境污染")
    QUALITY = "quality", _("产品质量")
    TAX_EVASION = "tax_evasion", _("偷税")
    FRAUD = "fraud", _("欺诈")
    MASS_INCIDENT = "mass_incident", _("重大群体性事件")
    IDLE_LAND = "idle_land", _("大量空置土地")
    OTHER_VIOLATION = "other_violation", _("其他违法违规")


class Incident(models.Model):
    company = models.ForeignKey(
        Company, on_delete=models.PROTECT, related_name="incidents", verbose_name=_("企业")
    )
    kind = models.CharField(
        _("类别"),
        max_length=20,
        choices=IncidentKind,
        help_text=_("2024 年政策九（二）列举的问题。认定后，发生当年的事项不能享受。"),
    )
    date = models.DateField(_("发生日期"), help_text=_("按这一天所在的年度，不是认定的年度。"))
    note = models.CharField(
        _("说明"), max_length=200, blank=True, help_text=_("认定的部门和文书号，简要情况。")
    )

    class Meta:
        verbose_name, verbose_name_plural = pgettext_lazy("one", "重大问题"), _("重大问题")

    def __str__(self) -> str:
        return f"{self.company} {self.get_kind_display()} {self.date}"


class IndustryIntensity(models.Model):
    """The average R&D intensity of an industry in a year: spending for each yuan of revenue."""

    division = models.CharField(_("行业大类"), max_length=2)
    year = models.PositiveSmallIntegerField(_("年度"))
    intensity = models.DecimalField(_("平均研发强度"), max_digits=9, decimal_places=6)
    source = models.CharField(_("来源"), max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = _("行业研发强度")
        constraints = [
            models.UniqueConstraint(fields=["division", "year"], name="industry_intensity_once"),
        ]

    def __str__(self) -> str:
        return f"{self.division} {self.year}: {self.intensity}"


def stored_file_path(instance: "StoredFile", filename: str) -> str:
    """A name that says nothing about the content: what people called the file is kept apart."""
    return f"companies/{instance.pk.hex[:2]}/{instance.pk.hex}"


class StoredFileQuerySet(models.QuerySet["StoredFile"]):
    def of_companies_of(self, user: "User") -> Self:
        """The files of the companies the person belongs to."""
        return self.filter(company__in=Company.objects.of_person(user))

    def licences_unused(self) -> Self:
        """Those that came for a registration which was not sent yet."""
        sent = Registration.objects.filter(licence=OuterRef("pk"))
        return self.filter(~Exists(sent), company__isnull=True)

    def licences_kept_for(self, user: "User") -> Self:
        return self.licences_unused().filter(uploaded_by=user)


class StoredFile(models.Model):
    """A file that a company gave, once: the same bytes of the same company are one row.

    Without a company it is the licence of a registration that is not confirmed, or not yet sent.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT, null=True, related_name="files")
    name = models.CharField(_("文件名"), max_length=255)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.FileField(upload_to=stored_file_path, max_length=100)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)
    kind = models.CharField(
        _("类型"),
        max_length=12,
        choices=FileKind,
        default=FileKind.OTHER,
        db_default=FileKind.OTHER.value,
    )
    valid_from = models.DateField(_("有效期起"), null=True, blank=True)
    valid_until = models.DateField(_("有效期止"), null=True, blank=True)
    scan_state = models.CharField(
        _("查毒"),
        max_length=10,
        choices=ScanState,
        default=ScanState.UNSCANNED,
        db_default=ScanState.UNSCANNED.value,
    )
    scanned_at = models.DateTimeField(null=True, blank=True)
    virus = models.CharField(max_length=200, blank=True, db_default="")
    # How many pages the original has; null until it was drawn, 0 where it cannot be.
    pages = models.PositiveIntegerField(null=True, blank=True)

    objects = StoredFileQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("企业文件")
        constraints = [
            models.UniqueConstraint(fields=["company", "sha256"], name="stored_file_once"),
            models.CheckConstraint(
                name="stored_file_valid_until_follows_from",
                condition=Q(valid_from__isnull=True)
                | Q(valid_until__isnull=True)
                | Q(valid_until__gte=F("valid_from")),
            ),
            models.CheckConstraint(
                name="stored_file_scanned_has_its_time",
                condition=Q(
                    scan_state__in=[ScanState.CLEAN, ScanState.INFECTED],
                    scanned_at__isnull=False,
                )
                | Q(
                    scan_state__in=[ScanState.PENDING, ScanState.UNSCANNED],
                    scanned_at__isnull=True,
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def days_left(self, today: date) -> int | None:
        """Days until the last valid day, that day included in validity: below 0 it has expired."""
        return None if self.valid_until is None else (self.valid_until - today).days
