"""What is asked of who imports a table."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import District, User
from companies.imports.access import IMPORTERS, ImportKind, kinds_for


class ImportForm(forms.Form):
    use_required_attribute = False

    kind = forms.ChoiceField(label=_("内容"))
    district = forms.ModelChoiceField(
        District.objects.none(),
        label=_("区县"),
        empty_label=None,
        error_messages={"required": _("请选择区县")},
    )
    upload = forms.FileField(
        label=_("文件"),
        help_text=_("xlsx，或 UTF-8、GB18030 编码的 csv。最多 200,000 行，50 MB。"),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        error_messages={
            "required": _("请选择要导入的文件"),
            "empty": _("这是空文件，请检查后重新上传"),
        },
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
        kinds = kinds_for(user)
        roles = {role for kind in kinds for role in IMPORTERS[kind]}
        districts = District.objects.filter(pk__in=user.district_ids(*roles)).order_by("code")
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]
        self.fields["district"].queryset = districts  # type: ignore[attr-defined]
        if len(districts) == 1:
            # Nothing to choose: the page is spared the question.
            self.fields["district"].initial = districts[0]
            self.fields["district"].widget = forms.HiddenInput()

    def clean_kind(self) -> ImportKind:
        return ImportKind(self.cleaned_data["kind"])
