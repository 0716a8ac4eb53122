from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewsConfig(AppConfig):
    name = "reviews"
    verbose_name = _("审核")

    def ready(self) -> None:
        from companies.vault.services import FOLDERS
        from reviews import jobs, receivers  # noqa: F401  (outbox handlers, signal receivers)
        from reviews.history import reason_of_return
        from reviews.models import Notice
        from subsidies.applications.returned import REASONS

        REASONS.append(reason_of_return)
        FOLDERS["notices"] = lambda path: Notice.objects.filter(pdf=path).exists()
