"""Which items suit a company, by the registry alone, as if each thing had been achieved."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Max
from django.utils import timezone

from companies.models import Company
from subsidies.applications.answers import question_about
from subsidies.catalogue import published
from subsidies.catalogue.models import Item
from subsidies.credit.findings import dishonesty, findings
from subsidies.rules.estimate import estimate

Json = dict[str, Any]
_BEST_FIRST = {True: 0, None: 1, False: 2}


@dataclass(frozen=True, slots=True)
class Fit:
    """An item's best level for a company, with the engine's answer to it."""

    level: str
    answer: Json

    @property
    def verdict(self) -> str:
        """pass, fail; asks where only the claim's own facts are missing; unknown."""
        if self.answer["eligible"] is None:
            missing = self.answer["missing"]
            own = all(path.startswith("claim.") for path in missing)
            return "asks" if missing and own else "unknown"
        return "pass" if self.answer["eligible"] else "fail"

    @property
    def reason(self) -> str:
        """The sentence of the first check that failed."""
        failed = (check for check in self.answer["checks"] if check["outcome"] == "fail")
        return next((str(check["detail"]) for check in failed), "")


def presumed_day(company: Company | None) -> date:
    """The day on which things are taken to have happened where nothing else is said: the last day
    of the newest year that has ended and of which the registry has figures, or today where there
    is none. Of a year without figures most answers would be that nothing can be said, and a year
    that is still running is never complete: its first figure would speak for all of it."""
    today = timezone.localdate()
    figures = company.figures.filter(year__lt=today.year) if company else None
    year = figures.aggregate(newest=Max("year"))["newest"] if figures else None
    return date(year, 12, 31) if year else today


def fits(company: Company, items: Iterable[Item]) -> dict[str, Fit]:
    """For each item by its code how it suits the company; items without an amount are left out.

    Every level is a question of its own: claims in one question would count as history for
    each other.
    """
    day = presumed_day(company)
    about = question_about(company, [], year=day.year, found=[])
    levels = [(item, level) for item in items if item.is_open for level in item.levels.all()]
    # Each document has its own rules about the credit record.
    facts = {
        edition.pk: about["company"] | {"dishonesty": dishonesty(findings(company, edition))}
        for edition in {item.edition for item, _level in levels}
    }
    questions: list[Json] = [
        about
        | {"company": facts[item.edition_id]}
        | {
            "claims": [
                {
                    "id": level.code,
                    "item": item.code,
                    "level": level.code,
                    "event_date": day.isoformat(),
                }
            ]
        }
        for item, level in levels
    ]
    answers = estimate(questions, published.catalogue(), timezone.localdate())
    best: dict[str, Fit] = {}
    for (item, level), answer in zip(levels, answers, strict=True):
        fit = Fit(level.code, answer["claims"][0])  # type: ignore[index]
        if item.code not in best or _rank(fit) < _rank(best[item.code]):
            best[item.code] = fit
    return best


def _rank(fit: Fit) -> tuple[int, int]:
    payable = fit.answer["payable"] or "0"
    return _BEST_FIRST[fit.answer["eligible"]], -int(payable.replace(".", ""))
