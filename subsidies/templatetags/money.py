"""Figures on pages. Builtin in every template; money is Decimal or exact text, never a float."""

from decimal import Decimal, InvalidOperation
from fractions import Fraction

from django import template
from django.utils.translation import get_language

from subsidies.words import amount_in_words

register = template.Library()

Amount = Decimal | int | str | None
_WAN = Decimal(10000)
_ONE = Decimal(1)
_FEN = Decimal("0.01")


def decimal_of(value: object) -> Decimal | None:
    """The value as an exact decimal; None for what is no amount, such as a half-typed one."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        return None
    try:
        number = Decimal(str(value).replace(",", "").strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


@register.filter
def yuan(value: Amount) -> str:
    """`1234567.5` is `1,234,567.50`; the unit is the page's."""
    number = decimal_of(value)
    return "" if number is None else f"{number.quantize(_FEN):,}"


def wan_unit() -> Decimal:
    """How many yuan one is, where Chinese pages count in 万元."""
    return _WAN if (get_language() or "zh").startswith("zh") else _ONE


@register.filter
def wan(value: Amount) -> str:
    """Yuan as 万元, for ceilings and totals: `260` where it is whole, else `64.07`. Who does not
    read Chinese does not count in ten thousands: `2,600,000`."""
    number = decimal_of(value)
    if number is None:
        return ""
    parts = number / wan_unit()
    return f"{parts:,.0f}" if parts == parts.to_integral_value() else f"{parts.quantize(_FEN):,}"


@register.filter
def is_whole_wan(value: Amount) -> bool:
    """Whether `wan` says the amount exactly; the pages write 约 where it does not."""
    number = decimal_of(value)
    return number is not None and number % 100 == 0


@register.filter
def words(value: Amount) -> str:
    """大写, with 人民币 in front; nothing for an amount that has none, such as 0."""
    number = decimal_of(value)
    try:
        return "" if number is None else amount_in_words(number)
    except ValueError:
        return ""


@register.filter
def percent(value: object) -> str:
    """A rate: `0.06` is `6%`, `0.915` is `91.5%`."""
    if isinstance(value, Fraction):
        value = Decimal(value.numerator) / Decimal(value.denominator)
    number = decimal_of(value)
    if number is None:
        return ""
    shown = (number * 100).quantize(_FEN).normalize()
    return f"{shown:f}%"


@register.filter
def less(value: Amount, other: Amount) -> Decimal:
    """How far the amount stays below another; 0 where it does not, or either is unknown."""
    number, bound = decimal_of(value), decimal_of(other)
    if number is None or bound is None:
        return Decimal(0)
    return max(bound - number, Decimal(0))


@register.filter
def is_large(value: Amount) -> bool:
    """Whether 万元 says the amount better: from ten thousand yuan."""
    number = decimal_of(value)
    return number is not None and number >= _WAN


@register.filter
def plain(value: Amount) -> str:
    """A sum named in a policy: `3000` where it is whole, without its two zeros."""
    number = decimal_of(value)
    if number is None:
        return ""
    return f"{number:,.0f}" if number == number.to_integral_value() else f"{number:,.2f}"
