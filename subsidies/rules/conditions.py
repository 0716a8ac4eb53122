"""The closed set of conditions that a level may name.

A condition is either a standing of the company (`high_tech`) or a figure with a threshold
(`recognised_investment>=2000000`, in yuan; `in_district_share>=0.5`). The thresholds are the
edition's, the figures are here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from subsidies.rules.answer import Outcome
from subsidies.rules.facts import STANDINGS, Standing, label, of_year, still_missing
from subsidies.rules.matter import Matter
from subsidies.rules.money import ceil_product, show, show_percent

_COMPARISON = re.compile(r"(?P<figure>[a-z_]+)(?P<sign>>=|>)(?P<threshold>[0-9]+(\.[0-9]+)?)")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one condition, or one check, comes to."""

    outcome: Outcome
    detail: str
    missing: tuple[str, ...] = ()


def passed(detail: str) -> Finding:
    return Finding(Outcome.PASSED, detail)


def failed(detail: str) -> Finding:
    return Finding(Outcome.FAILED, detail)


def unknown(*missing: str) -> Finding:
    return Finding(Outcome.UNKNOWN, still_missing(missing), missing)


@dataclass(frozen=True, slots=True)
class Threshold:
    """`value` is the number in the edition, yuan for money; `strict` is over, not from."""

    value: Fraction
    strict: bool

    def is_met(self, figure: int | Fraction, of: int) -> bool:
        """Whether `figure` reaches the threshold's share, or number, `of` a unit in fen."""
        bar = self.value * of
        return figure > bar if self.strict else figure >= bar

    def gap(self, figure: int, of: int) -> int:
        """The least that would have to be added to `figure`, in fen."""
        bar = ceil_product(of, self.value)
        if self.strict and bar == self.value * of:
            bar += 1
        return bar - figure

    @property
    def words(self) -> str:
        return "须超过" if self.strict else "须达到"


_YUAN = 100


def _money_finding(amount: int | None, path: str, threshold: Threshold) -> Finding:
    if amount is None:
        return unknown(path)
    bar = show(int(threshold.value * _YUAN))
    if threshold.is_met(amount, of=_YUAN):
        return passed(f"{label(path)} {show(amount)}，门槛 {bar}")
    short = "未超过" if threshold.strict else "低于"
    gap = show(threshold.gap(amount, of=_YUAN))
    return failed(f"{label(path)} {show(amount)}，{short}门槛 {bar}，还差 {gap}")


def _recognised_investment(matter: Matter, threshold: Threshold) -> Finding:
    amount = matter.claim.recognised_investment
    return _money_finding(amount, "claim.recognised_investment", threshold)


def _proceeds(matter: Matter, threshold: Threshold) -> Finding:
    return _money_finding(matter.claim.proceeds, "claim.proceeds", threshold)


def _rd_spend_last_year(matter: Matter, threshold: Threshold) -> Finding:
    path = of_year(matter.year - 1, "rd_spend")
    return _money_finding(matter.figures_before.rd_spend, path, threshold)


def _rd_increment(matter: Matter, threshold: Threshold) -> Finding:
    spent, spent_before = matter.figures.rd_spend, matter.figures_before.rd_spend
    this_year, last_year = of_year(matter.year, "rd_spend"), of_year(matter.year - 1, "rd_spend")
    if spent is None:
        return unknown(this_year, *([last_year] if spent_before is None else []))
    bar = f"新增额{threshold.words} {show(int(threshold.value * _YUAN))}"
    # Spending is never negative, so the increase is at most this year's spending.
    if not threshold.is_met(spent, of=_YUAN):
        return failed(f"{label(this_year)} {show(spent)}，无论上年多少都不够；{bar}")
    if spent_before is None:
        return unknown(last_year)
    told = f"{label(this_year)} {show(spent)}，上年 {show(spent_before)}"
    if threshold.is_met(spent - spent_before, of=_YUAN):
        return passed(f"{told}，增加 {show(spent - spent_before)}")
    gap = threshold.gap(spent - spent_before, of=_YUAN)
    return failed(f"{told}；{bar}，还差 {show(gap)}")


def _in_district_share(matter: Matter, threshold: Threshold) -> Finding:
    invested, proceeds = matter.claim.invested_in_district, matter.claim.proceeds
    share = show_percent(threshold.value)
    if invested == 0 and not threshold.is_met(0, of=1):
        return failed(f"没有资金投向区内，{threshold.words}募集资金的 {share}")
    facts = {"claim.proceeds": proceeds, "claim.invested_in_district": invested}
    if invested is None or proceeds is None:
        return unknown(*(path for path, amount in facts.items() if amount is None))
    told = f"募集资金 {show(proceeds)}，投向区内 {show(invested)}，{threshold.words} {share}"
    if threshold.is_met(invested, of=proceeds):
        return passed(told)
    return failed(f"{told}，还差 {show(threshold.gap(invested, of=proceeds))}")


@dataclass(frozen=True, slots=True)
class _Figure:
    name: str
    compare: Callable[[Matter, Threshold], Finding]


_FIGURES: Mapping[str, _Figure] = {
    "recognised_investment": _Figure("投资额达到门槛", _recognised_investment),
    "rd_increment": _Figure("有新增研发投入", _rd_increment),
    "rd_spend_last_year": _Figure("上年研发投入达到门槛", _rd_spend_last_year),
    "proceeds": _Figure("募集资金达到门槛", _proceeds),
    "in_district_share": _Figure("资金投向区内", _in_district_share),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a level, ready to be asked."""

    name: str
    of: Callable[[Matter], Finding]


@cache
def read_condition(text: str) -> Condition:
    """The condition that an edition writes as `text`. Raises ValueError where there is none."""
    if standing := STANDINGS.get(text):
        return Condition(standing.name, lambda matter: _standing_finding(standing, matter))
    found = _COMPARISON.fullmatch(text)
    if found is None or found["figure"] not in _FIGURES:
        raise ValueError(f"no such condition: {text!r}")
    figure = _FIGURES[found["figure"]]
    threshold = Threshold(Fraction(found["threshold"]), strict=found["sign"] == ">")
    return Condition(figure.name, lambda matter: figure.compare(matter, threshold))


def _standing_finding(standing: Standing, matter: Matter) -> Finding:
    truth = standing.of(matter.company)
    if truth.holds is None:
        return unknown(*truth.missing)
    return passed(truth.told) if truth.holds else failed(f"{truth.told}，{standing.remedy}")
