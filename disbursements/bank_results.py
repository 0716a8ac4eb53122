"""The bank's answer to batches as a table: which lines were paid, which came back.

A row names batch, place in the payment list and account. What it says of a failed line is noted
once; the same file again changes nothing, and sent again with the same form it hears the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from accounts.models import District, User
from accounts.refusals import Refused
from accounts.submissions import do_part
from companies.imports.files import Row, Unreadable, check_upload, rows_of
from disbursements.models import PaymentLine
from disbursements.services import fail_line

HEADINGS = ("批次号", "序号", "银行账号", "结果", "原因")
SHEET = "银行结果"
PAID, FAILED = "成功", "失败"


@dataclass(frozen=True)
class Note:
    """What became of a row: the kind of its glyph, and a sentence."""

    row: int
    kind: str
    text: str


def take_results(upload: UploadedFile, district: District, *, key: UUID, by: User) -> list[Note]:
    """Note each failed line of the file, and say for every row what was done.

    `key` is that of the form (`accounts.submissions`): what was noted under it is said again.
    Raises Refused where the file is not such a table; then nothing was done.
    """
    head, *rows = _read(upload)
    columns = [cell.strip() for cell in head[1]]
    if missing := [name for name in HEADINGS if name not in columns]:
        raise Refused(_("表头缺少：%(names)s。") % {"names": _("、").join(missing)})
    seen: set[tuple[str, ...]] = set()
    notes = []
    for number, cells in rows:
        values = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
        batch, place, account, result, reason = (values.get(name, "") for name in HEADINGS)
        named = (batch, place, account)
        if named in seen:
            notes.append(Note(number, "shut", _("与前面的行重复，没有再办。")))
            continue
        seen.add(named)
        notes.append(_take(number, _line(district, *named), result, reason, key, by))
    return notes


def _take(
    number: int, line: PaymentLine | None, result: str, reason: str, key: UUID, by: User
) -> Note:
    if line is None:
        return Note(number, "fail", _("没有这笔明细：请核对批次号、序号和账号。"))
    if result == PAID and line.failed_at:
        return Note(
            number,
            "fail",
            _("%(payee)s：已登记过退汇，这里却是成功，请与银行核对。") % {"payee": line.payee},
        )
    if result == PAID:
        return Note(number, "pass", _("%(payee)s：银行已付。") % {"payee": line.payee})
    if result != FAILED:
        return Note(number, "fail", _("结果只能写“成功”或“失败”。"))
    if not reason:
        return Note(number, "fail", _("失败的明细请写明原因。"))
    fail = partial(fail_line, line, reason=reason[:200], by=by)
    try:
        do_part(fail, key=key, part=f"payment line {line.pk}", contents=reason, by=by)
    except Refused as refusal:
        if line.failed_at:
            return Note(number, "shut", _("%(payee)s：已登记过退汇。") % {"payee": line.payee})
        return Note(number, "fail", _("：").join([line.payee, str(refusal)]))
    return Note(number, "warn", _("%(payee)s：已登记退汇。") % {"payee": line.payee})


def _line(district: District, number: str, place: str, account: str) -> PaymentLine | None:
    """The line at that place of a batch's payment list, if the account is its own."""
    if not (place.isascii() and place.isdigit()) or not 0 < int(place[:9]) < 10**6:
        return None
    lines = PaymentLine.objects.filter(batch__district=district, batch__number=number)
    at = int(place) - 1
    found = lines.select_related("batch", "award").order_by("pk")[at : at + 1]
    return next((line for line in found if line.account == account), None)


def _read(upload: UploadedFile) -> list[Row]:
    ending = PurePath(check_upload(upload)).suffix.lower()
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"results{ending}"
        with path.open("wb") as file:
            file.writelines(_chunks(upload))
        try:
            rows = list(rows_of(path, ending, SHEET, lambda _percent: None))
        except Unreadable as fault:
            raise Refused(str(fault)) from fault
    if len(rows) < 2:
        raise Refused(_("表里没有内容。第一行写表头，以下每行一笔明细。"))
    return rows


def _chunks(upload: UploadedFile) -> Iterator[bytes]:
    upload.seek(0)
    yield from upload.chunks()
