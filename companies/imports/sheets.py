"""Reads a spreadsheet in a process of its own (`companies.confined`), a line of JSON a row.

The first line is an object: the sheet's number of rows, or the fault that stopped the reading.
Then follow the rows from the first, each a list of texts; a day is `YYYY-MM-DD`, a yes-or-no
是 or 否. Merged cells come last, as `{"merged": [[first row, last row], ...]}`, counted from 1.
"""

import json
import sys
from datetime import date, datetime
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
)

from companies.confined import confine

HINTS_SHEET = "填写说明"


def text_of(value: Any) -> str:
    """A cell as a person sees it. Spreadsheets keep 15 digits of a number, and show no more."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        is_day = value.time().isoformat() == "00:00:00"
        return value.date().isoformat() if is_day else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return format(value, ".15g") if isinstance(value, int | float) else str(value)


def choose(book: CalamineWorkbook, wanted: str) -> CalamineSheet | str:
    """The sheet of the template's name, else the only one that holds anything; or the fault."""
    names = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.name != HINTS_SHEET
    ]
    if wanted in names:
        return book.get_sheet_by_name(wanted)
    filled = [sheet for name in names if (sheet := book.get_sheet_by_name(name)).height]
    if not filled:
        return "empty"
    return filled[0] if len(filled) == 1 else "sheets"


def main(path: str, wanted: str) -> None:
    confine()
    try:
        sheet = choose(CalamineWorkbook.from_path(path), wanted)
    except PasswordError:
        sheet = "password"
    except (CalamineError, OSError, ValueError):
        sheet = "damaged"
    out = sys.stdout
    if isinstance(sheet, str):
        out.write(json.dumps({"fault": sheet}) + "\n")
        return
    out.write(json.dumps({"rows": sheet.total_height}) + "\n")
    for row in sheet.iter_rows():
        out.write(json.dumps([text_of(value) for value in row], ensure_ascii=False) + "\n")
    merged = [[first[0] + 1, last[0] + 1] for first, last in sheet.merged_cell_ranges or []]
    out.write(json.dumps({"merged": merged}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
