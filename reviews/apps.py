from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewsConfig(AppConfig):
    name = "reviews"
    verbose_name = _("审核")

    def ready(self) -> None:
        from companies.vault.services import FOLDERS
        from reviews import jobs, receivers  # noqa: F401  (outbox handlers, signal receivers)
        from reviews.models import Notice

        FOLDERS["notices"] = lambda path: Notice.objects.filter(pdf=path).exists()
