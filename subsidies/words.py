"""Amounts in Chinese capital figures 大写, as they stand beside a sum that binds."""

from decimal import Decimal

import cn2an

_FEN = Decimal("0.01")


def amount_in_words(amount: Decimal) -> str:
    """`Decimal("1409.50")` is 人民币壹仟肆佰零玖元伍角.

    Raises ValueError for what no notice may say: nothing, less than nothing, or a part of a
    fen. cn2an is given exact text only: it cuts a third decimal without a word, rounds floats,
    and writes 零元整 and 负伍元整 without objecting.
    """
    if not isinstance(amount, Decimal):
        raise TypeError(f"An amount in words is made from a Decimal, not {type(amount).__name__}.")
    if not amount.is_finite() or amount <= 0:
        raise ValueError(f"{amount} cannot be written in words: it is not above 0.")
    exact = amount.quantize(_FEN)
    if exact != amount:
        raise ValueError(f"{amount} cannot be written in words: it has a part of a fen.")
    return "人民币" + cn2an.an2cn(str(exact), "rmb")
