"""What a person types to act for a company, and what the administrator answers."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import District
from companies import uscc
from companies.files import CONTENT_TYPES
from companies.models import Street
from companies.team.enums import LEADS, MemberRole


class CodeField(forms.CharField):
    """统一社会信用代码 as people copy it: spaces, full-width signs, small letters."""

    def to_python(self, value: Any) -> str:
        return uscc.normalise(super().to_python(value) or "")

    def validate(self, value: Any) -> None:
        super().validate(value)
        if fault := uscc.fault(value):
            raise forms.ValidationError(fault)


class RegistrationForm(forms.Form):
    """`code_confirmed` is asked only where the last sign of the code is wrong."""

    use_required_attribute = False

    code = CodeField(
        label=_("统一社会信用代码"),
        help_text=_("营业执照上的 18 位代码，照抄即可，空格和大小写不要紧。"),
        error_messages={"required": _("请填写统一社会信用代码")},
    )
    code_confirmed = forms.BooleanField(label=_("已对照营业执照核对，代码确是这样"), required=False)
    name = forms.CharField(
        label=_("企业名称"),
        max_length=120,
        help_text=_("营业执照上的全称。"),
        error_messages={"required": _("请填写企业名称")},
    )
    district = forms.ModelChoiceField(
        District.objects.none(),
        label=_("注册地"),
        empty_label=_("请选择"),
        error_messages={"required": _("请选择注册地")},
    )
    street = forms.ChoiceField(
        label=_("街道（镇）"), choices=[("", _("请选择")), *Street.choices], required=False
    )
    role = forms.ChoiceField(
        label=_("您的身份"),
        choices=[(role.value, role.label) for role in LEADS],
        widget=forms.RadioSelect,
        initial=MemberRole.ADMINISTRATOR,
        help_text=_("经办人不用登记，由本企业的管理员邀请。"),
        error_messages={"required": _("请选择身份")},
    )
    licence = forms.FileField(
        label=_("营业执照"),
        help_text=_("PDF 或图片，不超过 20 MB。只用来核对，确认后存入本企业的材料库。"),
        widget=forms.FileInput(attrs={"accept": ",".join(CONTENT_TYPES)}),
        error_messages={
            "required": _("请上传营业执照"),
            "empty": _("这是空文件，请检查后重新上传"),
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
        districts = District.objects.filter(departments__isnull=False).distinct().order_by("code")
        self.fields["district"].queryset = districts  # type: ignore[attr-defined]
        self.fields["code_confirmed"].is_tick = True  # type: ignore[attr-defined]
        if len(districts) == 1:
            # Nothing to choose: the page is spared the question.
            self.fields["district"].initial = districts[0]
            self.fields["district"].widget = forms.HiddenInput()

    @property
    def is_doubtful(self) -> bool:
        """Whether the code that was typed needs to be confirmed."""
        return (
            self.is_bound
            and uscc.verdict(uscc.normalise(self["code"].data or "")) is uscc.Verdict.CONFIRM
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        district, street = data.get("district"), data.get("street", "")
        if district and not street and any(s.startswith(district.code) for s in Street.values):
            self.add_error("street", _("请选择街道（镇）"))
        if street and district and not street.startswith(district.code):
            self.add_error("street", _("这个街道（镇）不在所选的注册地"))
        if "code" in data and self.is_doubtful and not data.get("code_confirmed"):
            self.add_error(
                "code_confirmed",
                _("代码末位校验不符，可能抄错了。请对照营业执照核对，确认无误后勾选。"),
            )
        return data

    def registration(self) -> dict[str, Any]:
        """The cleaned values as the service takes them."""
        return self.cleaned_data | {"role": MemberRole(self.cleaned_data["role"])}


class RefusalForm(forms.Form):
    use_required_attribute = False

    reason = forms.CharField(
        label=_("原因"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("申请人会收到，请写明要改什么。"),
        error_messages={"required": _("请写明原因，申请人会收到。")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
