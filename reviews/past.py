"""What else is known of a company when its application is decided."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum
from django.utils import timezone

from accounts.models import User
from companies.models import Company, CreditEntry
from companies.profile.access import sees_contribution
from reviews.models import Case
from subsidies.applications.enums import Status
from subsidies.ledger.models import NET
from subsidies.ledger.services import annual_cap
from subsidies.models import Application, Award


@dataclass(frozen=True)
class YearOf:
    """A policy year of a company: what was granted, and what its annual cap leaves, None while
    the cap is not known. What was granted and what is left tell the contribution: who is not
    shown that sees only whether anything is left (`is_shown` false)."""

    year: int
    granted: Decimal
    left: Decimal | None
    is_shown: bool


@dataclass(frozen=True)
class Past:
    granted: list[tuple[int, Decimal]]
    years: list[YearOf]
    open_count: int
    credit: list[CreditEntry]


def past_of(application: Application, policy_years: Iterable[int], user: User) -> Past:
    """Awards by year, the years the application draws on, open applications, credit record."""
    company = application.company
    awards = (
        Award.objects.standing()
        .filter(company__in=company.rows(), district=application.district_id)
        .order_by("-policy_year")
        .values_list("policy_year")
        .annotate(total=Sum(NET))
    )
    granted = dict(awards)
    today = timezone.localdate()
    is_shown = sees_contribution(user, company)
    return Past(
        granted=list(granted.items()),
        years=[
            _year(company, year, granted.get(year, Decimal(0)), is_shown=is_shown)
            for year in sorted(set(policy_years))
        ],
        open_count=Case.objects.visible_to(user)
        .filter(
            application__company__in=company.rows(),
            application__status__in=[Status.SUBMITTED, Status.IN_REVIEW, Status.RETURNED],
        )
        .exclude(application=application)
        .count(),
        credit=list(company.standing_row.credit_entries.standing_on(today).order_by("-listed_on")),
    )


def _year(company: Company, year: int, granted: Decimal, *, is_shown: bool) -> YearOf:
    cap = annual_cap(company, year)
    left = None if cap is None else max(cap - granted, Decimal(0))
    return YearOf(year, granted, left, is_shown)
