"""For which company a person acts, and whether they may do a thing for it."""

from collections.abc import Iterable
from datetime import date

from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import NotAllowed
from companies.models import Company, CompanyQuerySet
from companies.team.enums import Scope

CHOSEN = "company"


def company_of(request: HttpRequest) -> Company | None:
    """The company that the person acts for: the one they chose, else the first of theirs.

    Asked anew in each request, so that a choice ends with the membership.
    """
    user = request.user
    if not user.is_authenticated:
        return None
    companies = Company.objects.acted_for_by(user).select_related("district").order_by("pk")
    chosen = request.session.get(CHOSEN, 0)
    return companies.filter(pk=chosen).first() or companies.first()


def choose_company(request: HttpRequest, company: Company) -> None:
    request.session[CHOSEN] = company.pk


def may(user: User, company: Company, scope: Scope) -> bool:
    return company.members.acting(user, scope).exists()


def leads(user: User, company: Company) -> bool:
    """Whether the person says who else acts for the company."""
    return company.members.acting(user).leading().exists()


def term_of(user: User, company: Company) -> date | None:
    """The last day of the person's own place in the company; None for no term."""
    return company.members.values_list("ends_on", flat=True).get(user=user)


def require_stranger(companies: CompanyQuerySet, people: Iterable[User | None]) -> None:
    """Raises NotAllowed where one of the people belongs to one of the companies, or ever did:
    nobody checks, corrects or pays their own."""
    if own := companies.ever_of(person for person in people if person).first():
        raise NotAllowed(_("您是 %(company)s 的人员，须由另一人办理。") % {"company": own})


def require(company: Company, by: User, scope: Scope) -> None:
    """Raises NotAllowed unless the person may do that for the company today."""
    if not company.members.acting(by).exists():
        raise NotAllowed(_("只有本企业的人员可以办理。"))
    if not may(by, company, scope):
        raise NotAllowed(
            _("您没有“%(scope)s”的权限，请本企业的管理员开通。") % {"scope": scope.label}
        )
