"""From an application to the engine's question, and its answer kept as a receipt."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Any, cast

from django.utils import timezone

from companies.facts import company_facts
from companies.models import Company
from companies.profile.kinds import Measure
from outbox.failpoints import failpoint
from subsidies.applications.enums import Reason
from subsidies.applications.models import Application, Claim, Receipt
from subsidies.catalogue import published
from subsidies.catalogue.models import Edition
from subsidies.credit.findings import Finding, dishonesty, findings_of
from subsidies.ledger.models import Award
from subsidies.ledger.settlement_models import settled_contributions
from subsidies.rules import ENGINE_VERSION
from subsidies.rules.estimate import estimate

Json = dict[str, Any]
CAP_STEP = "annual_cap"
# Of an answer that is wholly another the first differences tell enough.
SHOWN_DIFFERENCES = 20


def question_about(
    company: Company, claims: list[Json], *, year: int, found: Iterable[Finding]
) -> Json:
    """The question for a company's claims, with its facts and its whole history of today.

    `claims` are claim objects as in `subsidies.rules.question`; `year` is the policy year whose
    industry average counts; `found` is what stands against the company under the claims'
    document (`subsidies.credit.findings`). Of a merged row it is the row that it turned out to
    be that is asked about: its facts went over.
    """
    company = company.standing_row
    history = (
        Award.objects.filter(company__in=company.rows()).standing().order_by("granted_at", "pk")
    )
    facts = company_facts(company, year=year) | {"dishonesty": dishonesty(found)}
    # A settlement has taken in what a frozen contribution should have been.
    for settled_year, cap in settled_contributions(company).items():
        facts["years"].setdefault(str(settled_year), {})[Measure.FISCAL_CONTRIBUTION] = str(cap)
    return {
        "as_of": timezone.localdate().isoformat(),
        "company": facts,
        "history": [award.as_history() for award in history],
        "claims": claims,
    }


def question_for(application: Application, found: Iterable[Finding]) -> Json:
    """The question of a filed application: its claims in order, without its own awards."""
    claims = list(application.claims.select_related("level__item"))
    question = question_about(
        application.company,
        [claim.as_question() for claim in claims],
        year=policy_year(claims),
        found=found,
    )
    own = Award.objects.filter(claim__in=claims).standing()
    for award in own:
        question["history"].remove(award.as_history())
    return question


def policy_year(claims: Iterable[Claim]) -> int:
    """The year whose averages a question takes: the newest of its claims."""
    return max((claim.policy_year for claim in claims), default=timezone.localdate().year)


def answer(question: Json, edition: Edition) -> Json:
    """The engine's answer under this edition of its document and the current ones of all others."""
    return _answer(question, published.hashes_with(edition.pk))


def answer_application(application: Application) -> Json:
    """The engine's answer as things stand, under the edition that the application was filed
    under."""
    return answer(question_for(application, findings_of(application)), application.item.edition)


def answer_again(receipt: Receipt, claim: Claim, history: list[Json]) -> Json:
    """The answer about one claim of a receipt: with the facts that were kept, and this history."""
    asked = [each for each in receipt.question["claims"] if each["id"] == str(claim.pk)]
    question = receipt.question | {"claims": asked, "history": history}
    (entry,) = answer(question, receipt.application.item.edition)["claims"]
    return cast(Json, entry)


def amount_before_cap(entry: Json) -> Decimal | None:
    """What an answered claim comes to before the annual cap (yuan); None where it is not known."""
    steps = [step for step in entry["steps"] if step["code"] != CAP_STEP]
    return Decimal(steps[-1]["amount"]) if steps else None


def keep_receipt(application: Application, reason: Reason) -> Receipt:
    """Check an application as things stand and keep question and answer with their hash."""
    found = findings_of(application)
    return keep_answer(application, reason, question_for(application, found), found)


def keep_answer(
    application: Application, reason: Reason, question: Json, found: Iterable[Finding]
) -> Receipt:
    """Answer a question and keep it, with the credit entries that it rests on."""
    hashes = published.hashes_with(application.item.edition_id)
    receipt = Receipt(
        application=application,
        reason=reason,
        revision=application.revision,
        question=question,
        answer=_answer(question, hashes),
        editions=list(hashes),
        engine=ENGINE_VERSION,
        credit=[row.as_kept() for row in found],
    )
    receipt.sha256 = hash_of(receipt)
    receipt.save()
    failpoint("receipt.kept")
    return receipt


def hash_of(receipt: Receipt) -> str:
    """One hash over question, answer, editions and engine: what the receipt vouches for."""
    content = {
        "question": receipt.question,
        "answer": receipt.answer,
        "editions": receipt.editions,
        "engine": receipt.engine,
    }
    # Receipts from before credit entries had kinds were hashed without.
    if receipt.credit is not None:
        content["credit"] = receipt.credit
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def differences(receipt: Receipt) -> list[Json]:
    """What of a receipt is no longer so; empty where it is what was kept and comes out the same.

    `what` is hash (it is not what was kept), credit (it was asked with other entries than those
    kept as blocking), editions (not all are there) or answer (the engine gives another); `at` the
    place in the answer, with what was `kept` and what is `now`.
    """
    if receipt.sha256 != (found := hash_of(receipt)):
        return [{"what": "hash", "at": "", "kept": receipt.sha256, "now": found}]
    if not _is_about_its_credit(receipt):
        return [{"what": "credit", "at": "", "kept": "", "now": ""}]
    if receipt.engine != ENGINE_VERSION:
        # Answers of an older engine are vouched for by their hash alone.
        return []
    there = set(
        Edition.objects.filter(sha256__in=receipt.editions).values_list("sha256", flat=True)
    )
    if missing := [digest for digest in receipt.editions if digest not in there]:
        return [{"what": "editions", "at": "", "kept": digest, "now": ""} for digest in missing]
    now = _answer(receipt.question, tuple(receipt.editions))
    return [
        {"what": "answer", "at": place, "kept": kept, "now": then}
        for place, kept, then in islice(_unequal(receipt.answer, now), SHOWN_DIFFERENCES)
    ]


def _unequal(kept: Any, now: Any, place: str = "") -> Iterator[tuple[str, str, str]]:
    """Where two answers part, as a path such as claims.0.payable, with both values."""
    if isinstance(kept, dict) and isinstance(now, dict):
        for key in sorted(kept.keys() | now.keys()):
            yield from _unequal(kept.get(key), now.get(key), f"{place}.{key}".lstrip("."))
    elif isinstance(kept, list) and isinstance(now, list) and len(kept) == len(now):
        for number, (one, other) in enumerate(zip(kept, now, strict=True)):
            yield from _unequal(one, other, f"{place}.{number}")
    elif kept != now:
        yield place, json.dumps(kept, ensure_ascii=False), json.dumps(now, ensure_ascii=False)


def _is_about_its_credit(receipt: Receipt) -> bool:
    """Whether the question was asked with just the entries that were kept as blocking."""
    if receipt.credit is None:
        return True
    asked = [entry["listed_on"] for entry in receipt.question["company"]["dishonesty"]]
    return asked == [row["listed_on"] for row in receipt.credit if row["effect"] == "blocks"]


def _answer(question: Json, hashes: tuple[str, ...]) -> Json:
    # The question always names its day, so the calendar has no say in the answer.
    result = estimate(question, published.catalogue_of(hashes), timezone.localdate())
    assert isinstance(result, dict)
    return result
