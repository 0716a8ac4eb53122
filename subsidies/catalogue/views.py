"""The policy library: for everybody, with an answer for those whom we know."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.middleware import HtmxDetails

from companies.models import Company
from companies.team.access import company_of
from subsidies.applications import answers
from subsidies.applications.enums import Status
from subsidies.applications.fit import Fit, fits, presumed_day
from subsidies.applications.forms import EstimateForm
from subsidies.applications.models import Application
from subsidies.catalogue.amounts import amount_note, highest
from subsidies.catalogue.filters import STATES, PolicyFilter, state_of
from subsidies.catalogue.models import Edition, Item, Level, PolicyDocument
from subsidies.credit.findings import findings, with_people
from subsidies.rules.edition import Rule

PAGE_SIZE = 10


class PublicRequest(HttpRequest):
    """What django-htmx adds to a request."""

    htmx: HtmxDetails


@dataclass(frozen=True)
class Card:
    """An item as the library shows it."""

    item: Item
    state: str
    state_label: str
    lead: str
    amount: Decimal | None
    is_most: bool
    note: str
    events_from: date | None
    events_to: date | None
    fit: Fit | None


def _card(item: Item, fit: Fit | None, today: date) -> Card:
    levels = list(item.levels.all())
    for level in levels:
        level.item = item
    amount = highest(levels)
    top = next((level for level in levels if level.amount == amount), levels[0])
    document = item.rules_item.document
    state = state_of(item, today)
    return Card(
        item=item,
        state=state,
        state_label=str(STATES[state]),
        lead=str(item.leads[0]) if item.leads else "",
        amount=amount,
        is_most=top.ceiling or len({level.amount for level in levels}) > 1,
        note=str(amount_note(top)),
        events_from=document.events_from,
        events_to=document.events_to,
        fit=fit,
    )


@require_GET
@login_not_required
def policy_list(request: HttpRequest) -> HttpResponse:
    company = company_of(request)
    items = Item.objects.current().for_list()
    if company:
        items = items.filter(edition__document__district=company.district)
    fit = fits(company, items) if company else {}
    library = PolicyFilter(request.GET, items, fits=fit)
    facets = library.facets()
    page = Paginator(library.found(), PAGE_SIZE).get_page(request.GET.get("page"))
    today = timezone.localdate()
    context = {
        "company": company,
        "presumed_year": presumed_day(company).year,
        "library": library,
        "words": request.GET.get("q", ""),
        "facets": facets,
        "chips": library.chips(facets),
        "page": page,
        "cards": [_card(item, fit.get(item.code), today) for item in page],
        "total": len(library.everything),
        "open_total": sum(state_of(item, today) == "open" for item in library.everything),
    }
    return render(request, "catalogue/policy_list.html", context)


@require_GET
@login_not_required
def policy_detail(request: HttpRequest, code: str) -> HttpResponse:
    """An item with its calculator. A company sees at once what the registry says of its case."""
    item = _item(code)
    company = company_of(request)
    level = request.GET.get("level", "")
    answer = None
    if company and item.is_open:
        fit = fits(company, [item])[item.code]
        if not any(row.code == level for row in item.levels.all()):
            level = fit.level
        day = presumed_day(company).isoformat()
        question = EstimateForm(item, {"level": level, "event_date": day}).question()
        answer = _answer(item, company, question) if question else None
    initial = {"event_date": presumed_day(company)} | ({"level": level} if level else {})
    form = EstimateForm(item, initial=initial)
    return _show_item(request, item, company, form, answer)


@login_not_required
@require_http_methods(["GET", "POST"])
def estimate_policy(request: PublicRequest, code: str) -> HttpResponse:
    """The calculator's answer: as a fragment where the page asked for one, else in the page."""
    item = _item(code)
    if request.method == "GET":
        # The address of an answer, loaded again: its figures were not kept.
        return redirect(item)
    company = company_of(request)
    form = EstimateForm(item, request.POST)
    question = form.question()
    answer = _answer(item, company, question) if question else None
    if request.htmx:
        # While one is still typing only the answer changes; fields and their faults are
        # drawn anew when the button was pressed.
        context = _item_context(item, company, form, answer)
        context["with_fields"] = request.htmx.trigger != "estimate-fields"
        return render(request, "catalogue/estimate_fragment.html", context)
    return _show_item(request, item, company, form, answer)


@require_GET
@login_not_required
def document_detail(request: HttpRequest, code: str) -> HttpResponse:
    """A document: its clauses with their items, its rules, and the readings chosen."""
    document = get_object_or_404(PolicyDocument.objects.select_related("district"), code=code)
    edition = get_object_or_404(Edition.objects.current(), document=document)
    clauses: dict[str, list[Item]] = defaultdict(list)
    for item in Item.objects.filter(edition=edition).for_list():
        clauses[item.clause].append(item)
    described = edition.rules_document
    rules: dict[str, list[Rule]] = defaultdict(list)
    for rule in described.rules.values():
        rules[rule.clause].append(rule)
    rules.setdefault(described.events_clause, [])
    context = {
        "document": document,
        "edition": edition,
        "clauses": list(clauses.items()),
        "described": described,
        "rules": [(clause, rows, clause not in clauses) for clause, rows in rules.items()],
    }
    return render(request, "catalogue/document_detail.html", context)


def _item(code: str) -> Item:
    items = Item.objects.current().select_related("edition__document__district")
    return get_object_or_404(
        items.prefetch_related("levels", "item_departments__department"), code=code
    )


def _answer(item: Item, company: Company | None, question: dict[str, Any]) -> dict[str, Any]:
    """The engine's answer; of somebody unknown it says which facts it waits for."""
    year = int(question["event_date"][:4])
    found = findings(company, item.edition) if company else []
    if company:
        asked = answers.question_about(company, [question], year=year, found=found)
    else:
        asked = {
            "as_of": timezone.localdate().isoformat(),
            "company": {},
            "claims": [question],
        }
    claim: dict[str, Any] = answers.answer(asked, item.edition)["claims"][0]
    return with_people(claim, [row.as_kept() for row in found])


def _item_context(
    item: Item, company: Company | None, form: EstimateForm, answer: dict[str, Any] | None
) -> dict[str, Any]:
    return {
        "item": item,
        "document": item.edition.document,
        "edition": item.edition,
        "company": company,
        "form": form,
        "answer": answer,
        "now": timezone.localtime(),
    }


def _show_item(
    request: HttpRequest,
    item: Item,
    company: Company | None,
    form: EstimateForm,
    answer: dict[str, Any] | None,
) -> HttpResponse:
    today = timezone.localdate()
    drafts = (
        Application.objects.filter(company=company, item__code=item.code, status=Status.DRAFT)
        if company
        else Application.objects.none()
    )
    context = _item_context(item, company, form, answer) | {
        "card": _card(item, None, today),
        "levels": [_LevelRow(level) for level in form.levels.values()],
        "has_ceiling": any(level.ceiling for level in form.levels.values()),
        "readings": item.rules_item.interpretations,
        # What the whole document reads speaks of ladders.
        "general_readings": item.edition.interpretations if item.is_ladder else [],
        "drafts": drafts.order_by("-saved_at"),
        "may_apply": company is not None
        and item.is_open
        and company.district_id == item.edition.document.district_id,
    }
    return render(request, "catalogue/policy_detail.html", context)


@dataclass(frozen=True)
class _LevelRow:
    level: Level

    @property
    def note(self) -> str:
        return str(amount_note(self.level))
