"""From an application to the engine's question, and its answer kept as a receipt."""

import hashlib
import json
from typing import Any

from django.utils import timezone

from companies.facts import company_facts
from companies.models import Company
from subsidies.applications.enums import Reason
from subsidies.applications.models import Application, Receipt
from subsidies.catalogue import published
from subsidies.catalogue.models import Edition
from subsidies.ledger.models import Award
from subsidies.rules import ENGINE_VERSION
from subsidies.rules.estimate import estimate

Json = dict[str, Any]


def question_about(company: Company, claims: list[Json], *, year: int) -> Json:
    """The question for a company's claims, with its facts and its whole history of today.

    `claims` are claim objects as in `subsidies.rules.question`; `year` is the policy year whose
    industry average counts.
    """
    history = Award.objects.filter(company=company).standing().order_by("granted_at", "pk")
    return {
        "as_of": timezone.localdate().isoformat(),
        "company": company_facts(company, year=year),
        "history": [award.as_history() for award in history],
        "claims": claims,
    }


def question_for(application: Application) -> Json:
    """The question of a filed application: its claims in order, without its own awards."""
    claims = list(application.claims.select_related("level__item"))
    question = question_about(
        application.company,
        [claim.as_question() for claim in claims],
        year=max((claim.policy_year for claim in claims), default=timezone.localdate().year),
    )
    own = Award.objects.filter(claim__in=claims).standing()
    for award in own:
        question["history"].remove(award.as_history())
    return question


def answer(question: Json, edition: Edition) -> Json:
    """The engine's answer under the edition that the application was filed under, and the
    current editions of all other documents."""
    catalogue = published.edition_catalogue([edition.pk])
    result = estimate(question, catalogue, timezone.localdate())
    assert isinstance(result, dict)
    return result


def answer_application(application: Application) -> Json:
    return answer(question_for(application), application.item.edition)


def keep_receipt(application: Application, reason: Reason) -> Receipt:
    """Check an application as things stand and keep question and answer with their hash."""
    edition = application.item.edition
    question = question_for(application)
    result = answer(question, edition)
    content = {
        "question": question,
        "answer": result,
        "editions": {edition.name: edition.sha256},
        "engine": ENGINE_VERSION,
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Receipt.objects.create(
        application=application,
        reason=reason,
        revision=application.revision,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        **content,
    )
