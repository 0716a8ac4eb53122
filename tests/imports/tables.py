"""Tables as people make them: made on the spot, in every way that goes wrong."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile

from companies.imports import services
from companies.imports.kinds import KINDS
from companies.imports.models import Import
from outbox.services import perform_due
from tests.factories import uscc

COMPANIES = ("统一社会信用代码", "企业名称", "街道（镇）", "所属行业", "地址")
SCALE = ("统一社会信用代码", "年度", "规上企业", "来源")
CONTACTS = ("统一社会信用代码", "姓名", "职务", "电话", "邮箱")
RECOGNITIONS = ("统一社会信用代码", "类别", "已认定", "级别", "编号", "有效期起", "有效期止")
AGREEMENTS = ("统一社会信用代码", "类别", "年度额度（元）", "编号", "有效期起", "有效期止")
FIGURES = ("统一社会信用代码", "年度", "指标", "数值", "来源", "数据截至")
FISCAL = ("统一社会信用代码", "年度", "财政贡献（元）", "来源", "数据截至")
CREDIT = ("统一社会信用代码", "类别", "事由", "文书号", "列入日期", "修复日期")
WHOLE_CREDIT = (
    "统一社会信用代码",
    "类别",
    "等级",
    "事由",
    "文书号",
    "列入日期",
    "公示到",
    "数据截至",
)
INCIDENTS = ("统一社会信用代码", "类别", "发生日期", "说明")

Table = Sequence[Sequence[Any]]


def company_rows(count: int, first: int = 5000) -> list[tuple[Any, ...]]:
    return [
        (uscc(first + number), f"宁波导入{number}有限公司", "慈城镇", "C3912", "")
        for number in range(count)
    ]


def as_csv(rows: Table, encoding: str = "utf-8", **options: Any) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, **options).writerows(rows)
    return out.getvalue().encode(encoding)


def as_xlsx(
    rows: Table,
    sheet: str = "企业",
    more: Iterable[str] = (),
    edit: Callable[[Any, Any], None] | None = None,
) -> bytes:
    """A workbook; `more` names further sheets, `edit` is given the workbook and the sheet."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
        for name in more:
            book.add_worksheet(name).write_row(0, 0, ("别的", "内容"))
        if edit:
            edit(book, page)
    return out.getvalue()


def with_entries(package: bytes, **entries: bytes) -> bytes:
    stream = io.BytesIO(package)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return stream.getvalue()


def start(kind, district, by, content: bytes, name: str = "") -> Import:
    """Upload a table and have it checked."""
    name = name or ("表.xlsx" if content.startswith(b"PK") else "表.csv")
    run = services.start_import(
        KINDS[kind].kind, district, SimpleUploadedFile(name, content), by=by
    )
    perform_due()
    run.refresh_from_db()
    return run


def confirm(run: Import, by, **given: Any) -> Import:
    """Confirm a table and have it written."""
    arguments = {"plan": run.plan, "codes_confirmed": False, "by": by} | given
    services.confirm_import(run, **arguments)
    perform_due()
    run.refresh_from_db()
    return run
