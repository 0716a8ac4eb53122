from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("人员与部门")

    def ready(self) -> None:
        # SimpleAdminConfig looks for no admin modules by itself: the site is our own.
        autodiscover_modules("admin")
        # Receivers of signals, from the first request on, and what the worker does.
        import_module("accounts.signing_in.mails")
        import_module("accounts.signing_in.middleware")
        import_module("accounts.signing_in.records")
