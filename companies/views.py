"""A company's profile: its own page, the officials' view of it, and what is changed there."""

import re
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.forms import BaseForm
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import SignedInRequest, for_roles, posted_number, require_password
from accounts.models import Role
from accounts.refusals import Refused, StateChanged
from companies import figures, services
from companies.forms import AccountForm
from companies.models import (
    CREDIT_KEEPERS,
    Company,
    Contact,
    CreditEntry,
    CreditKind,
    Measure,
    YearlyFigure,
    shown_until,
)
from companies.pending import is_being_decided_on
from companies.profile import evidence, industries
from companies.profile.forms import (
    AttachForm,
    ContactForm,
    CorrectionForm,
    DeclarationForm,
    ProfileForm,
)
from companies.profile.page import Profile
from companies.team.access import choose_company, company_of, may
from companies.team.enums import Scope
from companies.vault import services as vault
from companies.vault.kinds import FileKind

INDUSTRIES_SHOWN = 40


@require_http_methods(["GET", "POST"])
def company_profile(request: SignedInRequest) -> HttpResponse:
    """The company's own page. Its account is given here. Whose registration waits is shown that."""
    if company_of(request) is None and request.user.registrations.pending().exists():
        return redirect("company_register")
    company = _own(request)
    may_change = may(request.user, company, Scope.ACCOUNT)
    may_edit = may(request.user, company, Scope.DATA)
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        require_password(request)
        is_first = not company.accounts.exists()
        account = services.change_account(company, by=request.user, **form.cleaned_data)
        if account.is_current and is_first:
            messages.success(request, _("收款账户已保存。"))
        elif account.is_current:
            messages.success(request, _("收款账户已更新，以后的款项拨付到新账户。"))
        elif is_first:
            messages.info(
                request, _("账户已收到。有款项待拨付，须经财政两人核对后生效，在此以前不拨付。")
            )
        else:
            messages.info(
                request,
                _("有款项待拨付，新账户须经财政两人核对后生效。在此以前不拨付，原账户保留。"),
            )
        return redirect("company_profile")
    today = timezone.localdate()
    context = {
        "profile": Profile(company, request.user),
        "company": company,
        "entries": [
            (entry, _repair(entry, today))
            for entry in company.credit_entries.standing_on(today).order_by("-listed_on", "-pk")
        ],
        "today": today,
        "form": form,
        "may_change": may_change,
        "may_edit": may_edit,
        "edit": reverse("company_edit") if may_edit else "",
        "declare": reverse("figure_declare") if may_edit else "",
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


def _repair(entry: CreditEntry, today: date) -> str:
    """To the company: how far the repair of an entry that stands is."""
    if entry.repaired_on:
        return _("已准予修复，%(day)s 起不再有效") % {"day": entry.repaired_on}
    least = shown_until(entry.grade, entry.listed_on)[0] if entry.grade else today
    if least > today:
        return _("还没有修复，最短公示期到 %(day)s，满后可以申请") % {"day": least}
    return _("还没有修复，现在就可以申请")


@require_POST
def account_withdraw(request: SignedInRequest) -> HttpResponse:
    company = _own(request, Scope.ACCOUNT)
    change = company.open_account_change
    if change is None:
        messages.warning(request, _("没有等待核对的账户。"))
        return redirect("company_profile")
    try:
        services.withdraw_account(change, by=request.user)
    except Refused as refusal:
        messages.warning(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("已撤回，款项仍拨付到原账户。"))
    return redirect("company_profile")


@require_http_methods(["GET", "POST"])
def company_edit(request: SignedInRequest) -> HttpResponse:
    company = _own(request, Scope.DATA)
    form = ProfileForm(request.POST or None, instance=company)
    faults: list[str] = []
    status = 200
    if request.method == "POST" and "find" not in request.POST:
        status = 422
        if form.is_valid():
            try:
                services.change_profile(
                    company,
                    revision=posted_number(request, "revision"),
                    by=request.user,
                    **form.cleaned_data,
                )
            except Refused as refusal:
                faults, status = refusal.messages, refusal.status_code
                company.refresh_from_db()
            else:
                messages.success(request, _("企业资料已保存。"))
                return redirect("company_profile")
    chosen = request.POST.get("industry", company.industry)
    context = {
        "company": company,
        "form": form,
        "faults": faults,
        **_found(request, chosen),
    }
    return render(request, "companies/profile_edit.html", context, status=status)


@require_GET
def industry_options(request: SignedInRequest) -> HttpResponse:
    """The industries that fit what was typed or narrowed to, to choose from."""
    chosen = request.GET.get("industry", "")
    return render(request, "companies/industry_options.html", _found(request, chosen))


@require_http_methods(["GET", "POST"])
def contact_edit(request: SignedInRequest, pk: int | None = None) -> HttpResponse:
    """Add a contact, or change one."""
    company = _own(request, Scope.DATA)
    contact = get_object_or_404(Contact, pk=pk, company=company) if pk else None
    form = ContactForm(request.POST or None, instance=contact)
    faults: list[str] = []
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                services.save_contact(
                    company,
                    contact,
                    revision=posted_number(request, "revision"),
                    by=request.user,
                    **form.cleaned_data,
                )
            except Refused as refusal:
                faults, status = refusal.messages, refusal.status_code
                company.refresh_from_db()
            else:
                messages.success(request, _("联系人已保存。"))
                return redirect("company_profile")
    title = _("修改联系人") if contact else _("添加联系人")
    return _form_page(request, company, form, title, _("保存联系人"), faults, status)


@require_POST
def contact_remove(request: SignedInRequest, pk: int) -> HttpResponse:
    company = _own(request, Scope.DATA)
    contact = get_object_or_404(Contact, pk=pk, company=company)
    try:
        services.remove_contact(
            contact, revision=posted_number(request, "revision"), by=request.user
        )
    except StateChanged as refusal:
        messages.warning(request, " ".join(refusal.messages))
    else:
        messages.success(request, _("联系人已删去。"))
    return redirect("company_profile")


@require_http_methods(["GET", "POST"])
def figure_declare(request: SignedInRequest) -> HttpResponse:
    """What the company says of a year. What other sources say stays beside it."""
    company = _own(request, Scope.DATA)
    typed = request.POST.copy() if request.method == "POST" else None
    named = request.GET if typed is None else typed
    asked = {name: str(named[name]) for name in ("year", "measure") if name in named}
    initial: dict[str, Any] = {"year": timezone.localdate().year - 1} | asked
    before = _declared(company, asked)
    if before:
        shown = ("value", "as_of", "is_audited", "evidence")
        initial |= {name: getattr(before, name) for name in shown} | {
            "replaces": figures.stamp_of(before)
        }
        if before.measure == Measure.STAFF:
            initial["value"] = int(before.value)
    wrong_file: list[str] = []
    upload = request.FILES.get("upload")
    if typed is not None and isinstance(upload, UploadedFile):
        # Into the vault at once and chosen there: whatever else is wrong, it need not come again.
        try:
            stored = vault.add_file(company, upload, kind=FileKind.ACCOUNTS, by=request.user)
        except Refused as refusal:
            wrong_file = refusal.messages
        else:
            typed["evidence"] = str(stored.pk)
    form = DeclarationForm(typed, company=company, initial=initial)
    for text in wrong_file:
        form.add_error("upload", text)
    faults: list[str] = []
    status = 422 if form.errors else 200
    if typed is not None and form.is_valid():
        given = form.cleaned_data | {"measure": Measure(form.cleaned_data["measure"])}
        del given["upload"]
        try:
            figures.declare_figure(company, by=request.user, **given)
        except StateChanged as refusal:
            faults, status = refusal.messages, refusal.status_code
            before = figures.declared_figure(company, given["year"], given["measure"])
        else:
            messages.success(request, _("已登记。与税务、统计数据不一致时，按区里的取数规则采用。"))
            return redirect("company_profile")
    if typed is not None:
        # What the page shows now is what the next try replaces.
        typed["replaces"] = figures.stamp_of(before)
    title, button = _("申报年度数据"), _("登记数据")
    return _form_page(request, company, form, title, button, faults, status, _replacing(before))


def _declared(company: Company, asked: dict[str, str]) -> YearlyFigure | None:
    """What the company declared of the year and measure that an address names."""
    year, measure = asked.get("year", ""), asked.get("measure", "")
    if not re.fullmatch("[0-9]{4}", year) or measure not in Measure:
        return None
    return figures.declared_figure(company, int(year), Measure(measure))


def _replacing(before: YearlyFigure | None) -> str:
    """What is there, and what becomes of it and of what rests on it; empty where nothing is."""
    if before is None:
        return ""
    is_staff = before.measure == Measure.STAFF
    value = f"{before.value:,.0f}" if is_staff else f"{before.value:,.2f}"
    text = _(
        "%(year)s 年度%(measure)s已申报 %(value)s %(unit)s，数据截至 %(day)s。"
        "保存后由新的数代替，原来的数留在企业资料的记录里。"
    ) % {
        "year": before.year,
        "measure": before.get_measure_display(),
        "value": value,
        "unit": _("人") if is_staff else _("元"),
        "day": before.as_of,
    }
    if before.is_audited:
        text += _("原来的数标为经审计。")
    if before.evidence_id:
        text += _("原来的数附有依据文件。")
    if is_being_decided_on(before.company):
        text += _("有申请正在办理：会按新的数重新核对，结论变差时告诉办理的部门。")
    return text


@require_http_methods(["GET", "POST"])
def evidence_attach(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    """The paper of a dated fact: from the company, or from who keeps the registry."""
    known = evidence.KINDS.get(kind)
    if known is None:
        raise Http404
    fact: Any = get_object_or_404(evidence.seen_by(known, request.user), pk=pk)
    company: Company = fact.company
    own = company.has_member(request.user)
    home = reverse("company_profile") if own else reverse("company_detail", args=[company.pk])
    if not evidence.may_attach(request.user, fact):
        raise PermissionDenied
    given = (request.POST, request.FILES) if request.method == "POST" else ()
    form = AttachForm(*given, company=company, sees_vault=own)
    if request.method == "POST" and form.is_valid():
        upload, chosen = form.cleaned_data["upload"], form.cleaned_data.get("evidence")
        try:
            if chosen and not upload:
                evidence.attach(fact, stored=chosen, by=request.user)
            else:
                evidence.attach_upload(fact, upload, kind=known.file_kind, by=request.user)
        except Refused as refusal:
            form.add_error("upload", refusal.messages)
        else:
            messages.success(request, _("依据文件已附上。"))
            if own:
                # They may have chosen another of theirs meanwhile; the profile is the chosen one's.
                choose_company(request, company)
            return redirect(f"{home}#{known.anchor}")
    context = {
        "company": company,
        "form": form,
        "fact": fact,
        "what": known.model._meta.verbose_name,
        "home": home,
        "own": own,
    }
    status = 422 if form.errors else 200
    return render(request, "companies/evidence.html", context, status=status)


@require_http_methods(["GET", "POST"])
@for_roles(Role.FINANCE)
def figure_correct(request: SignedInRequest, pk: int) -> HttpResponse:
    """Finance says what a frozen contribution should have been."""
    seen = YearlyFigure.objects.visible_to(request.user).filter(
        measure=Measure.FISCAL_CONTRIBUTION,
        company__district__in=request.user.district_ids(Role.FINANCE),
    )
    figure = get_object_or_404(seen.select_related("company"), pk=pk)
    form = CorrectionForm(request.POST or None, initial={"as_of": timezone.localdate()})
    faults: list[str] = []
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            require_password(request)
            try:
                figures.correct_figure(figure, by=request.user, **form.cleaned_data)
            except Refused as refusal:
                faults, status = refusal.messages, refusal.status_code
            else:
                messages.success(request, _("更正已登记。年度总量暂不变，等下一次结算采用。"))
                return redirect("company_detail", figure.company_id)
    context = {"figure": figure, "company": figure.company, "form": form, "faults": faults}
    return render(request, "companies/figure_correct.html", context, status=status)


def _own(request: SignedInRequest, scope: Scope | None = None) -> Company:
    """The company that the person acts for; with a scope, only if they may do that."""
    company = company_of(request)
    if company is None:
        raise Http404
    if scope is not None and not may(request.user, company, scope):
        raise PermissionDenied
    return company


def _found(request: SignedInRequest, chosen: str) -> dict[str, Any]:
    """What the picker shows: the lists to narrow by, what was found, and what is chosen."""
    asked = request.POST if request.method == "POST" else request.GET
    text, section = asked.get("q", "")[:40], asked.get("section", "")[:1]
    division = asked.get("division", "")[:2]
    within = industries.divisions(section)
    if division not in {row.digits for row in within}:
        division = ""
    found = industries.search(text, section=section, division=division)
    return {
        "chosen": industries.industry_of(chosen),
        "q": text,
        "section": section,
        "division": division,
        "sections": industries.sections(),
        "divisions": within,
        "found": found[:INDUSTRIES_SHOWN],
        "more": max(len(found) - INDUSTRIES_SHOWN, 0),
        "is_asked": bool(text.strip() or section),
    }


def _form_page(
    request: SignedInRequest,
    company: Company,
    form: BaseForm,
    title: str,
    button: str,
    faults: list[str],
    status: int,
    note: str = "",
) -> HttpResponse:
    context = {
        "company": company,
        "form": form,
        "title": title,
        "button": button,
        "faults": faults,
        "note": note,
    }
    return render(request, "companies/profile_form.html", context, status=status)
