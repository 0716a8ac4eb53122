"""大中小微 by 国统字〔2017〕213号: plain Python, the rule's table as data.

Money is in yuan, staff in persons. A size is reached when every bound of it is met; 微型 is what
fails a bound of 小型. A figure that is not known leaves the size open wherever it could still
change it: unknown is not micro.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from companies.profile.kinds import Measure

WAN = 10_000
LARGE, MEDIUM, SMALL, MICRO = "large", "medium", "small", "micro"
# Measure, and what it must reach for 大型, 中型 and 小型: staff in persons, the rest in 万元.
Row = tuple[Measure, int, int, int]
X, Y, Z = Measure.STAFF, Measure.REVENUE, Measure.ASSETS


def _divisions(first: int, last: int) -> tuple[str, ...]:
    return tuple(f"{number:02}" for number in range(first, last + 1))


# Beginnings of industry codes (GB/T 4754-2017), and the bounds of what begins so.
TABLE: tuple[tuple[tuple[str, ...], tuple[Row, ...]], ...] = (
    (_divisions(1, 5), ((Y, 20000, 500, 50),)),
    (_divisions(6, 46), ((X, 1000, 300, 20), (Y, 40000, 2000, 300))),
    (_divisions(47, 50), ((Y, 80000, 6000, 300), (Z, 80000, 5000, 300))),
    (("51",), ((X, 200, 20, 5), (Y, 40000, 5000, 1000))),
    (("52",), ((X, 300, 50, 10), (Y, 20000, 500, 100))),
    (_divisions(54, 58), ((X, 1000, 300, 20), (Y, 30000, 3000, 200))),
    (("59",), ((X, 200, 100, 20), (Y, 30000, 1000, 100))),
    (("60",), ((X, 1000, 300, 20), (Y, 30000, 2000, 100))),
    (("61", "62"), ((X, 300, 100, 10), (Y, 10000, 2000, 100))),
    (("63", "64"), ((X, 2000, 100, 10), (Y, 100000, 1000, 100))),
    (("65",), ((X, 300, 100, 10), (Y, 10000, 1000, 50))),
    (("701",), ((Y, 200000, 1000, 100), (Z, 10000, 5000, 2000))),
    (("702",), ((X, 1000, 300, 100), (Y, 5000, 1000, 500))),
    (("71", "72"), ((X, 300, 100, 10), (Z, 120000, 8000, 100))),
    (
        (
            *_divisions(73, 75),
            *_divisions(76, 79),
            *_divisions(80, 82),
            "85",
            *_divisions(86, 90),
            "703",
            "709",
        ),
        ((X, 300, 100, 10),),
    ),
)


@dataclass(frozen=True)
class Bound:
    """A bound of the rule beside the figure that it was compared with, None where unknown."""

    measure: Measure
    large: int
    medium: int
    small: int
    value: Decimal | None

    @property
    def least_and_most(self) -> tuple[int, int]:
        """The places (0 is 大型, 3 is 微型) that this figure alone allows, best and worst."""
        if self.value is None:
            return 0, 3
        bounds = (self.large, self.medium, self.small)
        place = next((place for place, bound in enumerate(bounds) if self.value >= bound), 3)
        return place, place


@dataclass(frozen=True)
class Size:
    """`size` is None where it is not known or the rule has none; `missing` names the figures
    that stand in the way, `applies` is False for an industry that the rule does not size, and
    `needs_class` says that the industry is not told finely enough."""

    size: str | None
    bounds: tuple[Bound, ...]
    missing: tuple[Measure, ...] = ()
    applies: bool = True
    needs_class: bool = False


def measures_of(industry: str) -> tuple[Measure, ...]:
    """The figures that the size of an industry rests on."""
    return tuple(row[0] for row in _rows(_digits(industry)))


def size_of(industry: str, figures: Mapping[Measure, Decimal]) -> Size:
    """The size of a company of an industry (`C3912`, `3912` or `39`) with a year's figures."""
    digits = _digits(industry)
    if not digits or digits == "70":
        return Size(None, (), needs_class=True)
    bounds = tuple(_bound(row, figures) for row in _rows(digits))
    if not bounds:
        return Size(None, (), applies=False)
    best = max(bound.least_and_most[0] for bound in bounds)
    worst = max(bound.least_and_most[1] for bound in bounds)
    if best == worst:
        return Size((LARGE, MEDIUM, SMALL, MICRO)[best], bounds)
    missing = tuple(bound.measure for bound in bounds if bound.value is None)
    return Size(None, bounds, missing)


def _digits(industry: str) -> str:
    return industry.lstrip("ABCDEFGHIJKLMNOPQRST")


def _rows(digits: str) -> Iterable[Row]:
    for beginnings, rows in TABLE:
        if digits.startswith(beginnings):
            return rows
    return ()


def _bound(row: Row, figures: Mapping[Measure, Decimal]) -> Bound:
    measure, *bounds = row
    unit = 1 if measure is X else WAN
    large, medium, small = (bound * unit for bound in bounds)
    return Bound(measure, large, medium, small, figures.get(measure))
