"""What belongs to no room: where one lands."""

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.admin import KEEPERS, PersonAdmin, has_office, site
from accounts.models import Role, User
from companies.team.access import company_of


@require_safe
@login_not_required
def home(request: HttpRequest) -> HttpResponse:
    """Each to their own work: officials to what waits for them, all others to the policies."""
    user = request.user
    if user.is_authenticated:
        if user.has_role(Role.REVIEWER, Role.LEAD, Role.AUDITOR):
            return redirect("worklist")
        if user.has_role(Role.FINANCE):
            return redirect("finance_home")
        if has_office(request, *KEEPERS):
            return redirect("desk")
        if user.has_role(Role.POLICY_OFFICER):
            return redirect("edition_list")
        if not user.is_official and company_of(request) is None:
            return redirect("company_register")
    return redirect("policy_list")


@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """Where those begin who keep the installation: their places, each with what it is for. Who
    keeps the people sees whose sign-in is locked."""
    if not has_office(request, *KEEPERS):
        raise PermissionDenied
    people = site.get_model_admin(User)
    assert isinstance(people, PersonAdmin)
    context = {
        "apps": site.get_app_list(request),
        "unlocks": has_office(request, PersonAdmin.keeper),
        "locked": people.locked(request),
    }
    return render(request, "desk.html", context)
