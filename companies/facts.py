"""A company as the engine asks for it: the `company` part of a question."""

from decimal import Decimal
from typing import Any

from companies.figures import chosen_figures
from companies.models import Company, IndustryIntensity
from companies.profile.kinds import AgreementKind, Measure, RdInstitution, RecognitionKind

# The measures that a rule may ask for.
ASKED = (Measure.RD_SPEND, Measure.REVENUE, Measure.FISCAL_CONTRIBUTION)
_LEVELS = tuple(RdInstitution.values)


def company_facts(company: Company, *, year: int) -> dict[str, Any]:
    """The `company` object of a question (`subsidies.rules.question`), with what the registry
    knows: money as text in yuan, dates as YYYY-MM-DD, unknown facts left out.

    `year` is the policy year. It decides which dated facts hold (those in force on at least one
    day of it) and which industry average counts. Where sources differ about a figure the
    district's rule says which one speaks (`companies.figures`).
    What the credit record means is for each policy document to say: `dishonesty` is left out.
    """
    facts: dict[str, Any] = {
        "name": company.name,
        "uscc": company.uscc,
        "district": company.district.name,
        "comprehensive_support": company.agreements.in_year(year)
        .filter(kind=AgreementKind.COMPREHENSIVE)
        .exists(),
        "incidents": [
            {"kind": incident.kind, "date": incident.date.isoformat()}
            for incident in company.incidents.order_by("date", "pk")
        ],
    }
    if company.industry:
        facts["industry"] = company.industry
        intensity = IndustryIntensity.objects.filter(
            division=company.industry.lstrip("ABCDEFGHIJKLMNOPQRST")[:2], year=year
        ).first()
        if intensity:
            facts["industry_rd_intensity"] = f"{intensity.intensity:f}"
    scale = company.scale_years.filter(year=year).first()
    if scale:
        facts["above_scale"] = scale.above_scale
    facts |= _recognitions(company, year)
    cap = cultivation_cap(company, year)
    if cap is not None:
        facts["cultivation_cap"] = str(cap)
    years: dict[str, dict[str, str]] = {}
    for (figure_year, measure), figure in sorted(chosen_figures(company).items()):
        if measure in ASKED:
            years.setdefault(str(figure_year), {})[measure] = str(figure.value)
    facts["years"] = years
    return facts


def cultivation_cap(company: Company, year: int) -> Decimal | None:
    """The yearly amount of the cultivation agreement in force in the year; of several the one
    that began last."""
    agreements = company.agreements.in_year(year).filter(kind=AgreementKind.CULTIVATION)
    agreement = agreements.newest_first().first()
    return agreement.yearly_amount if agreement else None


def _recognitions(company: Company, year: int) -> dict[str, Any]:
    """A recognition in force says yes, one that says there was none says no; without either
    nothing is known, also where an earlier one ran out."""
    rows = list(company.recognitions.in_year(year))
    facts: dict[str, Any] = {}
    high_tech = [row.holds for row in rows if row.kind == RecognitionKind.HIGH_TECH]
    if high_tech:
        facts["high_tech"] = any(high_tech)
    institutions = [row for row in rows if row.kind == RecognitionKind.RD_INSTITUTION]
    if institutions:
        levels = [row.level for row in institutions if row.holds]
        facts["rd_institution"] = max(levels, key=_LEVELS.index) if levels else None
    return facts
