from allauth.account import views as account
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from django.urls import path
from django.views.generic import RedirectView

from accounts import views
from accounts.signing_in import views as signing_in
from accounts.stand_ins import views as stand_ins

# Where a name begins with account_ or mfa_, it is allauth's, which leads from page to page by it.
urlpatterns = [
    path("login/", views.SignInView.as_view(), name="account_login"),
    path("login/inactive/", account.account_inactive, name="account_inactive"),
    path("login/code/", second_factor.authenticate, name="mfa_authenticate"),
    path("login/again/", account.reauthenticate, name="account_reauthenticate"),
    path("logout/", signing_in.sign_out, name="account_logout"),
    path("signup/", account.signup, name="account_signup"),
    path(
        "signup/confirm/",
        account.email_verification_sent,
        name="account_email_verification_sent",
    ),
    path("signup/confirm/<str:key>/", account.confirm_email, name="account_confirm_email"),
    path("password/", account.password_change, name="account_change_password"),
    # Whoever has none gets the way to one by mail: here nothing would prove who it is.
    path(
        "password/set/",
        RedirectView.as_view(pattern_name="account_reset_password"),
        name="account_set_password",
    ),
    path("password/forgotten/", account.password_reset, name="account_reset_password"),
    path(
        "password/forgotten/sent/",
        account.password_reset_done,
        name="account_reset_password_done",
    ),
    path(
        "password/new/<str:uidb36>/<str:key>/",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/new/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("security/", signing_in.security, name="security"),
    path("security/sign-ins/<int:pk>/end/", signing_in.end_sign_in, name="end_sign_in"),
    # What allauth takes for the overview of second factors.
    path(
        "security/second-factor/", RedirectView.as_view(pattern_name="security"), name="mfa_index"
    ),
    path("security/second-factor/on/", totp.activate_totp, name="mfa_activate_totp"),
    path("security/second-factor/off/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path(
        "security/recovery-codes/",
        recovery_codes.view_recovery_codes,
        name="mfa_view_recovery_codes",
    ),
    path(
        "security/recovery-codes/new/",
        recovery_codes.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path("workspace/stand-ins/", stand_ins.stand_in_list, name="stand_in_list"),
    path("workspace/stand-ins/new/", stand_ins.stand_in_give, name="stand_in_give"),
    path("workspace/stand-ins/<int:pk>/end/", stand_ins.stand_in_end, name="stand_in_end"),
    path("large-type/", views.toggle_large_type, name="toggle_large_type"),
]
