"""Money is whole fen inside the engine and a decimal string outside it, never a float."""

from decimal import ROUND_CEILING, Decimal, localcontext
from fractions import Fraction

_DIGITS_SHOWN = 12


def fen_of(yuan: str) -> int:
    """`"12345678.9"` is 1234567890 fen.

    Expects what the question's form has let through: ASCII digits, at most two after the point.
    """
    whole, _, part = yuan.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))


def yuan_of(fen: int) -> str:
    """The form money travels in: two decimals, no commas, as `12345678.90`."""
    return f"{fen // 100}.{fen % 100:02d}"


def show(fen: int) -> str:
    """Money in a sentence: `12,345,678.90 元`."""
    return f"{fen // 100:,}.{fen % 100:02d} 元"


def floor_product(fen: int, factor: Fraction) -> int:
    """`fen` × `factor`, rounded down to the fen, so that no ceiling is ever passed."""
    return fen * factor.numerator // factor.denominator


def ceil_product(fen: int, factor: Fraction) -> int:
    """`fen` × `factor`, rounded up: the smallest amount that is not below the product."""
    return -(-fen * factor.numerator // factor.denominator)


def ceil_decimal_product(fen: int, factor: Decimal) -> int:
    """As `ceil_product`, for a decimal as long as its writer pleases: a fraction of 100,000
    digits would take seconds to reduce."""
    with localcontext(prec=len(factor.as_tuple().digits) + len(str(fen))):
        return int((factor * fen).to_integral_value(ROUND_CEILING))


def show_number(value: Fraction | Decimal) -> str:
    """A rate or quantity without trailing zeros: `0.003`, `12.5`, `2`."""
    text = f"{value:f}" if isinstance(value, Decimal) else _decimals_of(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def show_percent(rate: Fraction) -> str:
    """`6%` for 0.06, `0.3%` for 0.003."""
    return f"{show_number(rate * 100)}%"


def _decimals_of(value: Fraction) -> str:
    scaled, rest = divmod(value.numerator * 10**_DIGITS_SHOWN, value.denominator)
    if rest:
        return f"{value.numerator}/{value.denominator}"
    whole, part = divmod(scaled, 10**_DIGITS_SHOWN)
    return f"{whole}.{part:0{_DIGITS_SHOWN}d}"
