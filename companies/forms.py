"""What a company types about itself."""

import unicodedata
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from companies.models import BankAccount


class DigitsField(forms.CharField):
    """Digits as people copy them: full-width, grouped with spaces or hyphens."""

    def to_python(self, value: Any) -> str:
        plain = unicodedata.normalize("NFKC", super().to_python(value) or "")
        return "".join(sign for sign in plain if not sign.isspace() and sign != "-")

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return super().widget_attrs(widget) | {"inputmode": "numeric"}


class AccountForm(forms.ModelForm):
    """The account that the company is paid to. The holder is the company: it is not asked."""

    use_required_attribute = False

    number = DigitsField(
        label=_("银行账号"),
        help_text=_("对公账号，户名须是本企业。"),
        error_messages={"required": _("请填写银行账号")},
    )
    cnaps = DigitsField(
        label=_("联行号"),
        required=False,
        help_text=_("12 位数字，银行柜台或回单上可以查到。"),
    )

    class Meta:
        model = BankAccount
        fields = ("bank", "number", "cnaps")
        help_texts = {"bank": _("开户许可证或回单上的全称，写到支行或网点。")}
        error_messages = {"bank": {"required": _("请填写开户银行全称")}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
