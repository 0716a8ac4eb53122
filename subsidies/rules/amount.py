"""The amount of one claim, step by step, up to the cap of the policy year.

The order of the steps is part of the result: what is set off comes off before the request and
the caps are looked at.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from subsidies.rules.answer import Step
from subsidies.rules.edition import Formula, Scope, SetOff
from subsidies.rules.facts import label, of_year
from subsidies.rules.history import History
from subsidies.rules.matter import Matter
from subsidies.rules.money import floor_product, show, show_number, show_percent
from subsidies.rules.question import Award

_LADDER_INTERPRETATION = "已兑现按实际核准的金额计，曾被总量削减的部分可在下一档补回"
_SHARE_INTERPRETATION = "年度总量不够时按各项金额的比例分配，尾差依次给余数最大的各项"

_T = TypeVar("_T")


class IncompleteEdition(ValueError):
    """A level lacks a figure that its formula needs; the publish gate should have stopped it."""


@dataclass(frozen=True, slots=True)
class Worked:
    """The steps as far as the facts reach, and the paths of the facts they stop at."""

    steps: tuple[Step, ...]
    missing: tuple[str, ...] = ()


def work_out(matter: Matter) -> Worked:
    """Steps 1 to 4 of a claim; none for an item whose clause names no amount."""
    if matter.item.formula is Formula.UNSPECIFIED:
        return Worked(())
    entitlement = _FORMULAS[matter.item.formula](matter)
    if not isinstance(entitlement, Step):
        return Worked((), entitlement)
    steps = [entitlement]
    for limit in (_set_off, _requested, _item_cap):
        if (step := limit(matter, steps[-1].amount)) is not None:
            steps.append(step)
    return Worked(tuple(steps))


_Entitlement = Step | tuple[str, ...]


def _fixed(matter: Matter) -> _Entitlement:
    amount = _given(matter.level.amount, matter)
    return _formula_step(matter, amount, f"定额 {show(amount)}")


def _up_to(matter: Matter) -> _Entitlement:
    ceiling = _given(matter.level.amount, matter)
    return _formula_step(matter, ceiling, f"最高 {show(ceiling)}，具体金额由主管部门核定", ceiling)


def _rate(matter: Matter) -> _Entitlement:
    rate, ceiling = _given(matter.level.rate, matter), _given(matter.level.amount, matter)
    base = _base(matter)
    if not isinstance(base, _Base):
        return base
    return _formula_step(matter, *_product(base, rate, show_percent(rate)), ceiling)


def _match(matter: Matter) -> _Entitlement:
    rate = _given(matter.level.rate, matter)
    base = _base(matter)
    if not isinstance(base, _Base):
        return base
    return _formula_step(matter, *_product(base, rate, show_number(rate)))


def _per_unit(matter: Matter) -> _Entitlement:
    unit, quantity = _given(matter.level.amount, matter), matter.claim.quantity
    if quantity is None:
        return ("claim.quantity",)
    base = _Base(unit, f"每单位 {show(unit)}")
    return _formula_step(matter, *_product(base, Fraction(quantity), show_number(quantity)))


def _ladder(matter: Matter) -> _Entitlement:
    top = _given(matter.level.amount, matter)
    granted = sum(
        award.amount
        for award in matter.history.of_item(matter.claim.item)
        if _on_same_track(award, matter)
    )
    span = f" {matter.year} 年度" if matter.level.ladder_scope is Scope.YEAR else ""
    if not granted:
        return _formula_step(matter, top, f"本档 {show(top)}，同一序列{span}没有兑现过")
    amount = max(0, top - granted)
    return Step(
        code="formula",
        name="应得",
        amount=amount,
        clause=matter.item.clause,
        detail=f"本档 {show(top)}\n减去同一序列{span}已兑现 {show(granted)}，得 {show(amount)}",
        before=top,
        interpretation=_LADDER_INTERPRETATION,
    )


_FORMULAS: Mapping[Formula, Callable[[Matter], _Entitlement]] = {
    Formula.FIXED: _fixed,
    Formula.UP_TO: _up_to,
    Formula.RATE: _rate,
    Formula.LADDER: _ladder,
    Formula.LADDER_UP_TO: _ladder,
    Formula.PER_UNIT: _per_unit,
    Formula.MATCH: _match,
}


def _on_same_track(award: Award, matter: Matter) -> bool:
    return (
        matter.item.levels[award.level].track == matter.level.track
        and matter.concerns_subject_of(award)
        and (matter.level.ladder_scope is Scope.EVER or award.year == matter.year)
    )


@dataclass(frozen=True, slots=True)
class _Base:
    """What a rate applies to, in fen, and the words for it."""

    amount: int
    told: str


def _base(matter: Matter) -> _Base | tuple[str, ...]:
    if matter.level.base == "rd_increment":
        return _rd_increment(matter)
    path = f"claim.{matter.level.base}"
    amount: int | None = getattr(matter.claim, matter.level.base)
    if amount is None:
        return (path,)
    return _Base(amount, f"{label(path)} {show(amount)}")


def _rd_increment(matter: Matter) -> _Base | tuple[str, ...]:
    spent, spent_before = matter.figures.rd_spend, matter.figures_before.rd_spend
    this_year, last_year = of_year(matter.year, "rd_spend"), of_year(matter.year - 1, "rd_spend")
    if spent == 0:
        return _Base(0, f"{label(this_year)} 0.00 元，没有新增；新增额 0.00 元")
    if spent is None or spent_before is None:
        facts = {this_year: spent, last_year: spent_before}
        return tuple(path for path, amount in facts.items() if amount is None)
    increment = max(0, spent - spent_before)
    told = f"{label(this_year)} {show(spent)}，上年 {show(spent_before)}"
    return _Base(increment, f"{told}；新增额 {show(increment)}")


def _product(base: _Base, factor: Fraction, shown_factor: str) -> tuple[int, str]:
    product = floor_product(base.amount, factor)
    rounded = "（分以下舍去）" if product != base.amount * factor else ""
    return product, f"{base.told} × {shown_factor} = {show(product)}{rounded}"


def _formula_step(matter: Matter, before: int, told: str, ceiling: int | None = None) -> Step:
    return _limited("formula", "应得", matter.item.clause, before, told, ceiling)


def _limited(
    code: str,
    name: str,
    clause: str,
    before: int,
    told: str,
    limit: int | None,
    interpretation: str = "",
) -> Step:
    amount = before if limit is None else min(before, limit)
    lines = [told]
    if limit is not None and amount < before:
        lines += [f"上限 {show(limit)}", f"核减 {show(before - amount)}"]
    return Step(
        code, name, amount, clause, "\n".join(lines), before, limit, interpretation=interpretation
    )


def _set_off(matter: Matter, before: int) -> Step | None:
    kind, claim = matter.level.set_off, matter.claim
    if kind is None or (kind is SetOff.OVERLAP and claim.match_required):
        return None
    rule = matter.document.rules.get("overlap") if kind is SetOff.OVERLAP else None
    what = "市级或本区其他政策的同类补助" if kind is SetOff.OVERLAP else "市级同类补助"
    amount = max(0, before - claim.other_support)
    if claim.other_support:
        detail = f"减去{what} {show(claim.other_support)}\n余 {show(amount)}"
    else:
        detail = f"没有{what}"
    return Step(
        code="set_off",
        name="扣除重复",
        amount=amount,
        clause=rule.clause if rule else matter.item.clause,
        detail=detail,
        before=before,
        interpretation=rule.interpretation if rule else "",
    )


def _requested(matter: Matter, before: int) -> Step | None:
    requested = matter.claim.requested
    if requested is None:
        return None
    amount = min(before, requested)
    detail = f"企业申请 {show(requested)}"
    detail += f"\n比可得的少 {show(before - amount)}" if amount < before else "，不低于可得金额"
    return Step("requested", "申请金额", amount, matter.item.clause, detail, before, requested)


def _item_cap(matter: Matter, before: int) -> Step | None:
    cap = matter.level.company_year_cap
    if cap is None:
        return None
    awards = matter.history.of_item(matter.claim.item)
    granted = sum(award.amount for award in awards if award.year == matter.year)
    room = max(0, cap - granted)
    told = (
        f"{matter.year} 年度本事项合计不超过 {show(cap)}，已兑现 {show(granted)}，余 {show(room)}"
    )
    return _limited("item_cap", "事项年度上限", matter.item.clause, before, told, room)


@dataclass(frozen=True, slots=True)
class YearlyCap:
    """What 九（五） leaves of one policy year: the cap less what was granted, at least 0."""

    room: int
    told: str


def is_capped(matter: Matter) -> bool:
    return "annual_cap" in matter.document.rules


def yearly_cap(matter: Matter, history: History) -> YearlyCap | None:
    """What the cap of the claim's policy year leaves after `history`; None where neither the
    contribution nor a cultivation agreement is known."""
    contribution = matter.figures.fiscal_contribution
    if matter.company.cultivation_cap is not None:
        cap, source = matter.company.cultivation_cap, "培育期约定总量"
    elif contribution is not None:
        cap, source = contribution, label(of_year(matter.year, "fiscal_contribution"))
    else:
        return None
    granted = history.of_district(matter.document.district, matter.year)
    room = max(0, cap - granted)
    told = f"{source} {show(cap)}，{matter.year} 年度已兑现 {show(granted)}，余 {show(room)}"
    return YearlyCap(room, told)


def missing_for_cap(matter: Matter) -> tuple[str, ...]:
    """The fact that step 5 waits for, where it applies, even where nothing is left to cap."""
    if matter.item.formula is Formula.UNSPECIFIED or not is_capped(matter):
        return ()
    if yearly_cap(matter, matter.history) is not None:
        return ()
    return (of_year(matter.year, "fiscal_contribution"),)


def capped(matter: Matter, before: int, cap: YearlyCap) -> Step:
    """Step 5 in order of acceptance: the claim takes what is left."""
    rule = matter.document.rules["annual_cap"]
    return _limited(
        "annual_cap", "年度总量", rule.clause, before, cap.told, cap.room, rule.interpretation
    )


def shared(matter: Matter, before: int, share: int, asked: int, cap: YearlyCap) -> Step:
    """Step 5 where a year's claims, `asked` together, share what is left."""
    rule = matter.document.rules["annual_cap"]
    lines = (
        f"{cap.told}；同年各项合计 {show(asked)}，按比例分配",
        f"分得 {show(share)}",
        f"核减 {show(before - share)}",
    )
    interpretation = "；".join(filter(None, (rule.interpretation, _SHARE_INTERPRETATION)))
    return Step(
        code="annual_cap",
        name="年度总量",
        amount=share,
        clause=rule.clause,
        detail="\n".join(lines),
        before=before,
        limit=share,
        interpretation=interpretation,
    )


def _given(figure: _T | None, matter: Matter) -> _T:
    if figure is None:
        raise IncompleteEdition(f"{matter.item.code}/{matter.level.code}")
    return figure
