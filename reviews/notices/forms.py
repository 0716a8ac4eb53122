from django import forms
from django.utils.translation import gettext_lazy as _

from reviews.notices.verification import normalised


class CheckCodeForm(forms.Form):
    """A check code as people type it off the paper."""

    UNKNOWN = _(
        "没有这个校验码的通知书。请对照通知书下方的校验码再输一次；仍查不到的，请向签发部门核实。"
    )

    code = forms.CharField(
        label=_("校验码"),
        max_length=60,
        help_text=_("印在通知书最下方，12 位字母和数字。空格和大小写不影响。"),
        error_messages={"required": _("请输入校验码。")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_code(self) -> str:
        code = normalised(self.cleaned_data["code"])
        if not code:
            raise forms.ValidationError(self.fields["code"].error_messages["required"])
        return code
