"""Dated facts of a company. Each names its source or paper; days are inclusive, and a bound that
is left out is not known. Whether one holds is asked for a policy year: it does when it was in
force on at least one day of it."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

import pgtrigger
from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import District, Role
from accounts.two_people import second_person
from audit.triggers import status_arrows
from companies.profile.kinds import (
    AgreementKind,
    Measure,
    RdInstitution,
    RecognitionKind,
    Source,
)

if TYPE_CHECKING:
    from accounts.models import User


class ScaleYear(models.Model):
    """Whether a company was 规上 (限上) in a calendar year."""

    company = models.ForeignKey(
        "companies.Company", on_delete=models.PROTECT, related_name="scale_years"
    )
    year = models.PositiveSmallIntegerField(_("年度"))
    above_scale = models.BooleanField(_("规上企业"))
    source = models.CharField(_("来源"), max_length=12, choices=Source, default=Source.STATISTICS)
    note = models.CharField(_("依据"), max_length=120, blank=True)
    evidence = models.ForeignKey(
        "companies.StoredFile",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("依据文件"),
    )

    class Meta:
        verbose_name = verbose_name_plural = _("规上状态")
        ordering = ["-year"]
        constraints = [
            models.UniqueConstraint(fields=["company", "year"], name="scale_year_once"),
        ]

    def __str__(self) -> str:
        return f"{self.company} {self.year}"


class DatedQuerySet(models.QuerySet):
    def in_year(self, year: int) -> Self:
        """Those in force on at least one day of the calendar year."""
        first, last = date(year, 1, 1), date(year, 12, 31)
        return self.filter(
            Q(valid_from__isnull=True) | Q(valid_from__lte=last),
            Q(valid_until__isnull=True) | Q(valid_until__gte=first),
        )

    def newest_first(self) -> Self:
        return self.order_by(F("valid_from").desc(nulls_last=True), "-pk")


def require_own_paper(fact: Any) -> None:
    """The evidence is a file of the same company, a row and those merged into it being one: nobody
    reads another's papers through it. No form of a fact has the field: papers are attached."""
    paper = fact.evidence
    if paper is None or paper.company_id == fact.company_id:
        return
    if not fact.company.standing_row.rows().filter(pk=paper.company_id).exists():
        raise ValidationError({NON_FIELD_ERRORS: _("依据文件不是这家企业的，请重新选择")})


class Dated(models.Model):
    """Something in force from a first to a last day, with its paper."""

    number = models.CharField(_("证书（文件）编号"), max_length=80, blank=True)
    valid_from = models.DateField(_("有效期起"), null=True, blank=True)
    valid_until = models.DateField(
        _("有效期止"), null=True, blank=True, help_text=_("含当日。没有期限就空着")
    )
    evidence = models.ForeignKey(
        "companies.StoredFile",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("依据文件"),
    )

    objects = DatedQuerySet.as_manager()

    class Meta:
        abstract = True

    def clean(self) -> None:
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise ValidationError({"valid_until": _("有效期止不能早于有效期起")})
        require_own_paper(self)

    def is_in_force_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or self.valid_until >= day
        )


def valid_until_follows_from(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=name,
        condition=Q(valid_from__isnull=True)
        | Q(valid_until__isnull=True)
        | Q(valid_until__gte=F("valid_from")),
    )


class Recognition(Dated):
    """A 高新技术企业 certificate or an R&D institution. `holds` false says that it is known that
    there was none in that time; nothing at all says that it is not known."""

    company = models.ForeignKey(
        "companies.Company", on_delete=models.PROTECT, related_name="recognitions"
    )
    kind = models.CharField(_("类别"), max_length=16, choices=RecognitionKind)
    holds = models.BooleanField(
        _("已认定"), default=True, help_text=_("不勾选表示已核实这段时间没有")
    )
    level = models.CharField(
        _("级别"),
        max_length=12,
        blank=True,
        choices=[choice for choice in RdInstitution.choices if choice[0] != "none"],
        help_text=_("研发机构的级别"),
    )

    class Meta:
        verbose_name, verbose_name_plural = pgettext_lazy("one", "资质认定"), _("资质认定")
        constraints = [
            valid_until_follows_from("recognition_valid_until_follows_from"),
            models.CheckConstraint(
                name="recognition_level_of_rd_institutions_only",
                condition=Q(kind=RecognitionKind.RD_INSTITUTION, holds=True) & ~Q(level="")
                | Q(level="") & (Q(holds=False) | Q(kind=RecognitionKind.HIGH_TECH)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company} {self.get_kind_display()} {self.number}".strip()

    def clean(self) -> None:
        super().clean()
        has_level = self.kind == RecognitionKind.RD_INSTITUTION and self.holds
        if has_level and not self.level:
            raise ValidationError({"level": _("请选择研发机构的级别")})
        if self.level and not has_level:
            raise ValidationError({"level": _("只有已认定的研发机构有级别，请清空")})


class Agreement(Dated):
    """A company's agreement with the district. A cultivation agreement names a yearly amount
    (yuan) that takes the place of the fiscal contribution as the annual cap."""

    company = models.ForeignKey(
        "companies.Company", on_delete=models.PROTECT, related_name="agreements"
    )
    kind = models.CharField(_("类别"), max_length=16, choices=AgreementKind)
    yearly_amount = models.DecimalField(
        _("年度额度"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("有培育期约定的企业，以约定额度代替当年财政贡献。单位：元"),
    )

    class Meta:
        verbose_name, verbose_name_plural = pgettext_lazy("one", "扶持协议"), _("扶持协议")
        constraints = [
            valid_until_follows_from("agreement_valid_until_follows_from"),
            models.CheckConstraint(
                name="agreement_amount_not_negative",
                condition=Q(yearly_amount__isnull=True) | Q(yearly_amount__gte=0),
            ),
            models.CheckConstraint(
                name="agreement_of_cultivation_has_its_amount",
                condition=~Q(kind=AgreementKind.CULTIVATION) | Q(yearly_amount__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company} {self.get_kind_display()}"

    def clean(self) -> None:
        super().clean()
        if self.kind == AgreementKind.CULTIVATION and self.yearly_amount is None:
            raise ValidationError({"yearly_amount": _("培育期约定须写明年度额度")})


PHONE = RegexValidator(r"^[0-9+()\-]{5,20}$", _("只写数字和连字符，如 0574-87650000"))


class ContactQuerySet(models.QuerySet["Contact"]):
    def main_first(self) -> Self:
        return self.order_by("-is_main", "pk")


class Contact(models.Model):
    """A person whom the administration may call about the company."""

    company = models.ForeignKey(
        "companies.Company", on_delete=models.PROTECT, related_name="contacts"
    )
    name = models.CharField(_("姓名"), max_length=50)
    role = models.CharField(_("职务"), max_length=40, blank=True)
    phone = models.CharField(_("电话"), max_length=20, blank=True, validators=[PHONE])
    email = models.EmailField(_("邮箱"), blank=True)
    is_main = models.BooleanField(_("主要联系人"), default=False)

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("联系人")
        constraints = [
            models.UniqueConstraint(
                fields=["company"], condition=Q(is_main=True), name="one_main_contact"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def masked_name(self) -> str:
        """姓 and as many stars as the rest has signs."""
        return self.name[:1] + "*" * (len(self.name) - 1)

    @property
    def masked_phone(self) -> str:
        return f"{self.phone[:3]}****{self.phone[-2:]}" if self.phone else ""

    @property
    def masked_email(self) -> str:
        return f"{self.email[:1]}***@{self.email.partition('@')[2]}" if self.email else ""


class SourceRule(models.Model):
    """Which source of a figure a district follows, from the first to the last."""

    district = models.ForeignKey(
        District, on_delete=models.PROTECT, related_name="+", verbose_name=_("区县")
    )
    measure = models.CharField(_("指标"), max_length=20, choices=Measure)
    first = models.CharField(_("首选来源"), max_length=12, choices=Source, default=Source.TAX)
    second = models.CharField(_("其次"), max_length=12, choices=Source, default=Source.STATISTICS)
    third = models.CharField(_("再次"), max_length=12, choices=Source, default=Source.DECLARED)
    audited_first = models.BooleanField(
        _("经审计的优先"),
        default=False,
        help_text=_("勾选后，附有审计报告的数据先于其他数据，不论来源"),
    )

    class Meta:
        verbose_name = verbose_name_plural = _("年度数据取数规则")
        constraints = [
            models.UniqueConstraint(fields=["district", "measure"], name="source_rule_once"),
            models.CheckConstraint(
                name="source_rule_names_each_source_once",
                condition=~Q(first=F("second")) & ~Q(first=F("third")) & ~Q(second=F("third")),
                violation_error_message=_("三个来源各选一次"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.district} {self.get_measure_display()}"

    @property
    def order(self) -> tuple[str, str, str]:
        return (self.first, self.second, self.third)


class ChangeStatus(models.TextChoices):
    ASKED = "asked", _("待财政核对")
    CHECKED = "checked", _("已核对，待复核")
    CONFIRMED = "confirmed", _("已生效")
    REFUSED = "refused", _("已退回")
    WITHDRAWN = "withdrawn", _("已撤回")


NEXT_CHANGE_STATUSES: dict[ChangeStatus, frozenset[ChangeStatus]] = {
    ChangeStatus.ASKED: frozenset(
        {ChangeStatus.CHECKED, ChangeStatus.REFUSED, ChangeStatus.WITHDRAWN}
    ),
    ChangeStatus.CHECKED: frozenset(
        {ChangeStatus.CONFIRMED, ChangeStatus.REFUSED, ChangeStatus.WITHDRAWN}
    ),
    ChangeStatus.CONFIRMED: frozenset(),
    ChangeStatus.REFUSED: frozenset(),
    ChangeStatus.WITHDRAWN: frozenset(),
}
CHANGE_KINDS = {
    ChangeStatus.ASKED: "now",
    ChangeStatus.CHECKED: "now",
    ChangeStatus.CONFIRMED: "pass",
    ChangeStatus.REFUSED: "fail",
    ChangeStatus.WITHDRAWN: "shut",
}
OPEN_CHANGES = (ChangeStatus.ASKED, ChangeStatus.CHECKED)


class AccountChangeQuerySet(models.QuerySet["AccountChange"]):
    def open(self) -> Self:
        return self.filter(status__in=OPEN_CHANGES)

    def visible_to(self, user: "User") -> Self:
        """Changes of companies in the districts where the person works in finance or audits."""
        return self.filter(company__district__in=user.district_ids(Role.FINANCE, Role.AUDITOR))


class AccountChange(models.Model):
    """An account that a company gave while money was on its way to it. It is not paid to before
    one finance officer has checked it and another has confirmed it; a person and whoever they
    stood in for (`checked_for`, `confirmed_for`) count as one."""

    company = models.ForeignKey(
        "companies.Company", on_delete=models.PROTECT, related_name="account_changes"
    )
    account = models.OneToOneField(
        "companies.BankAccount", on_delete=models.PROTECT, related_name="change"
    )
    status = models.CharField(
        _("状态"), max_length=10, choices=ChangeStatus, default=ChangeStatus.ASKED
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(default=timezone.now)
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    checked_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    checked_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    refused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.CharField(_("退回原因"), max_length=200, blank=True)

    objects = AccountChangeQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("收款账户变更")
        constraints = [
            models.UniqueConstraint(
                fields=["company"],
                condition=Q(status__in=[*OPEN_CHANGES]),
                name="one_open_account_change",
            ),
            models.CheckConstraint(
                name="account_change_confirmed_by_a_second_person",
                condition=second_person("checked", "confirmed"),
            ),
            models.CheckConstraint(
                name="account_change_status_has_its_people",
                condition=Q(status=ChangeStatus.ASKED, checked_by=None, confirmed_by=None)
                | Q(
                    status=ChangeStatus.CHECKED,
                    checked_by__isnull=False,
                    checked_at__isnull=False,
                    confirmed_by=None,
                )
                | Q(
                    status=ChangeStatus.CONFIRMED,
                    checked_by__isnull=False,
                    checked_at__isnull=False,
                    confirmed_by__isnull=False,
                    confirmed_at__isnull=False,
                )
                | Q(status=ChangeStatus.REFUSED, refused_by__isnull=False, confirmed_by=None)
                & ~Q(reason="")
                | Q(status=ChangeStatus.WITHDRAWN, confirmed_by=None),
            ),
        ]
        triggers = [
            status_arrows("account_change_arrows", "account change", NEXT_CHANGE_STATUSES),
            pgtrigger.Trigger(
                name="not_confirmed_by_the_payee",
                when=pgtrigger.Before,
                # Not when the row goes over in a merge: nobody confirms then.
                operation=pgtrigger.Insert
                | pgtrigger.UpdateOf(
                    "checked_by_id", "checked_for_id", "confirmed_by_id", "confirmed_for_id"
                ),
                func=(
                    "IF EXISTS (SELECT 1 FROM companies_member m"
                    " WHERE m.company_id = NEW.company_id"
                    " AND m.user_id IN (NEW.checked_by_id, NEW.checked_for_id,"
                    " NEW.confirmed_by_id, NEW.confirmed_for_id))"
                    " THEN RAISE EXCEPTION 'nobody confirms the account of their own company';"
                    " END IF; RETURN NEW;"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company} {self.account.masked_number}"

    @property
    def checked_signature(self) -> str:
        return self.checked_by.signature(self.checked_for) if self.checked_by else ""

    @property
    def confirmed_signature(self) -> str:
        return self.confirmed_by.signature(self.confirmed_for) if self.confirmed_by else ""

    @property
    def checkers(self) -> set[int | None]:
        """Who may not confirm it."""
        return {self.checked_by_id, self.checked_for_id} - {None}

    @property
    def kind(self) -> str:
        """The kind of `components/status.html` that the status has."""
        return CHANGE_KINDS[ChangeStatus(self.status)]
