"""Setting a credit rule."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.fields import ChoiceLabel, DayField
from companies.models import CreditGrade, CreditKind
from subsidies.catalogue.models import PolicyDocument
from subsidies.credit.models import CreditEffect

NOTES = {
    CreditEffect.BLOCKS: _("有这类记录就不能同意，也不能拨付"),
    CreditEffect.ASKS: _("每件申请由经办人判断并写明理由"),
    CreditEffect.NONE: _("不在办件里提示"),
}


def _effects() -> list[tuple[str, ChoiceLabel]]:
    """Said anew for each form, in the reader's language."""
    return [
        (effect.value, ChoiceLabel(str(effect.label), note=str(NOTES[effect])))
        for effect in CreditEffect
    ]


class RuleForm(forms.Form):
    use_required_attribute = False

    document = forms.ModelChoiceField(
        PolicyDocument.objects.none(),
        label=_("政策文件"),
        empty_label=None,
        error_messages={"required": _("请选择政策文件")},
    )
    kind = forms.ChoiceField(label=_("类别"), choices=CreditKind)
    grade = forms.ChoiceField(
        label=_("等级"),
        choices=[("", _("全部等级")), *CreditGrade.choices],
        required=False,
        help_text=_("同时设了某一等级的，这一等级按它自己的规则。"),
    )
    effect = forms.ChoiceField(
        label=pgettext_lazy("credit rule", "影响"),
        widget=forms.RadioSelect,
        choices=_effects,
        error_messages={"required": _("请选择有什么影响")},
    )
    starts_on = DayField(label=_("起用日期"), help_text=_("从这一天起，在办和待拨付的重新筛查。"))
    reason = forms.CharField(
        label=_("依据"),
        max_length=200,
        help_text=_("文件条款、会议纪要等，例如 2026 年第 3 次局务会纪要。"),
        error_messages={"required": _("请写明依据，留作审计")},
    )

    def __init__(self, documents: "QuerySet[PolicyDocument]", *args: Any, **kwargs: Any) -> None:
        initial = {"starts_on": timezone.localdate()} | kwargs.pop("initial", {})
        super().__init__(*args, **{"label_suffix": "", "initial": initial, **kwargs})
        self.fields["document"].queryset = documents  # type: ignore[attr-defined]
