"""The payment list 拨付清单 of a batch: the workbook from which finance pays."""

from datetime import datetime
from decimal import Decimal
from io import BytesIO
from math import ceil
from unicodedata import east_asian_width

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.expressions import Combinable
from django.utils import timezone
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from disbursements.models import Batch, PaymentLine
from subsidies.words import amount_in_words

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Heading and width (in characters) of each column.
COLUMNS = [
    ("序号", 4),
    ("收款单位全称", 17),
    ("统一社会信用代码", 16),
    ("开户银行", 15),
    ("银行账号", 17),
    ("联行号", 11),
    ("金额（元）", 13),
    ("政策文件", 16),
    ("条款", 7),
    ("项目名称", 15),
    ("预算科目", 12),
    ("用途", 11),
    ("备注", 6),
]
NAME, AMOUNT, LAST = 1, 6, len(COLUMNS) - 1
AMOUNT_FORMAT = "#,##0.00"
TITLE_ROW, ABOUT_ROW, HEAD_ROW = 0, 1, 2
A4 = 9
FONT = "宋体"
LINE_POINTS = 12


class TotalsDiffer(Exception):
    """The lines read are not those that the database adds up: no list is written."""


def file_name(batch: Batch) -> str:
    return f"拨付清单 {batch.number}.xlsx"


def payment_list(batch: Batch) -> bytes:
    """The list as an xlsx file; the same batch gives the same bytes.

    Codes and accounts are text cells, for a spreadsheet keeps 15 digits of a number; no text is
    ever read as a formula. Raises TotalsDiffer where the lines do not add up as the database does.
    """
    lines = list(
        batch.lines.select_related(
            "award__budget_line", "award__claim__level__item__edition__document"
        ).order_by("pk")
    )
    total = _checked_total(batch, lines)
    target = BytesIO()
    with Workbook(target, {"in_memory": True, "strings_to_numbers": False}) as book:
        book.set_properties(
            {
                "title": f"拨付清单 {batch.number}",
                "author": str(batch.made_by),
                "created": _made_at(batch),
            }
        )
        sheet = book.add_worksheet("拨付清单")
        formats = _Formats(book)
        _set_up_print(sheet)
        _write_head(sheet, formats, batch)
        for place, line in enumerate(lines, start=1):
            _write_line(sheet, formats, HEAD_ROW + place, place, line)
        _write_foot(sheet, formats, HEAD_ROW + len(lines) + 1, batch, lines, total)
    return target.getvalue()


def _checked_total(batch: Batch, lines: list[PaymentLine]) -> Decimal:
    """Yuan, added up here and by the database, over the lines, and over the awards behind those
    that still stand: an award that left the batch may have been adjusted since."""
    counted = [line.amount for line in lines if line.failed_at is None]
    total = sum(counted, Decimal(0))
    live = [line.amount for line in lines if line.is_live]
    for here, there in (
        ((total, len(counted)), _sums(batch.lines.filter(failed_at=None), F("amount"))),
        (
            (sum(live, Decimal(0)), len(live)),
            _sums(batch.lines.filter(is_live=True), F("award__amount") + F("award__adjusted")),
        ),
    ):
        if here != there:
            raise TotalsDiffer(f"batch {batch.number}: {here} in the list, {there} in the database")
    return total


def _sums(lines: "QuerySet[PaymentLine]", amount: Combinable) -> tuple[Decimal, int]:
    sums = lines.aggregate(total=Sum(amount, default=Decimal(0)), count=Count("pk"))
    return sums["total"], sums["count"]


class _Formats:
    def __init__(self, book: Workbook) -> None:
        def cell(**properties: object) -> Format:
            return book.add_format({"font_name": FONT, "valign": "vcenter", **properties})

        self.title = cell(font_size=16, bold=True, align="center")
        self.about = cell(font_size=10)
        self.head = cell(
            font_size=9, bold=True, align="center", border=1, bg_color="#EDF1F2", text_wrap=True
        )
        # The number format @ keeps a code text when somebody edits the cell.
        self.text = cell(font_size=9, border=1, num_format="@", text_wrap=True)
        self.place = cell(font_size=9, border=1, align="center")
        self.amount = cell(font_size=9, border=1, num_format=AMOUNT_FORMAT)
        self.total = cell(font_size=9, border=1, bold=True)
        self.total_amount = cell(font_size=9, border=1, bold=True, num_format=AMOUNT_FORMAT)


def _set_up_print(sheet: Worksheet) -> None:
    for column, (_heading, width) in enumerate(COLUMNS):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(HEAD_ROW + 1, NAME + 1)
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.3, right=0.3, top=0.5, bottom=0.6)
    sheet.repeat_rows(HEAD_ROW)
    sheet.set_footer("&C第 &P 页，共 &N 页")
    sheet.hide_gridlines(2)


def _write_head(sheet: Worksheet, formats: _Formats, batch: Batch) -> None:
    sheet.set_row(TITLE_ROW, 30)
    sheet.merge_range(TITLE_ROW, 0, TITLE_ROW, LAST, "", formats.title)
    sheet.write_string(TITLE_ROW, 0, f"{batch.district.name}惠企政策资金拨付清单", formats.title)
    sheet.set_row(ABOUT_ROW, 18)
    made_on = timezone.localdate(batch.made_at)
    about = f"批次号：{batch.number}　制单日期：{made_on}　状态：{batch.get_status_display()}"
    sheet.write_string(ABOUT_ROW, 0, about, formats.about)
    sheet.set_row(HEAD_ROW, 20)
    for column, (heading, _width) in enumerate(COLUMNS):
        sheet.write_string(HEAD_ROW, column, heading, formats.head)


def _write_line(
    sheet: Worksheet, formats: _Formats, row: int, place: int, line: PaymentLine
) -> None:
    award = line.award
    assert award.claim is not None
    assert award.budget_line is not None
    item = award.claim.level.item
    texts = {
        1: line.payee,
        2: line.uscc,
        3: line.bank,
        4: line.account,
        5: line.cnaps,
        7: item.edition.document.number or item.edition.document.title,
        8: item.clause,
        9: "·".join(filter(None, [item.title, award.subject])),
        10: award.budget_line.name,
        11: f"{award.policy_year}年度惠企政策兑现",
        12: "" if line.is_live else "退汇，不付" if line.failed_at else "已作废",
    }
    sheet.set_row(row, 6 + LINE_POINTS * max(_lines(text, at) for at, text in texts.items()))
    sheet.write_number(row, 0, place, formats.place)
    for column, text in texts.items():
        sheet.write_string(row, column, text, formats.text)
    if line.failed_at is None:
        sheet.write_number(row, AMOUNT, line.amount, formats.amount)
    else:
        # It keeps its place, which the bank's table names, and is paid from another batch.
        sheet.write_blank(row, AMOUNT, None, formats.amount)


def _lines(text: str, column: int) -> int:
    """How many lines a text takes in its column: a row does not grow by itself everywhere.

    Columns are measured in figures of 11 points; of the 9 points used here, a sixth more fit.
    """
    width = sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)
    return max(1, ceil(width / (COLUMNS[column][1] * 7 // 6)))


def _write_foot(
    sheet: Worksheet,
    formats: _Formats,
    row: int,
    batch: Batch,
    lines: list[PaymentLine],
    total: Decimal,
) -> None:
    sheet.set_row(row, 20)
    for column in range(LAST + 1):
        sheet.write_blank(row, column, None, formats.total)
    count = sum(line.failed_at is None for line in lines)
    sheet.write_string(row, NAME, f"合计（{count} 笔）", formats.total)
    sheet.write_number(row, AMOUNT, total, formats.total_amount)
    sheet.merge_range(row, AMOUNT + 1, row, LAST, "", formats.total)
    sheet.write_string(row, AMOUNT + 1, f"大写：{amount_in_words(total)}", formats.total)
    approved = batch.approved_signature or "　　　　"
    signed = f"制表：{batch.made_signature}　　复核：{approved}　　审批：　　　　　　"
    sheet.write_string(row + 2, NAME, signed, formats.about)


def _made_at(batch: Batch) -> datetime:
    """When the batch was made, as the file's creation time: a later download is the same file."""
    return timezone.localtime(batch.made_at).replace(tzinfo=None, microsecond=0)
