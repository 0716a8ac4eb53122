from django.apps import AppConfig
from django.utils.translation import pgettext_lazy


class CompaniesConfig(AppConfig):
    name = "companies"
    verbose_name = pgettext_lazy("list", "企业")

    def ready(self) -> None:
        # Their outbox handlers.
        from companies.imports import jobs as import_jobs  # noqa: F401
        from companies.profile.access import Evidence
        from companies.registration.licences import Licences
        from companies.team import services as team  # noqa: F401
        from companies.vault import jobs as vault_jobs  # noqa: F401
        from companies.vault.access import HOLDERS

        HOLDERS.append(Evidence())
        HOLDERS.append(Licences())
