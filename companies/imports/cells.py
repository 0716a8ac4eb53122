"""What a cell says, as people write it, and what is wrong with it in one sentence."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Choices
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from companies import uscc
from companies.profile.industries import code_of
from companies.said import Said

_MONEY = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")
_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
_DAY = re.compile(
    r"([0-9]{4})(?:(?:-|/|\.|年)([0-9]{1,2})(?:-|/|\.|月)([0-9]{1,2})日?|([0-9]{2})([0-9]{2}))"
)
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?e\+[0-9]+", re.IGNORECASE)
# Spreadsheets count days from here; 20000 to 60000 are the days from 1954 to 2064.
_DAY_ZERO = date(1899, 12, 30)
FIRST_YEAR = 2000

Reader = Callable[[str], Any]


class CellFault(Exception):
    """What is wrong with the cell, and what to write instead."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def plain(text: str) -> str:
    """Full-width signs as ASCII, without any space: `１，２３４．５０ 元` is `1,234.50元`."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def text(length: int) -> Reader:
    """One line of at most `length` signs; breaks within the cell become spaces."""

    def read(cell: str) -> str:
        line = " ".join(cell.split())
        if any(unicodedata.category(sign) in ("Cc", "Cs", "Cf") for sign in line):
            raise CellFault(_("有看不见的控制字符，请重新键入"))
        if len(line) > length:
            raise CellFault(
                Said(
                    gettext_noop("有 %(signs)d 个字，最多 %(most)d 个"),
                    signs=len(line),
                    most=length,
                )
            )
        return line

    return read


def matching(length: int, pattern: str, says: str) -> Reader:
    """Signs without spaces, of a form that `says` tells."""
    form = re.compile(pattern)

    def read(cell: str) -> str:
        signs = plain(cell).upper()
        if len(signs) > length or not form.fullmatch(signs):
            raise CellFault(_(says))
        return signs

    return read


def code(cell: str) -> str:
    """A 统一社会信用代码 whose verdict is not to reject it."""
    signs = uscc.normalise(cell)
    if _SCIENTIFIC.fullmatch(signs):
        raise CellFault(_("被当作数字存了，末几位已丢失。请把这一列设为文本格式，重新填写"))
    if fault := uscc.misspelt(signs):
        raise CellFault(fault)
    return signs


def industry(cell: str) -> str:
    """A code of the standard's list, as the company's row keeps it."""
    signs = code_of(plain(cell).upper())
    if not signs:
        raise CellFault(_("行业分类里没有这个代码，行业代码写成 C3912、3912 或 39"))
    return signs


def email(cell: str) -> str:
    """A mail address."""
    address = plain(cell)
    try:
        validate_email(address)
    except ValidationError:
        raise CellFault(_("不是邮箱地址，请核对，如 wang@example.com")) from None
    return address


def money(cell: str) -> Decimal:
    """Yuan, not negative, at most two decimals, with or without thousands commas."""
    figure = plain(cell).replace("。", ".").removesuffix("元")
    if figure.startswith(("-", "(", "−")):
        raise CellFault(_("不能是负数"))
    if figure.startswith(("=", "+", "@")):
        raise CellFault(_("请填数值，不要填公式"))
    if "万" in figure or "亿" in figure:
        raise CellFault(_("请以元为单位只写数字，如 200 万元写成 2000000"))
    if "," in figure:
        if not _GROUPED.fullmatch(figure):
            raise CellFault(_("逗号的位置不对，请每三位一个逗号，或不写逗号"))
        figure = figure.replace(",", "")
    if re.fullmatch(r"[0-9]+\.[0-9]{3,}", figure):
        raise CellFault(_("最多两位小数，请写到分为止"))
    if not _MONEY.fullmatch(figure):
        raise CellFault(_("请只写数字，如 1234567.89，小数点前最多 12 位"))
    return Decimal(figure)


def day(cell: str) -> date:
    """A day that is not in the future."""
    found = any_day(cell)
    if found > timezone.localdate():
        raise CellFault(_("这一天还没有到，请核对"))
    return found


def any_day(cell: str) -> date:
    """A day, also one to come, such as the last on which something is valid."""
    figure = plain(cell)
    for midnight in ("T00:00:00", "00:00:00", "0:00:00", "0:00"):
        if len(figure) > len(midnight) + 7:
            figure = figure.removesuffix(midnight)
    if re.fullmatch(r"[2-5][0-9]{4}", figure):
        meant = _DAY_ZERO + timedelta(days=int(figure))
        raise CellFault(
            Said(
                gettext_noop("是日期的序号（%(day)s），请把这一列设为日期格式"),
                day=meant.isoformat(),
            )
        )
    match = _DAY.fullmatch(figure)
    if not match:
        raise CellFault(_("请写成年-月-日，如 2024-06-30"))
    try:
        found = date(*(int(part) for part in match.groups() if part))
    except ValueError:
        raise CellFault(_("日历上没有这一天，请核对年月日")) from None
    if found.year < FIRST_YEAR - 20:
        raise CellFault(_("年份太早，请核对"))
    return found


def year(cell: str) -> int:
    """A calendar year that has begun."""
    figure = plain(cell).removesuffix("年").removesuffix("度").removesuffix("年")
    last = timezone.localdate().year
    if not re.fullmatch(r"[0-9]{4}", figure) or not FIRST_YEAR <= int(figure) <= last:
        raise CellFault(
            Said(
                gettext_noop("请写 %(first)d 到 %(last)d 之间的年份，如 %(last)d"),
                first=FIRST_YEAR,
                last=last,
            )
        )
    return int(figure)


def one_of(words: Mapping[str, Any]) -> Reader:
    """One of a closed list of words."""

    def read(cell: str) -> Any:
        word = plain(cell)
        if word not in words:
            raise CellFault(Said(gettext_noop("请填其中之一：%(words)s"), words="、".join(words)))
        return words[word]

    return read


YES_OR_NO = {"是": True, "否": False}


def words_of(choices: type[Choices], without: Iterable[str] = ()) -> dict[str, str]:
    """The Chinese names of choices, which is how files name them whoever reads the page."""
    with translation.override("zh-hans"):
        return {
            plain(str(label)): value
            for value, label in choices.choices
            if value not in set(without)
        }
