"""Fields that every room's forms use: money, quantities and days as people type them."""

import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

_MONEY = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")
_QUANTITY = re.compile(r"[0-9]{1,13}(\.[0-9]{1,4})?")
_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
_DAY = re.compile(r"([0-9]{4})(?:-|/|\.|年)([0-9]{1,2})(?:-|/|\.|月)([0-9]{1,2})日?")


def _plain(value: object) -> str:
    """Full-width digits and signs as ASCII, without spaces: `１，２３４．５０ 元` is `1,234.50元`.

    The ideographic full stop is what a Chinese keyboard gives for a decimal point.
    """
    text = unicodedata.normalize("NFKC", str(value)).replace("。", ".")
    return re.sub(r"\s", "", text)


class _FigureField(forms.Field):
    """A figure typed with or without thousands commas; gives an exact Decimal."""

    widget = forms.TextInput
    pattern: re.Pattern[str]

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"inputmode": "decimal", "autocomplete": "off"}

    def to_python(self, value: object) -> Decimal | None:
        if value is None or value == "":
            return None
        text = _plain(value)
        if not text:
            return None
        if "," in text:
            if not _GROUPED.fullmatch(text):
                raise ValidationError(self.error_messages["commas"], code="commas")
            text = text.replace(",", "")
        if not self.pattern.fullmatch(text):
            raise ValidationError(self._fault(text), code="invalid")
        return Decimal(text)

    def _fault(self, text: str) -> str:
        raise NotImplementedError


class MoneyField(_FigureField):
    """Yuan, at most two decimals. `echo` says below what was typed: in 万元, or in words."""

    pattern = _MONEY
    unit = _("元")
    width = "w-money"
    default_error_messages = {
        "commas": _("逗号的位置不对，请每三位写一个逗号，或不写逗号，如 1234567.89"),
        "sign": _("请写不带正负号的金额，如 1234567.89"),
        "unit": _("请以元为单位只写数字，如 200 万元写成 2,000,000"),
        "decimals": _("请写到分为止，最多两位小数，如 1234567.89"),
        "long": _("请核对位数：小数点前最多 12 位"),
        "invalid": _("请只写数字，如 1234567.89"),
    }

    def __init__(self, *, echo: str = "wan", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.echo = echo

    def to_python(self, value: object) -> Decimal | None:
        if isinstance(value, str):
            value = _plain(value).removesuffix("元")
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        # A sum kept as plain text is shown with its commas; what was mistyped stays as it is.
        text = str(value) if isinstance(value, str | Decimal) else ""
        return f"{Decimal(text):,}" if _MONEY.fullmatch(text) else value

    def _fault(self, text: str) -> str:
        if text[:1] in ("-", "+"):
            code = "sign"
        elif "万" in text or "亿" in text:
            code = "unit"
        elif re.fullmatch(r"[0-9]+\.[0-9]{3,}", text):
            code = "decimals"
        elif re.fullmatch(r"[0-9]{13,}(\.[0-9]*)?", text):
            code = "long"
        else:
            code = "invalid"
        return str(self.error_messages[code])


class QuantityField(_FigureField):
    """A count or an area, at most four decimals."""

    pattern = _QUANTITY
    width = "w-money"
    default_error_messages = {
        "commas": _("逗号的位置不对，请不写逗号，如 1234.5"),
        "invalid": _("请只写数字，最多四位小数，如 12.5"),
    }

    def _fault(self, text: str) -> str:
        return str(self.error_messages["invalid"])


class DayInput(forms.DateInput):
    """The browser's own calendar; without one, a text field."""

    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        return value.isoformat() if isinstance(value, date) else value


class DayField(forms.Field):
    """A day: 2024-06-30, and as people write it 2024/6/30 or 2024年6月30日."""

    widget = DayInput
    width = "w-date"
    default_error_messages = {
        "invalid": _("请写成年-月-日，如 2024-06-30"),
        "no_such_day": _("日历上没有这一天，请核对年月日"),
    }

    def to_python(self, value: object) -> date | None:
        if value is None or value == "":
            return None
        if isinstance(value, date):
            return value
        match = _DAY.fullmatch(_plain(value))
        if not match:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        try:
            return date(*(int(part) for part in match.groups()))
        except ValueError:
            raise ValidationError(self.error_messages["no_such_day"], code="no_such_day") from None

    def prepare_value(self, value: Any) -> Any:
        # A calendar field shows nothing for a day it cannot read.
        if isinstance(value, str) and (match := _DAY.fullmatch(_plain(value))):
            year, month, day = match.groups()
            return f"{year}-{int(month):02d}-{int(day):02d}"
        return value


class ChoiceLabel(str):
    """What a `.choice` shows: a name, a note below it, and an amount in yuan at the right.

    It is a string, so that a select or a test sees the name alone.
    """

    note: str
    amount: Decimal | None
    most: bool

    def __new__(
        cls, name: str, *, note: str = "", amount: Decimal | None = None, most: bool = False
    ) -> "ChoiceLabel":
        label = super().__new__(cls, name)
        label.note = note
        label.amount = amount
        label.most = most
        return label


class TickField(forms.BooleanField):
    """One box to tick, with its sentence beside it."""

    is_tick = True
