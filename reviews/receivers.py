"""What the review does in the same transaction when a company files or withdraws."""

from typing import Any

from django.dispatch import receiver

from accounts.models import District
from companies.models import Company
from companies.signals import facts_changed
from reviews import screening, services
from subsidies.applications import signals
from subsidies.models import Application


@receiver(signals.filed)
def open_or_resume_case(application: Application, corrected: bool, **kwargs: Any) -> None:
    if corrected:
        services.resume_case(application)
    else:
        services.open_case(application)


@receiver(signals.withdrawn)
def close_case(application: Application, **kwargs: Any) -> None:
    services.close_withdrawn_case(application)


@receiver(facts_changed)
def screen_again(district: District, company: Company | None, cause: str, **kwargs: Any) -> None:
    screening.start(cause, district=district.pk, company=company.pk if company else None)
