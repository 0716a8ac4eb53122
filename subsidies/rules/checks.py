"""Every check, in the order they are reported.

A check gives None where it does not apply to the claim at all. It is unknown only where a fact
that was not given could still change it, and no check looks at another's outcome.
"""

from collections.abc import Callable

from subsidies.rules.answer import Check, Outcome
from subsidies.rules.conditions import Finding, failed, passed, read_condition, unknown
from subsidies.rules.edition import ExclusiveWith, Formula, Once, Rule, Scope
from subsidies.rules.facts import STANDINGS, of_year
from subsidies.rules.matter import Matter
from subsidies.rules.money import ceil_decimal_product, show, show_number
from subsidies.rules.question import Award, IncidentKind

_INCIDENTS = {
    IncidentKind.SAFETY: "安全生产",
    IncidentKind.FOOD: "食品安全",
    IncidentKind.ENVIRONMENT: "环境污染",
    IncidentKind.QUALITY: "产品质量",
    IncidentKind.TAX_EVASION: "偷税",
    IncidentKind.FRAUD: "欺诈",
    IncidentKind.MASS_INCIDENT: "重大群体性事件",
    IncidentKind.IDLE_LAND: "大量空置土地",
    IncidentKind.OTHER_VIOLATION: "其他违法违规",
}
_OUTCOMES = {Outcome.PASSED: "通过", Outcome.FAILED: "不通过", Outcome.UNKNOWN: "无法判断"}


def run_checks(matter: Matter) -> tuple[Check, ...]:
    """All checks that apply to the claim, in order; the first failure hides no other."""
    return tuple(check for run in _CHECKS if (check := run(matter)) is not None)


def _open(matter: Matter) -> Check:
    if matter.item.formula is Formula.UNSPECIFIED:
        finding = failed("条文没有写明金额，主管部门的实施细则录入后才能申报")
    else:
        finding = passed("条文写明了金额或比例")
    return _check("open", "金额已明确", matter.item.clause, finding)


def _validity(matter: Matter) -> Check:
    day = matter.claim.event_date
    first, last = matter.document.events_from, matter.document.events_to
    if first is not None and day < first:
        finding = failed(f"认定或完成日期 {day}，早于 {first}；这一天及以后的才适用本文件")
    elif last is not None and day > last:
        finding = failed(f"认定或完成日期 {day}，晚于 {last}；这一天及以前的才适用本文件")
    else:
        finding = passed(f"认定或完成日期 {day}，在本文件适用的期间内")
    return _check("validity", "在有效期内", matter.document.events_clause, finding)


def _registered(matter: Matter) -> Check | None:
    rule = matter.document.rules.get("registered")
    if rule is None:
        return None
    district, home = matter.document.district, matter.company.district
    if home is None:
        finding = unknown("company.district")
    elif home == district:
        finding = passed(f"注册地：{home}")
    else:
        finding = failed(f"注册地：{home}；须在{district}注册")
    return _check("registered", "区内注册", rule, finding)


def _misconduct(matter: Matter) -> Check | None:
    rule = matter.document.rules.get("misconduct")
    if rule is None:
        return None
    incidents = [entry for entry in matter.company.incidents if entry.date.year == matter.year]
    if incidents:
        told = "、".join(f"{entry.date} {_INCIDENTS[entry.kind]}" for entry in incidents)
        finding = failed(f"{matter.year} 年度有重大问题：{told}；{matter.year} 年度的事项不能享受")
    else:
        finding = passed(f"{matter.year} 年度没有安全、环保、税务等方面的记录")
    return _check("misconduct", "无重大问题", rule, finding)


def _dishonesty(matter: Matter) -> Check | None:
    rule = matter.document.rules.get("dishonesty")
    if rule is None:
        return None
    day, entries = matter.as_of, matter.company.dishonesty
    standing = [entry for entry in entries if entry.stands_on(day)]
    repaired = [entry for entry in entries if entry.repaired_on and entry.repaired_on <= day]
    if standing:
        listed = "、".join(str(entry.listed_on) for entry in standing)
        finding = failed(f"{listed} 列入失信，截至 {day} 没有修复；修复后可以申请")
    elif repaired:
        finding = passed(
            f"{repaired[-1].listed_on} 的条目已于 {repaired[-1].repaired_on} 修复，"
            f"截至 {day} 没有其他条目"
        )
    else:
        finding = passed(f"截至 {day} 没有条目")
    return _check("dishonesty", "无失信惩戒", rule, finding)


def _no_rd(matter: Matter) -> Check | None:
    rule = matter.document.rules.get("no_rd")
    if rule is None:
        return None
    group = STANDINGS[rule.applies_to]
    member = group.of(matter.company)
    spent = matter.figures.rd_spend
    if spent:
        finding = passed(f"{matter.year} 年度研发投入 {show(spent)}")
    elif member.holds is False:
        finding = passed(f"{member.told}，这一条只限{group.name}")
    elif spent is None:
        finding = unknown(of_year(matter.year, "rd_spend"), *member.missing)
    elif member.holds is None:
        finding = unknown(*member.missing)
    else:
        finding = failed(
            f"{matter.year} 年度研发投入 0.00 元；{group.name}当年须有研发投入才能享受"
        )
    return _check("no_rd", "有研发投入", rule, finding)


def _rd_below_industry(matter: Matter) -> Check | None:
    rule = matter.document.rules.get("rd_below_industry")
    if rule is None or (rule.applies_to == "tech" and not matter.level.tech):
        return None
    return _check("rd_below_industry", "研发强度不低于行业", rule, _rd_intensity_finding(matter))


def _rd_intensity_finding(matter: Matter) -> Finding:
    spent, revenue = matter.figures.rd_spend, matter.figures.revenue
    intensity = matter.company.industry_rd_intensity
    if revenue == 0 or intensity == 0:
        return passed("按行业平均强度应有的研发投入为 0.00 元")
    if spent is None or revenue is None or intensity is None:
        facts = {
            of_year(matter.year, "rd_spend"): spent,
            of_year(matter.year, "revenue"): revenue,
            "company.industry_rd_intensity": intensity,
        }
        return unknown(*(path for path, value in facts.items() if value is None))
    # Spending is whole fen, so it is below the exact product just where it is below this.
    needed = ceil_decimal_product(revenue, intensity)
    told = (
        f"{matter.year} 年度研发投入 {show(spent)}，营业收入 {show(revenue)} × "
        f"行业平均强度 {show_number(intensity)} 为 {show(needed)}"
    )
    if spent < needed:
        return failed(f"{told}，还差 {show(needed - spent)}")
    return passed(told)


def _comprehensive(matter: Matter) -> Check | None:
    rule = matter.document.rules.get("comprehensive")
    if rule is None or rule.applies_to == f"not {matter.item.code}":
        return None
    if matter.company.comprehensive_support:
        finding = failed("已享受“一事一议”综合扶持，综合扶持结束后才能申领其他事项")
    else:
        finding = passed("没有“一事一议”综合扶持")
    return _check("comprehensive", "未享受综合扶持", rule, finding)


def _condition(matter: Matter) -> Check | None:
    conditions = [read_condition(text) for text in matter.level.conditions]
    if not conditions:
        return None
    findings = [condition.of(matter) for condition in conditions]
    outcomes = {finding.outcome for finding in findings}
    if len(findings) == 1:
        name, detail = conditions[0].name, findings[0].detail
    else:
        name = "符合申领条件"
        detail = "\n".join(
            f"{condition.name}（{_OUTCOMES[finding.outcome]}）：{finding.detail}"
            for condition, finding in zip(conditions, findings, strict=True)
        )
    if Outcome.FAILED in outcomes:
        whole = failed(detail)
    elif Outcome.UNKNOWN in outcomes:
        missing = tuple(path for finding in findings for path in finding.missing)
        whole = Finding(Outcome.UNKNOWN, detail, missing)
    else:
        whole = passed(detail)
    return _check("condition", name, matter.item.clause, whole)


def _once(matter: Matter) -> Check | None:
    limit = matter.level.once
    if limit is None:
        return None
    awards = matter.history.of_item(matter.claim.item)
    earlier = [award for award in awards if _uses_up(limit, award, matter)]
    if not earlier:
        finding = passed("没有兑现过")
    elif limit is Once.YEAR:
        finding = failed(
            f"{matter.year} 年度本事项已兑现 {show(earlier[0].amount)}，一个年度只享受一次；"
            "其他年度的可以申领"
        )
    else:
        finding = failed(
            f"{_once_only(limit, matter)}已于 {earlier[0].year} 年兑现 "
            f"{show(earlier[0].amount)}，只奖一次"
        )
    return _check("once", "未重复享受", matter.item.clause, finding)


def _uses_up(limit: Once, award: Award, matter: Matter) -> bool:
    match limit:
        case Once.YEAR:
            return award.year == matter.year
        case Once.SUBJECT:
            return matter.concerns_subject_of(award)
        case Once.FIRST | Once.ONCE:
            return award.level == matter.claim.level and matter.concerns_subject_of(award)


def _once_only(limit: Once, matter: Matter) -> str:
    """What the award is spent for; another subject, where there is one, may still claim."""
    what = "本事项" if limit is Once.SUBJECT else f"“{matter.level.title}”这一档"
    if matter.level.per == "company":
        return what
    return f"对象“{matter.claim.subject}”的{what}"


def _exclusive(matter: Matter) -> Check | None:
    if not matter.level.exclusive_with:
        return None
    for other in matter.level.exclusive_with:
        for award in matter.history.of_item(other.item):
            if _shuts_out(other, award, matter):
                title = matter.catalogue.items[award.item].title
                span = "同一年度" if matter.level.exclusive_scope is Scope.YEAR else ""
                finding = failed(
                    f"已于 {award.year} 年兑现“{title}”（{award.item}）{show(award.amount)}，"
                    f"与本项{span}只能享受一项"
                )
                return _check("exclusive", "未与同类事项重复", matter.item.clause, finding)
    names = "、".join(dict.fromkeys(other.item for other in matter.level.exclusive_with))
    finding = passed(f"没有兑现过不能同时享受的事项（{names}）")
    return _check("exclusive", "未与同类事项重复", matter.item.clause, finding)


def _shuts_out(other: ExclusiveWith, award: Award, matter: Matter) -> bool:
    return (
        other.level in (None, award.level)
        and matter.concerns_subject_of(award)
        and (matter.level.exclusive_scope is Scope.EVER or award.year == matter.year)
    )


def _check(code: str, name: str, source: Rule | str, finding: Finding) -> Check:
    clause, interpretation = (
        (source, "") if isinstance(source, str) else (source.clause, source.interpretation)
    )
    return Check(
        code, name, finding.outcome, clause, finding.detail, finding.missing, interpretation
    )


_CHECKS: tuple[Callable[[Matter], Check | None], ...] = (
    _open,
    _validity,
    _registered,
    _misconduct,
    _dishonesty,
    _no_rd,
    _rd_below_industry,
    _comprehensive,
    _condition,
    _once,
    _exclusive,
)
