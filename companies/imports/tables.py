"""Tables that people download: the template of a kind, and the list of what is wrong."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from companies.imports.kinds import Kind
from companies.imports.models import Import
from companies.imports.sheets import HINTS_SHEET
from companies.said import say_again

# What a spreadsheet would take for the beginning of a formula.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
LIST_ROWS = 5000


def template(kind: Kind) -> bytes:
    """An empty table with the columns of the kind, their words to choose from, and a second
    sheet that explains them."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        head = book.add_format({"bold": True, "bg_color": "#DCEDEF", "border": 1})
        text = book.add_format({"num_format": "@"})
        sheet = book.add_worksheet(kind.sheet)
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(kind.columns):
            width = max(14, 2 * len(column.title) + 4)
            sheet.set_column(place, place, width, text if column.is_text else None)
            sheet.write_string(0, place, column.title, head)
            if column.choices:
                sheet.data_validation(
                    1,
                    place,
                    LIST_ROWS,
                    place,
                    {"validate": "list", "source": list(column.choices)},
                )
        hints = book.add_worksheet(HINTS_SHEET)
        hints.set_column(0, 0, 24)
        hints.set_column(1, 1, 10)
        hints.set_column(2, 3, 48)
        rows = [("列名", "必填", "怎么填", "例子"), *_hints(kind)]
        for number, row in enumerate(rows):
            for place, word in enumerate(row):
                hints.write_string(number, place, word, None if number else head)
        hints.write_string(
            len(rows) + 1,
            0,
            f"数据从表“{kind.sheet}”的第 2 行起填。"
            "空着的格不改动已有的记录；新增的记录，空着的格按“怎么填”一栏。",
        )
    return out.getvalue()


def _hints(kind: Kind) -> Iterator[tuple[str, str, str, str]]:
    for column in kind.columns:
        hint = column.hint
        if column.choices:
            hint += "：" + "、".join(column.choices)
        yield column.title, "必填" if column.required else "", hint, column.example


def faults_xlsx(run: Import) -> bytes:
    """The list of faults; every cell is text, so that none becomes a formula."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("错误")
        sheet.set_column(1, 3, 28)
        for number, row in enumerate(_fault_rows(run)):
            for place, value in enumerate(row):
                if isinstance(value, int):
                    sheet.write_number(number, place, value)
                else:
                    sheet.write_string(number, place, value)
    return out.getvalue()


def faults_csv(run: Import) -> bytes:
    """The list of faults in UTF-8 with its mark, which spreadsheets need to read Chinese."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for row in _fault_rows(run):
        writer.writerow(harmless(value) for value in row)
    return out.getvalue().encode("utf-8-sig")


def harmless(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula, also after blanks."""
    if isinstance(value, str) and value.lstrip(" \u3000").startswith(FORMULA_SIGNS):
        return "'" + value
    return value


def _fault_rows(run: Import) -> Iterable[tuple[Any, ...]]:
    yield _("行"), _("列"), _("内容"), _("哪里不对")
    for fault in run.fault_list:
        yield fault["row"] or "", fault["column"], fault["value"], say_again(fault)
