from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SubsidiesConfig(AppConfig):
    name = "subsidies"
    verbose_name = _("政策与申报")

    def ready(self) -> None:
        from companies import pending
        from companies.vault.access import HOLDERS
        from subsidies.applications import jobs  # noqa: F401  (registers its outbox handlers)
        from subsidies.applications.held_files import Attachments
        from subsidies.ledger.services import has_pending_awards

        HOLDERS.append(Attachments())
        pending.SOURCES.append(has_pending_awards)
