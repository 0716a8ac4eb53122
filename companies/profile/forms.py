"""What a company and finance type about a profile."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.fields import MoneyField
from companies.figures import DECLARED
from companies.files import CONTENT_TYPES
from companies.models import Company, Contact, StoredFile
from companies.profile.industries import code_of
from companies.profile.kinds import Measure
from companies.vault.forms import DayInput
from companies.vault.models import ScanState

FIRST_YEAR = 2000


class PlainForm(forms.Form):
    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})


def day_field(**given: Any) -> forms.DateField:
    field = forms.DateField(
        widget=DayInput,
        error_messages={
            "required": _("请填写日期"),
            "invalid": _("请写成年-月-日，如 2026-06-30"),
        },
        **given,
    )
    field.width = "w-date"  # type: ignore[attr-defined]
    return field


class ProfileForm(forms.ModelForm):
    """Where the company is and what it does. The industry is chosen from the standard's list."""

    use_required_attribute = False
    industry = forms.CharField(required=False, max_length=5, label=_("所属行业"))

    class Meta:
        model = Company
        fields = ("street", "address", "industry")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    def clean_industry(self) -> str:
        code = str(self.cleaned_data["industry"]).strip().upper()
        # What the registry holds may be older than the standard: leaving it is no fault.
        if not code or code == self.initial.get("industry"):
            return code
        found = code_of(code)
        if not found:
            raise forms.ValidationError(_("行业分类里没有这个代码，请从列表中选择"))
        return found

    def _post_clean(self) -> None:
        """The service changes the row; the form only understands what was typed."""


class ContactForm(forms.ModelForm):
    use_required_attribute = False

    class Meta:
        model = Contact
        fields = ("name", "role", "phone", "email", "is_main")
        error_messages = {"name": {"required": _("请填写姓名")}}
        help_texts = {"phone": _("手机或带区号的固定电话，如 0574-87650000")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.fields["is_main"].is_tick = True  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data.get("phone") and not data.get("email"):
            self.add_error("phone", _("电话和邮箱至少填一项"))
        return data

    def _post_clean(self) -> None:
        # The validators of the fields have run; the row is the service's.
        return


class ValueForm(PlainForm):
    """A figure and its day: yuan."""

    value = MoneyField(label=_("数值"), error_messages={"required": _("请填写数值")})
    as_of = day_field(label=_("数据截至"), help_text=_("年报、审计报告或报表上的日期"))

    def clean_as_of(self) -> Any:
        day = self.cleaned_data["as_of"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("这一天还没有到，请核对"))
        return day


class EvidenceForm(PlainForm):
    """A file of the company's vault, or a new one, which goes into it. To whoever does not see
    the vault only the new one is offered."""

    evidence = forms.ModelChoiceField(
        label=_("从材料库选"),
        queryset=StoredFile.objects.none(),
        required=False,
        empty_label=_("不选"),
    )
    upload = forms.FileField(
        label=_("或上传新的"),
        required=False,
        help_text=_("PDF、图片、Word 或 Excel，不超过 20 MB。上传后也在材料库里。"),
        widget=forms.FileInput(attrs={"accept": ",".join(CONTENT_TYPES)}),
        error_messages={
            "required": _("请选择或上传一个文件"),
            "empty": _("这是空文件，请检查后重新上传"),
        },
    )

    def __init__(
        self, *args: Any, company: Company, sees_vault: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        files = company.files.exclude(scan_state=ScanState.INFECTED).order_by("-uploaded_at")
        self.fields["evidence"].queryset = files  # type: ignore[attr-defined]
        if not sees_vault:
            del self.fields["evidence"]
            self.fields["upload"].label = _("上传文件")


class AttachForm(EvidenceForm):
    """What a fact rests on: one of the two must be given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["upload"].required = "evidence" not in self.fields
        for field in self.fields.values():
            field.is_one_of = True  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data.get("evidence") and not data.get("upload"):
            self.add_error("upload", _("请选择或上传一个文件"))
        return data


class DeclarationForm(EvidenceForm, ValueForm):
    """A figure that the company declares itself: yuan, or whole persons for the staff."""

    year = forms.IntegerField(
        label=_("年度"),
        min_value=FIRST_YEAR,
        error_messages={
            "required": _("请填写年度"),
            "invalid": _("请写成四位数字，如 2025"),
            "min_value": _("年份太早，请核对"),
        },
    )
    measure = forms.ChoiceField(
        label=_("指标"), choices=[(measure.value, measure.label) for measure in DECLARED]
    )
    is_audited = forms.BooleanField(label=_("经审计"), required=False)
    # The stamp of what was declared before, as the page showed it.
    replaces = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("year", "measure", "value", "as_of", "is_audited", "evidence", "upload")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        value: Any = self.fields["value"]
        # Of the staff neither unit nor echo would be right.
        value.unit, value.echo = "", ""
        value.help_text = _("金额以元为单位，从业人员以人为单位")
        evidence = self.fields["evidence"]
        evidence.label = _("依据文件：从材料库选")
        evidence.help_text = _("如审计报告、年度报表")
        self.fields["is_audited"].is_tick = True  # type: ignore[attr-defined]

    def clean_year(self) -> int:
        year: int = self.cleaned_data["year"]
        if year > timezone.localdate().year:
            raise forms.ValidationError(_("这一年还没有到，请核对"))
        return year

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        value = data.get("value")
        if data.get("measure") == Measure.STAFF and value is not None and value % 1:
            self.add_error("value", _("从业人员以人为单位，请写整数"))
        if data.get("is_audited") and not data.get("evidence"):
            self.add_error("is_audited", _("请附审计报告作依据文件；没有的，请取消“经审计”的勾"))
        return data


class CorrectionForm(ValueForm):
    """What a frozen fiscal contribution should have been."""

    reason = forms.CharField(
        label=_("更正原因"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("请写明更正原因")},
    )
