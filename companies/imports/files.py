"""An uploaded table as numbered rows of texts, read in a stream."""

import codecs
import csv
import io
import json
import zipfile
from collections.abc import Callable, Generator
from pathlib import Path, PurePath
from typing import IO

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.refusals import Refused
from companies import confined
from companies.files import OFFICE_PARTS, clean_name, is_office_file
from companies.said import Said

ENDINGS = (".xlsx", ".csv")
# What an old .xls and an encrypted .xlsx begin with.
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAX_ROWS = 200_000
BLOCK = 1024 * 1024

Row = tuple[int, list[str]]
Progress = Callable[[int], None]


class Unreadable(Exception):
    """The file cannot be read as a table; the text says why and what to do. `row` counts from 1
    where one row is to blame."""

    def __init__(self, text: str, row: int | None = None) -> None:
        super().__init__(text)
        self.text, self.row = text, row


def check_upload(upload: UploadedFile) -> str:
    """The file's cleaned name. Raises Refused for what can be seen without reading the table."""
    name = clean_name(upload.name or "")
    ending = PurePath(name).suffix.lower()
    size = upload.size or 0
    limit = settings.IMPORT_MAX_BYTES
    if ending == ".xls":
        raise Refused(_("“%(name)s”是旧版表格，请另存为 xlsx 后再上传。") % {"name": name})
    if ending not in ENDINGS:
        raise Refused(_("“%(name)s”不是表格。请上传 xlsx 或 csv 文件。") % {"name": name})
    if size == 0:
        raise Refused(_("“%(name)s”是空文件，请检查后重新上传。") % {"name": name})
    if size > limit:
        raise Refused(
            _("“%(name)s”为 %(size).1f MB，超过 %(limit)d MB。请分成几个文件。")
            % {"name": name, "size": size / 1024 / 1024, "limit": limit // 1024 // 1024}
        )
    content = upload.file
    assert content is not None
    content.seek(0)
    head = content.read(512)
    if ending == ".xlsx":
        if head.startswith(OLE):
            raise Refused(
                _("“%(name)s”加了密码，或是旧版表格。请去掉密码，另存为 xlsx。") % {"name": name}
            )
        if not is_office_file(content, OFFICE_PARTS[".xlsx"]):
            raise Refused(
                _("“%(name)s”的内容不是 xlsx 表格，或已损坏。请用表格软件另存为 xlsx。")
                % {"name": name}
            )
    elif zipfile.is_zipfile(content) or head.startswith((OLE, b"%PDF-", b"\x89PNG")):
        raise Refused(
            _("“%(name)s”的内容不是 csv 文字。请用表格软件另存，不要只改扩展名。") % {"name": name}
        )
    content.seek(0)
    return name


def rows_of(path: Path, ending: str, sheet: str, progress: Progress) -> Generator[Row, None, None]:
    """The rows that are not empty, with their numbers from 1. `progress` hears per cent.

    `sheet` is the name of the template's sheet. Raises Unreadable, also after some rows.
    """
    rows = _sheet_rows(path, sheet, progress) if ending == ".xlsx" else _csv_rows(path, progress)
    taken = 0
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        taken += 1
        if taken > MAX_ROWS + 1:
            raise Unreadable(
                Said(gettext_noop("超过 %(most)d 行。请分成几个文件。"), most=MAX_ROWS), number
            )
        yield number, cells


def _sheet_rows(path: Path, sheet: str, progress: Progress) -> Generator[Row, None, None]:
    faults = {
        "password": _("文件加了密码，请去掉密码再上传。"),
        "damaged": _("文件已损坏，请用表格软件打开后另存为 xlsx。"),
        "empty": _("表里没有内容。请按模板填写。"),
        "sheets": Said(
            gettext_noop("文件里有几张表，分不清读哪一张。请把数据放在名为“%(sheet)s”的表里。"),
            sheet=sheet,
        ),
    }
    try:
        with confined.process("companies.imports.sheets", str(path), sheet) as lines:
            head = json.loads(lines.readline() or "{}")
            if fault := head.get("fault"):
                raise Unreadable(faults[fault])
            if "rows" not in head:
                raise confined.Broken
            for number, line in enumerate(lines, start=1):
                content = json.loads(line)
                if isinstance(content, dict):
                    _refuse_merged(content["merged"])
                    break
                if number % 1000 == 0:
                    progress(100 * number // head["rows"])
                yield number, content
    except (confined.Broken, json.JSONDecodeError):
        # A reader that was stopped may leave half a line.
        raise Unreadable(
            _("文件读不下去：已损坏，或内容多得不合常理。请把数据复制到新下载的模板里再上传。")
        ) from None


def _refuse_merged(ranges: list[list[int]]) -> None:
    for first, last in ranges:
        raise Unreadable(
            Said(
                gettext_noop("第 %(first)d 到 %(last)d 行有合并单元格，请取消合并，每格都填。"),
                first=first,
                last=last,
            )
            if last > first
            else Said(gettext_noop("第 %(row)d 行有合并单元格，请取消合并，每格都填。"), row=first),
            first,
        )


def _csv_rows(path: Path, progress: Progress) -> Generator[Row, None, None]:
    with path.open("rb") as content:
        encoding = _encoding_of(content)
        size = path.stat().st_size
        content.seek(0)
        with io.TextIOWrapper(content, encoding=encoding, newline="") as lines:
            reader = csv.reader(lines, strict=True)
            number = 0
            try:
                for cells in reader:
                    number += 1
                    if number % 1000 == 0:
                        progress(100 * content.tell() // size)
                    yield number, cells
            except csv.Error:
                raise Unreadable(
                    Said(
                        gettext_noop("第 %(row)d 行读不下去：引号不成对，或一格的内容太长。"),
                        row=number + 1,
                    ),
                    number + 1,
                ) from None


def _encoding_of(content: IO[bytes]) -> str:
    """UTF-8 with or without its mark, else GB18030, which spreadsheets of the country write."""
    head = content.read(4)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Unreadable(_("文件是 UTF-16 编码，请另存为“CSV UTF-8（逗号分隔）”。"))
    for encoding in ("utf-8-sig", "gb18030"):
        if _decodes(content, encoding):
            return encoding
    raise Unreadable(_("文件的文字编码认不出来，请另存为“CSV UTF-8（逗号分隔）”。"))


def _decodes(content: IO[bytes], encoding: str) -> bool:
    content.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while block := content.read(BLOCK):
            if b"\0" in block:
                return False
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
