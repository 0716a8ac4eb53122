"""What a company says of a file."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.fields import DayInput
from companies.files import CONTENT_TYPES
from companies.models import Company, StoredFile
from companies.vault.kinds import FileKind


class DescriptionForm(forms.ModelForm):
    """What a file is and how long it holds."""

    use_required_attribute = False

    class Meta:
        model = StoredFile
        fields = ("kind", "valid_from", "valid_until")
        widgets = {"valid_from": DayInput, "valid_until": DayInput}
        help_texts = {
            "valid_until": _("到期前 30 天、7 天和过期后各提醒一次。没有期限就空着。"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
        for name in ("valid_from", "valid_until"):
            self.fields[name].width = "w-date"  # type: ignore[attr-defined]
            self.fields[name].error_messages["invalid"] = _("请写成年-月-日，如 2026-06-30")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        start, end = data.get("valid_from"), data.get("valid_until")
        if start and end and end < start:
            self.add_error("valid_until", _("有效期止不能早于有效期起"))
        return data

    def _post_clean(self) -> None:
        """The service changes the row; the form only understands what was typed."""


def take_kept(form: forms.BaseForm, name: str, files: QuerySet[StoredFile]) -> None:
    """Ask no more for the file of the field `name` where the form's hidden field `kept` names one
    of these, which came with an earlier try."""
    form.fields["kept"].queryset = files  # type: ignore[attr-defined]
    try:
        found = form.is_bound and form.fields["kept"].clean(form["kept"].data)
    except forms.ValidationError:
        return
    if found:
        # Given already, though not in this request; its absence is no choice.
        form.fields[name].initial = found
        form.fields[name].help_text = _("已收到“%(name)s”，不用再传。要换就重新选择。") % {
            "name": found.name
        }


class UploadForm(DescriptionForm):
    """What came as `upload` is kept before the rest is right; `kept` names it from then on."""

    upload = forms.FileField(
        label=_("文件"),
        help_text=_("PDF、图片、Word 或 Excel，不超过 20 MB。"),
        widget=forms.FileInput(attrs={"accept": ",".join(CONTENT_TYPES)}),
        error_messages={
            "required": _("请选择文件"),
            "empty": _("这是空文件，请检查后重新上传"),
        },
    )
    kept = forms.ModelChoiceField(
        StoredFile.objects.none(), required=False, widget=forms.HiddenInput
    )
    field_order = ("upload", "kind", "valid_from", "valid_until")

    def __init__(self, company: Company, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        take_kept(self, "upload", company.files.all())

    def clean(self) -> dict[str, Any]:
        """What is left open of a file that is there already stays as it was said: only its own
        page, which shows it, takes it away."""
        if known := self.cleaned_data.get("kept"):
            if self.cleaned_data.get("kind") == FileKind.OTHER:
                self.cleaned_data["kind"] = known.kind
            for name in ("valid_from", "valid_until"):
                if name not in self.errors:
                    self.cleaned_data[name] = self.cleaned_data[name] or getattr(known, name)
        return super().clean()
