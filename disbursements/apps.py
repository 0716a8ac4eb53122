from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DisbursementsConfig(AppConfig):
    name = "disbursements"
    verbose_name = _("拨付")

    def ready(self) -> None:
        from disbursements.demands import demands
        from disbursements.reconciliation import differences
        from reviews.money_back import DEMANDS
        from subsidies.ledger.reconciliation import COMPARISONS

        COMPARISONS.append(differences)
        DEMANDS.append(demands)
