"""A company as the engine asks for it: the `company` part of a question."""

from typing import Any

from companies.models import Company, IndustryIntensity, RdInstitution


def company_facts(company: Company, *, year: int) -> dict[str, Any]:
    """The `company` object of a question (`subsidies.rules.question`), with what the registry
    knows: money as text in yuan, dates as YYYY-MM-DD, unknown facts left out.

    Where sources differ about a figure the most trusted one speaks (`companies.models.Source`).
    What the credit record means is for each policy document to say: `dishonesty` is left out.
    `year` is the policy year, for the industry's average R&D intensity.
    """
    facts: dict[str, Any] = {
        "name": company.name,
        "uscc": company.uscc,
        "district": company.district.name,
        "comprehensive_support": company.comprehensive_support,
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
    if company.above_scale is not None:
        facts["above_scale"] = company.above_scale
    if company.high_tech is not None:
        facts["high_tech"] = company.high_tech
    if company.rd_institution:
        facts["rd_institution"] = (
            None if company.rd_institution == RdInstitution.NONE else company.rd_institution
        )
    if company.cultivation_cap is not None:
        facts["cultivation_cap"] = str(company.cultivation_cap)
    years: dict[str, dict[str, str]] = {}
    for figure in company.figures.best_first():
        years.setdefault(str(figure.year), {}).setdefault(figure.measure, str(figure.value))
    facts["years"] = years
    return facts
