"""Facts of a company that may or may not be known, and what they are called.

A fact that is missing is named by its path in the question (`company.years.2024.rd_spend`,
`claim.upper_grant`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from subsidies.rules.question import Company, RdInstitution

_COMPANY_LABELS = {
    "district": "注册地",
    "industry": "行业代码",
    "above_scale": "是否规上企业",
    "high_tech": "是否高新技术企业",
    "rd_institution": "研发机构级别",
    "industry_rd_intensity": "行业平均研发强度",
}
_YEAR_LABELS = {
    "rd_spend": "研发投入",
    "revenue": "营业收入",
    "fiscal_contribution": "对区财政贡献",
}
_CLAIM_LABELS = {
    "recognised_investment": "认定投资额",
    "eligible_investment": "可补助投资额",
    "project_investment": "项目投资额",
    "quantity": "数量",
    "fee_paid": "已付服务费",
    "upper_grant": "上级资助金额",
    "proceeds": "募集资金",
    "invested_in_district": "投向区内的资金",
}


def of_year(year: int, figure: str) -> str:
    return f"company.years.{year:04}.{figure}"


def label(path: str) -> str:
    """What a fact is called on a page: `company.years.2023.rd_spend` is 2023 年度研发投入."""
    match path.split("."):
        case ["company", "years", year, figure]:
            return f"{year} 年度{_YEAR_LABELS[figure]}"
        case ["company", fact]:
            return _COMPANY_LABELS[fact]
        case ["claim", fact]:
            return _CLAIM_LABELS[fact]
    raise ValueError(f"no path of a fact: {path}")


def still_missing(paths: Iterable[str]) -> str:
    """The sentence for what cannot be decided yet."""
    names = "、".join(label(path) for path in paths)
    return f"暂不能判断：还缺{' ' if names[0].isdigit() else ''}{names}"


@dataclass(frozen=True, slots=True)
class Truth:
    """Whether something holds of the company; None where `missing` facts decide it.
    `told` names the deciding fact."""

    holds: bool | None
    told: str
    missing: tuple[str, ...] = ()


def _flag(fact: str, value: bool | None, yes: str, no: str) -> Truth:
    if value is None:
        return Truth(None, "", (f"company.{fact}",))
    return Truth(value, yes if value else no)


def _above_scale(company: Company) -> Truth:
    return _flag("above_scale", company.above_scale, "属规上企业", "属规下企业")


def _below_scale(company: Company) -> Truth:
    below = None if company.above_scale is None else not company.above_scale
    return _flag("above_scale", below, "属规下企业", "属规上企业")


def _section(code: str) -> str:
    """The section of GB/T 4754 by the first two digits; a letter before them is not used."""
    division = int(code.lstrip("ABCDEFGHIJKLMNOPQRST")[:2])
    if 6 <= division <= 12:
        return "B"
    if 13 <= division <= 43:
        return "C"
    return "D" if 44 <= division <= 46 else ""


def _industrial(company: Company) -> Truth:
    code = company.industry
    within = None if code is None else _section(code) != ""
    return _flag("industry", within, f"行业代码 {code}，属工业", f"行业代码 {code}，不属工业")


def _manufacturing(company: Company) -> Truth:
    code = company.industry
    within = None if code is None else _section(code) == "C"
    return _flag("industry", within, f"行业代码 {code}，属制造业", f"行业代码 {code}，不属制造业")


def _above_scale_industrial(company: Company) -> Truth:
    parts = (_above_scale(company), _industrial(company))
    if refusing := [part for part in parts if part.holds is False]:
        return refusing[0]
    missing = tuple(path for part in parts for path in part.missing)
    if missing:
        return Truth(None, "", missing)
    return Truth(True, "，".join(part.told for part in parts))


def _high_tech(company: Company) -> Truth:
    return _flag("high_tech", company.high_tech, "是高新技术企业", "不是高新技术企业")


def _rd_institution(company: Company) -> Truth:
    level = company.rd_institution
    has_one = None if level is None else level is not RdInstitution.NONE
    return _flag("rd_institution", has_one, "建有市级及以上研发机构", "没有市级及以上研发机构")


@dataclass(frozen=True, slots=True)
class Standing:
    """A yes-or-no question about a company. `remedy` says what it takes to be one."""

    name: str
    of: Callable[[Company], Truth]
    remedy: str


# The closed set that a condition, or the group a document's rule applies to, may name.
STANDINGS: Mapping[str, Standing] = {
    "above_scale": Standing("规上企业", _above_scale, "本项只面向规上企业"),
    "below_scale": Standing("规下企业", _below_scale, "本项只面向规下企业"),
    "industrial": Standing(
        "工业企业", _industrial, "本项只面向工业企业（行业代码前两位 06 至 46）"
    ),
    "above_scale_industrial": Standing(
        "规上工业企业",
        _above_scale_industrial,
        "本项只面向规上工业企业（行业代码前两位 06 至 46）",
    ),
    "manufacturing": Standing(
        "制造业企业", _manufacturing, "本项只面向制造业企业（行业代码前两位 13 至 43）"
    ),
    "high_tech": Standing("高新技术企业", _high_tech, "认定为高新技术企业后可以申领"),
    "rd_institution": Standing(
        "有市级及以上研发机构", _rd_institution, "建有市级、省级或国家级研发机构后可以申领"
    ),
}
