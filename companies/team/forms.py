"""What a company's leads say about its people."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from companies.models import Company
from companies.team.enums import MemberRole, Scope
from companies.vault.forms import DayInput

# What a company gives to whom it invites.
INVITED = (MemberRole.ADMINISTRATOR, MemberRole.CLERK)


class PlaceForm(forms.Form):
    """A place in the team: one of the `roles`, scope and term, until `latest` at most."""

    use_required_attribute = False

    role = forms.ChoiceField(
        label=_("身份"),
        widget=forms.RadioSelect,
        help_text=_("法定代表人和管理员可以办理全部事项，并安排人员。"),
        initial=MemberRole.CLERK,
        error_messages={"required": _("请选择身份")},
    )
    scopes = forms.MultipleChoiceField(
        label=_("经办人的权限"),
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("本企业的内容，每个人都可以看；这里选择可以办理什么。"),
        initial=[Scope.APPLY, Scope.DATA],
    )
    ends_on = forms.DateField(
        label=_("到期日"),
        required=False,
        widget=DayInput,
        help_text=_("到这一天为止，含当天。没有期限就空着。"),
        error_messages={"invalid": _("请写成年-月-日，如 2026-06-30")},
    )

    def __init__(
        self,
        *args: Any,
        roles: Iterable[MemberRole] = INVITED,
        latest: date | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]
        self.fields["ends_on"].width = "w-date"  # type: ignore[attr-defined]
        self.fields["scopes"].required_when = _("（经办人至少选一项）")  # type: ignore[attr-defined]
        if latest:
            self.fields["ends_on"].widget.attrs["max"] = latest.isoformat()
            # Who has longer already keeps it.
            why = (
                _("到这一天为止，含当天。不能空着，最晚 %(day)s：现在的到期日就是那一天。")
                if latest == self.initial.get("ends_on")
                else _("到这一天为止，含当天。不能空着，最晚 %(day)s：您自己的期限到那一天。")
            )
            self.fields["ends_on"].help_text = why % {"day": latest}

    def place(self) -> dict[str, Any]:
        """The cleaned values as the services take them."""
        data = self.cleaned_data
        return data | {
            "role": MemberRole(data["role"]),
            "scopes": [Scope(scope) for scope in data["scopes"]],
        }


class InvitationForm(PlaceForm):
    email = forms.EmailField(
        label=_("邮箱"),
        help_text=_("邀请发到这个邮箱，7 天内有效。对方用这个邮箱的账号接受。"),
        error_messages={
            "required": _("请填写邮箱"),
            "invalid": _("请核对邮箱，如 wang@example.com"),
        },
    )
    field_order = ("email",)


class CompanyChoice(forms.Form):
    """For which of their companies a person acts from now on."""

    company = forms.ModelChoiceField(Company.objects.none())

    def __init__(self, *args: Any, companies: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["company"].queryset = companies  # type: ignore[attr-defined]
