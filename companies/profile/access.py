"""Who sees what of a company's profile: the one place that says it."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Role, User
from companies.models import (
    Agreement,
    Company,
    Recognition,
    ScaleYear,
    StoredFile,
    YearlyFigure,
)
from companies.vault.access import Use

# Who calls companies about a case or a payment; to the others names and numbers are masked.
CALLERS = (Role.REVIEWER, Role.LEAD, Role.FINANCE)


def sees_contribution(user: User, company: Company) -> bool:
    """The fiscal contribution is for the company's own people and the district's finance."""
    return company.district_id in user.district_ids(Role.FINANCE) or company.has_member(user)


def sees_agreement_papers(user: User, company: Company) -> bool:
    """An agreement tells its amount: for the company, finance, and who enters agreements."""
    keepers = user.district_ids(Role.FINANCE, Role.ADMINISTRATOR)
    return company.district_id in keepers or company.has_member(user)


def sees_contacts(user: User, company: Company) -> bool:
    return company.district_id in user.district_ids(*CALLERS) or company.has_member(user)


class Evidence:
    """The profile's side of `companies.vault.access.Holder`: the papers that facts rest on."""

    def files_seen_by(self, user: User) -> QuerySet[StoredFile]:
        districts = user.district_ids()
        figures = YearlyFigure.objects.visible_to(user).filter(company__district__in=districts)
        return StoredFile.objects.filter(pk__in=figures.values("evidence")) | (
            StoredFile.objects.filter(
                pk__in=ScaleYear.objects.filter(company__district__in=districts).values("evidence")
            )
            | StoredFile.objects.filter(
                pk__in=Recognition.objects.filter(company__district__in=districts).values(
                    "evidence"
                )
            )
            | StoredFile.objects.filter(
                pk__in=Agreement.objects.filter(
                    company__district__in=user.district_ids(Role.FINANCE, Role.ADMINISTRATOR)
                ).values("evidence")
            )
        )

    def uses_in(self, company: Company) -> Iterable[tuple[UUID, Use]]:
        for rows, anchor in (
            (company.figures, "figures"),
            (company.scale_years, "standing"),
            (company.recognitions, "standing"),
            (company.agreements, "agreements"),
        ):
            use = Use(_("企业资料"), f"{reverse('company_profile')}#{anchor}")
            held = rows.filter(evidence__isnull=False).values_list("evidence", flat=True)
            for pk in held:
                yield pk, use
