"""What an entry of the credit record means to a policy document, and what people judged of it."""

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.triggers import append_only
from companies.models import CreditEntry, CreditGrade, CreditKind


class CreditEffect(models.TextChoices):
    """What an entry does to an application."""

    BLOCKS = "blocks", _("一票否决")
    ASKS = "asks", _("提示人工判断")
    NONE = "none", _("不影响")


class CreditRuleQuerySet(models.QuerySet["CreditRule"]):
    def in_force_on(self, day: date) -> Self:
        """The rules that have begun, the one that speaks last."""
        return self.filter(starts_on__lte=day).order_by("starts_on", "pk")


class CreditRule(models.Model):
    """From `starts_on` (inclusive) entries of a kind, or of a kind and grade, have this effect
    under a document. Rows are only added: the newest that has begun speaks."""

    document = models.ForeignKey(
        "subsidies.PolicyDocument",
        on_delete=models.PROTECT,
        related_name="credit_rules",
        verbose_name=_("政策文件"),
    )
    kind = models.CharField(_("类别"), max_length=10, choices=CreditKind)
    grade = models.CharField(_("等级"), max_length=8, choices=CreditGrade, blank=True)
    effect = models.CharField(_("影响"), max_length=8, choices=CreditEffect)
    starts_on = models.DateField(_("起用日期"))
    reason = models.CharField(_("依据"), max_length=200)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField(auto_now_add=True)

    objects = CreditRuleQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("信用规则")
        triggers = [
            *append_only("credit rules are append-only"),
        ]

    def __str__(self) -> str:
        grade = f"·{self.get_grade_display()}" if self.grade else ""
        return _("%(entries)s：%(effect)s") % {
            "entries": f"{self.get_kind_display()}{grade}",
            "effect": self.get_effect_display(),
        }


class CreditJudgement(models.Model):
    """What a person judged of an entry that the rules leave to people, for one application. It
    holds for the entry as it was: of another kind or grade it is judged anew. The newest speaks."""

    application = models.ForeignKey(
        "subsidies.Application", on_delete=models.PROTECT, related_name="credit_judgements"
    )
    entry = models.ForeignKey(CreditEntry, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=CreditKind)
    grade = models.CharField(max_length=8, choices=CreditGrade, blank=True)
    matters = models.BooleanField(_("影响兑现"))
    text = models.TextField(_("理由"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = _("信用判断")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="credit_judgement_has_a_reason", condition=~models.Q(text="")
            ),
        ]
        triggers = [
            *append_only("credit judgements are append-only"),
        ]

    def __str__(self) -> str:
        return f"{self.entry}: {self.verdict}"

    @property
    def verdict(self) -> str:
        return str(_("影响") if self.matters else _("不影响"))
