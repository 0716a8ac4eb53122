"""The bank's answer as a table: noted once, repeats and unknown lines listed."""

import uuid
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from xlsxwriter import Workbook

from disbursements import services
from disbursements.bank_results import HEADINGS
from disbursements.models import PaymentLine
from subsidies.ledger.models import AwardStatus
from subsidies.ledger.reconciliation import differences
from subsidies.models import Award, LedgerEntry
from tests.domain import TODAY
from tests.factories import MemberFactory


@pytest.fixture
def batch(awards, maker, second):
    batch = services.make_batch(awards[0].district, awards, by=maker)
    services.approve_batch(batch, by=second)
    return services.mark_paid(batch, on=TODAY, by=maker)


def rows_of(batch, results):
    lines = batch.lines.order_by("pk")
    return [
        [batch.number, str(place), line.account, result, "销户" if result == "失败" else ""]
        for place, (line, result) in enumerate(zip(lines, results, strict=True), start=1)
    ]


def csv_of(rows, head=HEADINGS):
    text = "\n".join(",".join(row) for row in [head, *rows])
    return SimpleUploadedFile("结果.csv", text.encode())


def xlsx_of(rows):
    target = BytesIO()
    with Workbook(target) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([HEADINGS, *rows]):
            sheet.write_row(number, 0, row)
    return SimpleUploadedFile("结果.xlsx", target.getvalue())


def send(client, upload, **form):
    answer = client.post(reverse("bank_results"), {"upload": upload, **form})
    return answer, [(note.row, note.kind) for note in answer.context["notes"]]


@pytest.mark.parametrize("file_of", [csv_of, xlsx_of])
def test_failed_lines_are_noted_once_however_often_the_file_comes(client, batch, maker, file_of):
    """C13: three times the same file, rows repeated."""
    rows = rows_of(batch, ["成功", "失败", "成功"])
    rows.append(rows[1])
    client.force_login(maker)

    _answer, first = send(client, file_of(rows))
    again = [send(client, file_of(rows))[1] for _time in range(2)]

    assert first == [(2, "pass"), (3, "warn"), (4, "pass"), (5, "shut")]
    assert again == [[(2, "pass"), (3, "shut"), (4, "pass"), (5, "shut")]] * 2
    assert LedgerEntry.objects.filter(kind="fail").count() == 1
    assert PaymentLine.objects.get(failed_at__isnull=False).failure == "销户"
    statuses = sorted(Award.objects.values_list("status", flat=True))
    assert statuses == [AwardStatus.PAID, AwardStatus.PAID, AwardStatus.PAYMENT_FAILED]
    assert differences() == []


def test_the_same_form_again_gets_the_same_answer(client, batch, maker):
    """F01: the first answer was lost on the way; what was refused is tried again."""
    rows = rows_of(batch, ["成功", "失败", "失败"])
    member = MemberFactory(company=batch.lines.order_by("pk")[2].award.company, user=maker)
    key = str(uuid.uuid4())
    client.force_login(maker)

    first, again = (send(client, csv_of(rows), submission=key)[1] for _time in range(2))
    member.delete()
    last = [send(client, csv_of(rows), submission=key)[1] for _time in range(2)]

    assert again == first == [(2, "pass"), (3, "warn"), (4, "fail")]
    assert last == [[(2, "pass"), (3, "warn"), (4, "warn")]] * 2
    assert LedgerEntry.objects.filter(kind="fail").count() == 2


def test_the_same_key_with_another_reason_notes_nothing(client, batch, maker):
    """C08"""
    rows = rows_of(batch, ["失败", "成功", "成功"])
    key = str(uuid.uuid4())
    client.force_login(maker)
    send(client, csv_of(rows), submission=key)
    rows[0][4] = "户名不符"

    _answer, notes = send(client, csv_of(rows), submission=key)

    assert notes[0] == (2, "shut")
    assert PaymentLine.objects.get(failed_at__isnull=False).failure == "销户"


def test_without_a_key_nothing_is_noted(client, batch, maker):
    client.force_login(maker)
    upload = csv_of(rows_of(batch, ["失败", "成功", "成功"]))

    answer = client.post(reverse("bank_results"), {"upload": upload, "submission": ""})

    assert answer.status_code == 422
    assert "刷新后再提交" in answer.content.decode()
    assert not LedgerEntry.objects.filter(kind="fail").exists()
    assert 'name="submission"' in client.get(reverse("bank_results")).content.decode()


def test_an_old_file_takes_no_status_back(client, batch, maker, second):
    """C13: what failed then was paid since."""
    rows = rows_of(batch, ["失败", "成功", "成功"])
    client.force_login(maker)
    send(client, csv_of(rows))
    award = Award.objects.get(status=AwardStatus.PAYMENT_FAILED)
    again = services.make_batch(award.district, [award], by=maker)
    services.approve_batch(again, by=second)
    services.mark_paid(again, on=TODAY, by=maker)

    send(client, csv_of(rows))

    award.refresh_from_db()
    assert award.status == AwardStatus.PAID


@pytest.mark.parametrize(
    ("column", "value"),
    [(0, "2026-03-B9"), (1, "9"), (1, "0"), (1, "x"), (1, "１"), (2, "1"), (3, "也许"), (4, "")],
)
def test_a_row_that_fits_no_line_is_listed_and_does_nothing(client, batch, maker, column, value):
    rows = rows_of(batch, ["失败", "成功", "成功"])
    rows[0][column] = value
    client.force_login(maker)

    _answer, notes = send(client, csv_of(rows))

    assert notes[0] == (2, "fail")
    assert not LedgerEntry.objects.filter(kind="fail").exists()


def test_a_success_after_a_failure_is_for_a_person_to_ask_about(client, batch, maker):
    client.force_login(maker)
    send(client, csv_of(rows_of(batch, ["失败", "成功", "成功"])))

    answer, notes = send(client, csv_of(rows_of(batch, ["成功", "成功", "成功"])))

    assert notes[0] == (2, "fail")
    assert "已登记过退汇，这里却是成功" in answer.text


def test_a_line_that_may_not_be_noted_is_listed_with_payee_and_reason_and_the_rest_is_noted(
    client, batch, maker
):
    first, second, _third = batch.lines.order_by("pk")
    MemberFactory(company=first.award.company, user=maker)
    client.force_login(maker)

    answer, notes = send(client, csv_of(rows_of(batch, ["失败", "失败", "成功"])))

    assert notes == [(2, "fail"), (3, "warn"), (4, "pass")]
    assert f"{first.payee}：您是 {first.award.company} 的人员" in answer.text
    failed = PaymentLine.objects.filter(failed_at__isnull=False)
    assert list(failed) == [second]


def test_a_file_that_is_no_such_table_is_refused(client, batch, maker):
    client.force_login(maker)
    for upload, says in (
        (csv_of([], head=("批次号",)), "没有内容"),
        (csv_of([["x"]], head=("批次号",)), "表头缺少：序号、银行账号、结果、原因"),
        (SimpleUploadedFile("x.pdf", b"%PDF-1.7"), "不是表格"),
        (SimpleUploadedFile("x.csv", b'a,"b\n' * 2), "读不下去"),
    ):
        answer, _notes = send(client, upload)
        assert (answer.status_code, says in answer.content.decode()) == (422, True), says
    answer = client.post(reverse("bank_results"))
    assert "请选择银行返回的文件" in answer.content.decode()


def test_finance_alone_sends_it(client, batch, maker, auditor):
    client.force_login(auditor)
    assert client.get(reverse("bank_results")).status_code == 403
    client.force_login(maker)
    assert "上传并登记" in client.get(reverse("bank_results")).content.decode()
    assert "银行结果" in client.get(reverse("batch_list")).content.decode()
