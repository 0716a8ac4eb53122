from decimal import Decimal

import pytest

from subsidies.words import amount_in_words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("1409.50", "壹仟肆佰零玖元伍角"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
        ("107000.53", "壹拾万柒仟元伍角叁分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        ("10000", "壹万元整"),
        ("10000.00", "壹万元整"),
        ("100000000.01", "壹亿元零壹分"),
        ("640740.73", "陆拾肆万零柒佰肆拾元柒角叁分"),
    ],
)
def test_an_amount_is_written_as_banks_write_it(amount, words):
    assert amount_in_words(Decimal(amount)) == "人民币" + words


@pytest.mark.parametrize("amount", ["0", "0.00", "-5", "NaN", "Infinity"])
def test_what_is_not_above_nothing_has_no_words(amount):
    with pytest.raises(ValueError, match="not above 0"):
        amount_in_words(Decimal(amount))


def test_a_part_of_a_fen_is_refused_and_not_cut():
    with pytest.raises(ValueError, match="part of a fen"):
        amount_in_words(Decimal("12.345"))


def test_a_float_is_refused():
    with pytest.raises(TypeError):
        amount_in_words(0.1 + 0.2)  # type: ignore[arg-type]
