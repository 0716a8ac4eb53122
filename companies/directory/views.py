"""The companies of a district, for its officials."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, for_roles
from accounts.models import Role
from companies.directory.filters import CompanyFilter
from companies.merging import services
from companies.models import Company
from companies.profile.page import Profile

PAGE_SIZE = 20


@require_GET
@for_roles(*Role)
def company_list(request: SignedInRequest) -> HttpResponse:
    companies = Company.objects.in_districts_of(request.user).standing()
    narrowed = CompanyFilter(request.GET, companies)
    rows = narrowed.qs.select_related("district").order_by("name", "pk")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "filter": narrowed,
        "is_filtered": any(request.GET.get(name) for name in narrowed.filters),
        "page": page,
        "keeps_rows": request.user.has_role(Role.ADMINISTRATOR),
    }
    return render(request, "directory/company_list.html", context)


@require_GET
@for_roles(*Role)
def company_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """What the registry knows. What a role is not shown is left out by the profile."""
    user = request.user
    company = get_object_or_404(
        Company.objects.in_districts_of(user).select_related("district"), pk=pk
    )
    if company.merged_into_id:
        return redirect("company_detail", company.merged_into_id)
    keeps_people = company.district_id in user.district_ids(Role.ADMINISTRATOR)
    context = {
        "company": company,
        "profile": Profile(company, user),
        "entries": company.credit_entries.standing_on(timezone.localdate()).order_by("-listed_on"),
        "incidents": company.incidents.order_by("-date"),
        "keeps_people": keeps_people,
        "merges": services.told(company.merges.standing().for_list()),
        "members": company.members.current().select_related("user").order_by("pk")
        if keeps_people
        else [],
        "sees_cases": user.has_role(Role.REVIEWER, Role.LEAD, Role.FINANCE, Role.AUDITOR),
    }
    return render(request, "directory/company_detail.html", context)
