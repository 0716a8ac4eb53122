"""What a person types to act for a company, and what the administrator answers."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import District, User
from companies import uscc
from companies.files import CONTENT_TYPES
from companies.models import StoredFile, Street
from companies.team.enums import LEADS, MemberRole
from companies.vault.forms import take_kept

# The choice of whoever registers in a district whose streets are not known here.
NO_STREET = "none"


class CodeField(forms.CharField):
    """统一社会信用代码 as people copy it: spaces, full-width signs, small letters."""

    def to_python(self, value: Any) -> str:
        return uscc.normalise(super().to_python(value) or "")

    def validate(self, value: Any) -> None:
        super().validate(value)
        if fault := uscc.fault(value):
            raise forms.ValidationError(fault)


class RegistrationForm(forms.Form):
    """`code_confirmed` is asked only where the last sign of the code is wrong; `kept` is the
    licence that came with an earlier try of the same person."""

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
        label=_("街道（镇）"), error_messages={"required": _("请选择街道（镇）")}
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

    kept = forms.ModelChoiceField(
        StoredFile.objects.none(), required=False, widget=forms.HiddenInput
    )

    def __init__(self, person: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
        take_kept(self, "licence", StoredFile.objects.licences_kept_for(person))
        districts = District.objects.filter(departments__isnull=False).distinct().order_by("code")
        self.fields["district"].queryset = districts  # type: ignore[attr-defined]
        self.fields["code_confirmed"].is_tick = True  # type: ignore[attr-defined]
        if len(districts) == 1:
            # Nothing to choose: the page is spared the question.
            self.fields["district"].initial = districts[0]
            self.fields["district"].widget = forms.HiddenInput()
        self.fields["street"].choices = [  # type: ignore[attr-defined]
            ("", _("请选择")),
            *(street for street in Street.choices if _lies_in(street[0], districts)),
        ]
        if any(not _has_streets(district) for district in districts):
            self.fields["street"].choices += [(NO_STREET, _("注册地没有列出街道（镇）"))]  # type: ignore[attr-defined]

    @property
    def is_doubtful(self) -> bool:
        """Whether the code that was typed needs to be confirmed."""
        return (
            self.is_bound
            and uscc.verdict(uscc.normalise(self["code"].data or "")) is uscc.Verdict.CONFIRM
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        district, street = data.get("district"), data.get("street")
        if district and street == NO_STREET and _has_streets(district):
            self.add_error("street", _("请选择街道（镇）"))
        elif district and street not in (None, NO_STREET) and not _lies_in(street, [district]):
            self.add_error("street", _("这个街道（镇）不在所选的注册地"))
        if "code" in data and self.is_doubtful and not data.get("code_confirmed"):
            self.add_error(
                "code_confirmed",
                _("代码末位校验不符，可能抄错了。请对照营业执照核对，确认无误后勾选。"),
            )
        return data

    def registration(self) -> dict[str, Any]:
        """The cleaned values as the service takes them."""
        data = dict(self.cleaned_data)
        kept, street = data.pop("kept"), data["street"]
        return data | {
            "role": MemberRole(data["role"]),
            "licence": kept,
            "street": "" if street == NO_STREET else street,
        }


def _lies_in(street: str, districts: Iterable[District]) -> bool:
    return any(street.startswith(district.code) for district in districts)


def _has_streets(district: District) -> bool:
    return any(street.startswith(district.code) for street in Street.values)


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
