"""An application as its company sees it: where it is, what is asked, what comes of it."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest
from reviews.casefile import CaseFile
from reviews.models import Case
from subsidies.applications.acts import acts_on
from subsidies.models import Application


@require_GET
def application_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """For the company's people; an official goes to the case, a draft to its form."""
    application = get_object_or_404(
        Application.objects.visible_to(request.user).select_related("company", "item"), pk=pk
    )
    case = Case.objects.for_page().filter(application=application).first()
    if case is None and application.is_editable:
        return redirect("application_edit", application.pk)
    if case is None:
        # Taken back before it was filed.
        return render(request, "reviews/application_dropped.html", {"application": application})
    if not application.company.has_member(request.user):
        return redirect(case)
    file = CaseFile(case, request.user, for_company=True)
    context = {"application": case.application, "file": file, "acts": acts_on(case.application)}
    return render(request, "reviews/application_detail.html", context)


@require_GET
def application_answer(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The answer alone; the page asks for it until it has come."""
    mine = Application.objects.of_companies_of(request.user)
    case = get_object_or_404(Case.objects.for_page().filter(application__in=mine), application=pk)
    file = CaseFile(case, request.user, for_company=True)
    return render(request, "reviews/application_answer.html", {"file": file})
