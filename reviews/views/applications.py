"""An application as its company sees it: where it is, what is asked, what comes of it."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest
from reviews.casefile import CaseFile
from reviews.models import Case
from subsidies.models import Application


@require_GET
def application_detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """For the company's people; an official goes to the case, a draft to its form."""
    application = _visible(request, pk)
    case = Case.objects.filter(application=application).first()
    if not application.company.members.filter(user=request.user).exists():
        assert case is not None, "officials see only what was filed"
        return redirect(case)
    if application.number is None and application.is_editable:
        return redirect("application_edit", application.pk)
    return render(
        request,
        "reviews/application_detail.html",
        {"application": application, "file": _file(request, application)},
    )


@require_GET
def application_answer(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The answer alone; the page asks for it until it has come."""
    application = get_object_or_404(Application.objects.of_companies_of(request.user), pk=pk)
    return render(request, "reviews/application_answer.html", {"file": _file(request, application)})


def _visible(request: SignedInRequest, pk: UUID) -> Application:
    applications = Application.objects.visible_to(request.user).select_related(
        "district", "company", "item__edition__document"
    )
    return get_object_or_404(applications, pk=pk)


def _file(request: SignedInRequest, application: Application) -> CaseFile | None:
    """The case for the company; None for a draft that was thrown away."""
    case = Case.objects.filter(application=application).select_related("stage", "route").first()
    if case is None:
        return None
    case.application = application
    return CaseFile(case, request.user, for_company=True)
