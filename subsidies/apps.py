from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SubsidiesConfig(AppConfig):
    name = "subsidies"
    verbose_name = _("政策与申报")

    def ready(self) -> None:
        from companies import pending
        from companies.merging.relations import STAYS
        from companies.vault.access import HOLDERS
        from subsidies import merging  # noqa: F401  (receives when companies are merged)
        from subsidies.applications import jobs  # noqa: F401  (registers its outbox handlers)
        from subsidies.applications.held_files import Attachments
        from subsidies.applications.services import is_being_decided_on
        from subsidies.ledger import jobs as ledger_jobs  # noqa: F401
        from subsidies.ledger.services import pending_money, was_paid_since

        HOLDERS.append(Attachments())
        pending.SOURCES.append(pending_money)
        pending.PAYMENTS.append(was_paid_since)
        pending.DECISIONS.append(is_being_decided_on)
        # What was applied for, granted and counted is never rewritten.
        STAYS.update({"subsidies.Application", "subsidies.Award", "subsidies.CompanyYear"})
