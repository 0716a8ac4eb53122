"""What several pages say alike: the shape of a status, counts of an answer, missing facts."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.core.paginator import Page
from django.template import Context
from django.utils.translation import gettext, gettext_lazy

from subsidies.applications.enums import Status
from subsidies.catalogue.vocabulary import CLAIM_FACTS, RULES

register = template.Library()

APPLICATION_KINDS = {
    Status.DRAFT: "todo",
    Status.SUBMITTED: "now",
    Status.IN_REVIEW: "now",
    Status.RETURNED: "warn",
    Status.APPROVED: "pass",
    Status.REJECTED: "fail",
    Status.WITHDRAWN: "shut",
}
COMPANY_FACTS = {
    "district": gettext_lazy("注册地"),
    "industry": gettext_lazy("所属行业"),
    "above_scale": gettext_lazy("是否规上企业"),
    "high_tech": gettext_lazy("是否高新技术企业"),
    "rd_institution": gettext_lazy("研发机构级别"),
    "industry_rd_intensity": gettext_lazy("行业平均研发强度"),
    "cultivation_cap": gettext_lazy("培育期年度额度"),
}
YEARLY_FACTS = {
    "rd_spend": gettext_lazy("研发投入"),
    "revenue": gettext_lazy("营业收入"),
    "fiscal_contribution": gettext_lazy("对区财政贡献"),
}
_YEARLY = re.compile(r"company\.years\.([0-9]{4})\.([a-z_]+)")


@register.filter
def application_kind(status: str) -> str:
    """The kind of `components/status.html` that an application's status has."""
    return APPLICATION_KINDS[Status(status)]


@register.filter
def fact_name(path: str) -> str:
    """A fact by its path in a question: `company.years.2023.rd_spend` is 2023 年研发投入."""
    if match := _YEARLY.fullmatch(path):
        year, fact = match.groups()
        return gettext("%(year)s 年%(fact)s") % {
            "year": year,
            "fact": YEARLY_FACTS.get(fact, fact),
        }
    fact = path.rpartition(".")[2]
    return str(COMPANY_FACTS.get(fact) or CLAIM_FACTS.get(fact) or fact)


@register.filter
def fact_names(paths: Iterable[str]) -> str:
    return gettext("、").join(fact_name(path) for path in paths)


@register.filter
def outcome_counts(answer: Mapping[str, Any]) -> dict[str, int]:
    """How many checks of an answer passed, failed, stayed unknown and (warn) wait for people."""
    outcomes = [check["outcome"] for check in answer["checks"]]
    return {name: outcomes.count(name) for name in ("pass", "fail", "unknown", "warn")}


@register.filter
def verdict(answer: Mapping[str, Any]) -> str:
    """pass, fail or unknown for a claim's answer; where the engine lets it pass, what people said
    or have to say of it (`with_people`) comes first."""
    kind = {True: "pass", False: "fail", None: "unknown"}[answer["eligible"]]
    counts = outcome_counts(answer)
    return next((said for said in ("fail", "warn") if kind == "pass" and counts[said]), kind)


@register.filter
def waits_for_registry(missing: Iterable[str]) -> bool:
    """Whether facts are missing that the company cannot type in itself."""
    return any(path.startswith("company.") for path in missing)


@register.filter
def around(page: Page) -> list[int | None]:
    """The page numbers worth a link: the first, the last and those near; None for a gap."""
    elided = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    return [number if isinstance(number, int) else None for number in elided]


@register.filter
def rule_name(code: str) -> str:
    """A rule of a whole document, in words."""
    return str(RULES.get(code, code))


@register.simple_tag(takes_context=True)
def optional(context: Context, *names: str) -> str:
    """What a component can do without: left out it is empty, and not a misspelt name."""
    for name in names:
        if name not in context:
            context[name] = ""
    return ""
