"""The company's own page: what the registry knows of it, and where it is paid."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.access import SignedInRequest
from companies import services
from companies.forms import AccountForm
from companies.models import Company, Measure


def company_profile(request: SignedInRequest) -> HttpResponse:
    company = Company.objects.of(request.user)
    if company is None:
        raise Http404
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.change_account(company, by=request.user, **form.cleaned_data)
        messages.success(request, _("收款账户已更新，以后的款项拨付到新账户。"))
        return redirect("company_profile")
    context = {
        "company": company,
        "account": company.current_account,
        "figures": _figures(company),
        "measures": Measure.labels,
        "entries": company.credit_entries.order_by("-listed_on"),
        "form": form,
    }
    return render(request, "companies/profile.html", context, status=422 if form.errors else 200)


def _figures(company: Company) -> list[tuple[int, list[object]]]:
    """A row a year, the newest first: for each measure the figure of the most trusted source."""
    best: dict[int, dict[str, object]] = {}
    for figure in company.figures.best_first():
        best.setdefault(figure.year, {}).setdefault(figure.measure, figure)
    return [
        (year, [row.get(measure) for measure in Measure.values])
        for year, row in sorted(best.items(), reverse=True)
    ]
