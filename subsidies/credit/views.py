"""What credit entries mean to each document: the table, the form, and what was set before."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import SignedInRequest, for_roles, require_password
from accounts.models import Role
from accounts.refusals import Refused
from companies.models import CreditGrade, CreditKind
from subsidies.catalogue.models import Edition, PolicyDocument
from subsidies.credit.findings import effects
from subsidies.credit.forms import RuleForm
from subsidies.credit.models import CreditEffect, CreditRule
from subsidies.credit.services import RULE_ROLES, clause_of, set_rule


@dataclass(frozen=True)
class Sheet:
    """A document with what its entries mean today: rows of kind, grade (may be empty), effect."""

    document: PolicyDocument
    clause: str
    rows: list[tuple[str, str, CreditEffect]]


@require_http_methods(["GET", "POST"])
@for_roles(*RULE_ROLES, Role.AUDITOR)
def credit_rules(request: SignedInRequest) -> HttpResponse:
    districts = request.user.district_ids(*RULE_ROLES, Role.AUDITOR)
    may_set = request.user.has_role(*RULE_ROLES)
    if request.method == "POST" and not may_set:
        raise PermissionDenied
    sheets = [
        _sheet(edition, clause)
        for edition in Edition.objects.current()
        .filter(document__district__in=districts)
        .select_related("document")
        .defer("body")
        .order_by("document__code")
        if (clause := clause_of(edition))
    ]
    documents = PolicyDocument.objects.filter(
        pk__in=[sheet.document.pk for sheet in sheets],
        district__in=request.user.district_ids(*RULE_ROLES),
    )
    form = RuleForm(documents, request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            require_password(request)
            try:
                rule = set_rule(by=request.user, **form.cleaned_data)
            except Refused as refusal:
                form.add_error(None, refusal.messages)
                status = refusal.status_code
            else:
                messages.success(request, _("已设定：%(rule)s。") % {"rule": rule})
                return redirect("credit_rules")
    context = {
        "sheets": sheets,
        "form": form,
        "may_set": may_set,
        "history": CreditRule.objects.filter(document__district__in=districts)
        .select_related("document", "made_by")
        .order_by("-pk")[:50],
        "today": timezone.localdate(),
    }
    return render(request, "credit/rules.html", context, status=status)


def _sheet(edition: Edition, clause: str) -> Sheet:
    found = effects(edition.document_id, timezone.localdate())
    rows = []
    for kind in CreditKind:
        rows.append((str(kind.label), "", found[kind.value, ""]))
        rows += [
            (str(kind.label), str(grade.label), found[kind.value, grade.value])
            for grade in CreditGrade
            if (kind.value, grade.value) in found
        ]
    return Sheet(edition.document, clause, rows)
