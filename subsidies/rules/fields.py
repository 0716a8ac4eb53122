"""Reads the single values of a question: each function takes a JSON value and gives what it
stands for, or raises Wrong with what to write instead."""

import re
from collections.abc import Callable, Collection
from datetime import date
from decimal import Decimal
from typing import TypeVar

from subsidies.rules.money import fen_of
from subsidies.rules.question import Allocation, IncidentKind, RdInstitution

_MONEY = re.compile(r"[0-9]{1,13}(\.[0-9]{1,2})?")
_QUANTITY = re.compile(r"[0-9]{1,13}(\.[0-9]{1,4})?")
_INTENSITY = re.compile(r"[0-9]{1,13}(\.[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INDUSTRY = re.compile(r"[A-T]?[0-9]{2,4}")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

_T = TypeVar("_T")


class Wrong(ValueError):
    """The value is not of the form asked for; the text names the remedy."""


def kind_of(value: object) -> str:
    """What JSON calls the value, in Chinese."""
    match value:
        case None:
            return "null"
        case bool():
            return "布尔值"
        case str():
            return "字符串"
        case list():
            return "数组"
        case dict():
            return "对象"
        case _:
            return "数值"


def text(value: object) -> str:
    if not isinstance(value, str):
        raise Wrong(f"应为加引号的字符串，现在是{kind_of(value)}")
    if _LONE_SURROGATE.search(value):
        raise Wrong("含有不成对的代理码位，不是有效的文字，请重新输入")
    return value


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"应为 true 或 false，不加引号，现在是{kind_of(value)}")
    return value


def integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Wrong("应为不加引号的整数，例如 2024")
    return value


def day(value: object) -> date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise Wrong("日期应写成 YYYY-MM-DD，例如 2024-06-30")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise Wrong(f"日历上没有 {value} 这一天，请写实际日期，例如 2024-06-30") from error


def money(value: object) -> int:
    if not isinstance(value, str) or not _MONEY.fullmatch(value):
        raise Wrong(
            "金额应为加引号的数字，单位元，小数点前至多十三位、后一至两位，不带正负号和逗号，"
            '例如 "12345678.90"'
        )
    return fen_of(value)


def quantity(value: object) -> Decimal:
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise Wrong('数量应为加引号的数字，小数点前至多十三位、后一至四位，例如 "12.5"')
    return Decimal(value)


def intensity(value: object) -> Decimal:
    if not isinstance(value, str) or not _INTENSITY.fullmatch(value):
        raise Wrong('研发强度应为加引号的小数，即研发投入除以营业收入，例如 "0.021"')
    return Decimal(value)


def industry(value: object) -> str:
    if not isinstance(value, str) or not _INDUSTRY.fullmatch(value):
        raise Wrong("行业代码应为二至四位数字，前面可有一个大写字母 A 至 T，例如 C3912")
    return value


def allocation(value: object) -> Allocation:
    return _one_of(Allocation, tuple(Allocation), value)


def rd_institution(value: object) -> RdInstitution:
    levels = tuple(level for level in RdInstitution if level is not RdInstitution.NONE)
    return _one_of(RdInstitution, levels, value)


def incident_kind(value: object) -> IncidentKind:
    return _one_of(IncidentKind, tuple(IncidentKind), value)


def _one_of(kind: Callable[[str], _T], choices: Collection[str], value: object) -> _T:
    if not isinstance(value, str) or value not in choices:
        raise Wrong(f"应为以下之一：{'、'.join(choices)}")
    return kind(value)
