"""The company's own page: what the registry knows of it, and where it is paid."""

from datetime import date

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import SignedInRequest, for_roles
from accounts.models import Role
from companies import services
from companies.forms import AccountForm
from companies.models import CREDIT_KEEPERS, Company, CreditEntry, CreditKind, Measure
from companies.team.access import company_of, may
from companies.team.enums import Scope


@require_http_methods(["GET", "POST"])
def company_profile(request: SignedInRequest) -> HttpResponse:
    company = company_of(request)
    if company is None:
        raise Http404
    may_change = may(request.user, company, Scope.ACCOUNT)
    if request.method == "POST" and not may_change:
        raise PermissionDenied
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
        "entries": company.credit_entries.standing_on(timezone.localdate()).order_by("-listed_on"),
        "form": form,
        "may_change": may_change,
    }
    return render(request, "companies/profile.html", context, status=422 if form.errors else 200)


@require_GET
@for_roles(*Role)
def company_credit(request: SignedInRequest, pk: int) -> HttpResponse:
    """A company's credit record and incidents, for the officials of its district: what stands,
    and to those who keep the record also what was repaired or ran out."""
    companies = Company.objects.filter(district__in=request.user.district_ids())
    company = get_object_or_404(companies.select_related("district"), pk=pk)
    today = timezone.localdate()
    standing = set(company.credit_entries.standing_on(today).values_list("pk", flat=True))
    entries = company.credit_entries.visible_to(request.user, today).order_by("-listed_on", "-pk")
    context = {
        "company": company,
        "rows": [(entry, *_state(entry, today, entry.pk in standing)) for entry in entries],
        "incidents": company.incidents.order_by("-date"),
        "keeps": company.district_id in request.user.district_ids(*CREDIT_KEEPERS),
        "today": today,
    }
    return render(request, "companies/credit.html", context)


def _state(entry: CreditEntry, today: date, stands: bool) -> tuple[str, str]:
    """The kind of `components/status.html` and the words for how an entry stands."""
    if stands:
        return "fail" if entry.kind == CreditKind.BLACKLIST else "warn", _("有效")
    if entry.repaired_on and entry.repaired_on <= today:
        return "shut", _("%(day)s 修复") % {"day": entry.repaired_on}
    if entry.valid_until and entry.valid_until < today:
        return "shut", _("%(day)s 到期") % {"day": entry.valid_until}
    if entry.listed_on > today:
        return "todo", _("还没有生效")
    return "shut", _("以信用中国为准")


def _figures(company: Company) -> list[tuple[int, list[object]]]:
    """A row a year, the newest first: for each measure the figure of the most trusted source."""
    best: dict[int, dict[str, object]] = {}
    for figure in company.figures.best_first():
        best.setdefault(figure.year, {}).setdefault(figure.measure, figure)
    return [
        (year, [row.get(measure) for measure in Measure.values])
        for year, row in sorted(best.items(), reverse=True)
    ]
