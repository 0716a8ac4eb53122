from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OutboxConfig(AppConfig):
    name = "outbox"
    verbose_name = _("待办任务")

    def ready(self) -> None:
        from outbox import mail  # noqa: F401  (a handler)
