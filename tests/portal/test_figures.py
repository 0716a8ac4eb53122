from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from accounts.fields import DayField, MoneyField, QuantityField
from subsidies.templatetags import money


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("12345678.90", "12345678.90"),
        ("12,345,678.90", "12345678.90"),
        ("１２，３４５，６７８．９０", "12345678.90"),
        (" 200 000 元", "200000"),
        ("0", "0"),
        ("100。5", "100.5"),
    ],
)
def test_money_is_taken_as_people_type_it(typed, amount):
    assert MoneyField().clean(typed) == Decimal(amount)


@pytest.mark.parametrize(
    ("typed", "remedy"),
    [
        ("1,23", "每三位写一个逗号"),
        ("1234,567", "每三位写一个逗号"),
        ("-5", "不带正负号"),
        ("200万", "2,000,000"),
        ("1.234", "两位小数"),
        ("1234567890123", "12 位"),
        ("1e5", "只写数字"),
        ("一百", "只写数字"),
        ("NaN", "只写数字"),
        ("٣", "只写数字"),
    ],
)
def test_what_is_no_sum_is_refused_with_the_remedy(typed, remedy):
    with pytest.raises(ValidationError, match=remedy):
        MoneyField().clean(typed)


@pytest.mark.parametrize("typed", ["", "   "])
def test_blanks_are_no_sum(typed):
    assert MoneyField(required=False).clean(typed) is None


def test_a_sum_comes_back_with_its_commas_and_a_mistyped_one_as_it_is():
    assert MoneyField().prepare_value("1234567.5") == "1,234,567.5"
    assert MoneyField().prepare_value("12万") == "12万"


def test_a_quantity_has_at_most_four_decimals():
    assert QuantityField().clean("12.3456") == Decimal("12.3456")
    with pytest.raises(ValidationError, match="四位小数"):
        QuantityField().clean("12.34567")


@pytest.mark.parametrize(
    "typed", ["2024-06-30", "2024/6/30", "2024年6月30日", "2024.06.30", "２０２４－０６－３０"]
)
def test_a_day_is_taken_as_people_write_it(typed):
    assert DayField().clean(typed) == date(2024, 6, 30)


def test_a_day_that_no_calendar_has_is_refused():
    with pytest.raises(ValidationError, match="日历上没有"):
        DayField().clean("2024-02-30")


@pytest.mark.parametrize("typed", ["24-06-30", "6月30日", "20240630", "2024-06-30T00:00"])
def test_what_is_no_day_is_refused_with_the_form_to_write(typed):
    with pytest.raises(ValidationError, match="2024-06-30"):
        DayField().clean(typed)


def test_figures_are_shown_exactly():
    assert money.yuan("640740.73") == "640,740.73"
    assert money.yuan(Decimal("0.1") + Decimal("0.2")) == "0.30"
    assert money.wan("2600000.00") == "260"
    assert money.wan("640740.73") == "64.07"
    assert money.percent(Decimal("0.06")) == "6%"
    assert money.percent("0.915") == "91.5%"
    assert money.words("0.00") == ""
    assert money.less("2600000", "3000000.00") == Decimal("400000.00")
