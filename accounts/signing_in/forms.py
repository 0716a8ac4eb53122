"""allauth's forms in our words."""

from typing import Any

from allauth.account import forms as account_forms
from allauth.account.adapter import get_adapter
from allauth.mfa.base import forms as second_factor_forms
from allauth.mfa.totp import forms as totp_forms
from django import forms
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import password_validators_help_texts
from django.http import HttpRequest
from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.signing_in import mails


def _rules() -> str:
    """All of them in a line."""
    return gettext("；").join(password_validators_help_texts())


PASSWORD_RULES = lazy(_rules, str)()


class Plain(forms.Form):
    """Labels stand above their fields, so that no placeholder repeats them; what is missing is
    named."""

    use_required_attribute = False
    labels: dict[str, Any] = {}
    hints: dict[str, Any] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.hints.get(name, "")
            # Above the form they stand together, without their fields.
            field.error_messages["required"] = gettext("请填写“%(label)s”") % {"label": field.label}


class SignInForm(Plain, account_forms.LoginForm):
    labels = {"login": _("用户名或邮箱"), "password": _("密码")}


class SignUpForm(Plain, account_forms.SignupForm):
    field_order = ["name", "email", "password1", "password2"]
    labels = {
        "email": _("邮箱"),
        "password1": _("密码"),
        "password2": _("再输一次密码"),
    }
    hints = {
        "email": _("以后用它登录。我们会发一封邮件，请按邮件确认。"),
        "password1": PASSWORD_RULES,
    }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "password1" in data and "name" in data:
            # allauth has the rules asked of the mail address alone.
            try:
                get_adapter().clean_password(data["password1"], User(name=data["name"]))
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return data

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:
            # What takes the time of a new account: the answer comes as late.
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)


class ChangePasswordForm(Plain, account_forms.ChangePasswordForm):
    labels = {
        "oldpassword": _("现在的密码"),
        "password1": _("新密码"),
        "password2": _("再输一次新密码"),
    }
    hints = {"password1": PASSWORD_RULES}

    def clean_oldpassword(self) -> str:
        """By the way of a sign-in: a wrong one counts towards the lock and is on record."""
        password: str = self.cleaned_data["oldpassword"]
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("enter_current_password")
        return password


class ForgottenPasswordForm(Plain, account_forms.ResetPasswordForm):
    labels = {"email": _("邮箱")}

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        email = self.cleaned_data["email"]
        mails.send_way_back(email)
        return email


class NewPasswordForm(Plain, account_forms.ResetPasswordKeyForm):
    labels = {"password1": _("新密码"), "password2": _("再输一次新密码")}
    hints = {"password1": PASSWORD_RULES}


class ReauthenticationForm(Plain, account_forms.ReauthenticateForm):
    labels = {"password": _("密码")}


class CodeForm(Plain, second_factor_forms.AuthenticateForm):
    labels = {"code": _("动态码")}
    hints = {"code": _("手机验证器上现在显示的六位数字；手机不在身边，就输入一个恢复码。")}


class ActivationForm(Plain, totp_forms.ActivateTOTPForm):
    labels = {"code": _("动态码")}
    hints = {"code": _("扫码以后，验证器显示的六位数字。")}
