"""The workbook that finance pays from: its columns, its figures, and nothing in it that acts."""

from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook

from accounts.models import Department, Role
from companies.models import BankAccount, Company
from disbursements import payment_list as lists
from disbursements import services
from disbursements.models import Batch
from disbursements.payment_list import TotalsDiffer, file_name, payment_list
from subsidies.words import amount_in_words
from tests import domain
from tests.fixtures_domain import MORNING

HEADINGS = [
    "序号",
    "收款单位全称",
    "统一社会信用代码",
    "开户银行",
    "银行账号",
    "联行号",
    "金额（元）",
    "政策文件",
    "条款",
    "项目名称",
    "预算科目",
    "用途",
    "备注",
]
SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
# What spreadsheets take for the beginning of a formula or a command.
FORMULAS = [
    '=HYPERLINK("http://example.org","x")',
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    "＋1",
    "=cmd|' /C calc'!A0",
    "http://example.org/",
    "mailto:a@example.org",
    "{=1+1}",
    "123456789012345678",
]


@dataclass(frozen=True)
class Cell:
    """A cell as the file holds it: `kind` is s for text, n or nothing for a number."""

    kind: str
    value: str
    style: str


def finance(number: int):
    return domain.official(Department.objects.get(code="jb-finance"), Role.FINANCE, number)


def batch_of(*companies: Company) -> Batch:
    awards = [domain.notified_award(company) for company in companies]
    return services.make_batch(companies[0].district, awards, by=finance(1))


@pytest.fixture
def batch(company, budget):
    return batch_of(company, domain.company_with_everything())


def rows(content: bytes) -> list[list[object]]:
    book = CalamineWorkbook.from_filelike(BytesIO(content))
    assert book.sheet_names == ["拨付清单"]
    return book.get_sheet_by_index(0).to_python()


def parts(content: bytes) -> dict[str, str]:
    with ZipFile(BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def cells(content: bytes) -> dict[str, Cell]:
    """Every cell of the sheet by its address, with text looked up."""
    files = parts(content)
    shared = [
        "".join(item.itertext())
        for item in ElementTree.fromstring(files["xl/sharedStrings.xml"]).iter(f"{SPREADSHEET}si")
    ]
    found = {}
    for cell in ElementTree.fromstring(files["xl/worksheets/sheet1.xml"]).iter(f"{SPREADSHEET}c"):
        value = cell.findtext(f"{SPREADSHEET}v", "")
        kind = cell.get("t", "")
        text = shared[int(value)] if kind == "s" else value
        found[cell.get("r")] = Cell(kind, text, cell.get("s", ""))
    return found


def test_the_columns_are_those_of_the_payment_list(batch):
    assert rows(payment_list(batch))[2] == HEADINGS


def test_a_line_holds_what_the_bank_and_the_auditor_need(batch):
    line = batch.lines.order_by("pk").first()
    document = line.award.claim.level.item.edition.document

    assert rows(payment_list(batch))[3] == [
        1,
        line.payee,
        line.uscc,
        "中国工商银行股份有限公司宁波江北支行",
        line.account,
        "102332000015",
        float(line.amount),
        document.number or document.title,
        line.award.claim.level.item.clause,
        line.award.claim.level.item.title,
        line.award.budget_line.name,
        "2025年度惠企政策兑现",
        "",
    ]


def test_codes_and_accounts_are_text_to_the_last_digit(batch):
    line = batch.lines.order_by("pk").first()
    sheet = cells(payment_list(batch))

    for address, text in {"C4": line.uscc, "E4": line.account, "F4": line.cnaps}.items():
        assert sheet[address].kind == "s"
        assert sheet[address].value == text


def test_amounts_are_numbers_with_two_decimals(batch):
    content = payment_list(batch)
    sheet = cells(content)
    styles = ElementTree.fromstring(parts(content)["xl/styles.xml"])
    codes = {
        code.get("numFmtId"): code.get("formatCode") for code in styles.iter(f"{SPREADSHEET}numFmt")
    }
    formats = [codes.get(style.get("numFmtId")) for style in styles.find(f"{SPREADSHEET}cellXfs")]

    for address in ("G4", "G5", "G6"):
        assert sheet[address].kind in ("", "n")
        assert formats[int(sheet[address].style)] == "#,##0.00"
    assert Decimal(sheet["G4"].value) == batch.lines.order_by("pk").first().amount


def test_the_foot_adds_up_in_figures_and_words_with_the_number_of_payments(batch):
    foot = rows(payment_list(batch))[5]

    assert foot[1] == "合计（2 笔）"
    assert Decimal(str(foot[6])) == batch.total
    assert foot[7] == f"大写：{amount_in_words(batch.total)}"


def test_head_and_foot_name_batch_district_day_and_people(batch):
    batch = services.approve_batch(batch, by=finance(2))
    table = rows(payment_list(batch))

    assert table[0][0] == "宁波市江北区惠企政策资金拨付清单"
    assert table[1][0].startswith(f"批次号：{batch.number}　制单日期：2026-03-11")
    assert "已复核" in table[1][0]
    signed = table[7][1]
    assert f"制表：{finance(1)}" in signed
    assert f"复核：{finance(2)}" in signed
    assert "审批：" in signed


def test_nobody_is_named_as_second_person_before_the_approval(batch):
    signed = rows(payment_list(batch))[7][1]

    assert f"制表：{finance(1)}" in signed
    assert str(finance(2)) not in signed


@pytest.mark.parametrize("formula", FORMULAS)
def test_text_never_becomes_a_formula_a_link_or_a_number(company, budget, formula):
    Company.objects.filter(pk=company.pk).update(name=formula)
    BankAccount.objects.filter(company=company).update(holder=formula, bank=formula)
    batch = batch_of(Company.objects.get(pk=company.pk))
    content = payment_list(batch)

    sheet = cells(content)
    assert (sheet["B4"].kind, sheet["D4"].kind) == ("s", "s")
    assert sheet["B4"].value.replace("_x000D_", "\r") == formula
    assert "<f>" not in parts(content)["xl/worksheets/sheet1.xml"]
    assert "hyperlink" not in parts(content)["xl/worksheets/sheet1.xml"].lower()


def test_no_cell_of_a_list_is_a_formula(batch):
    assert "<f>" not in parts(payment_list(batch))["xl/worksheets/sheet1.xml"]


def test_the_list_prints_on_a4_across_with_its_headings_on_each_page(batch):
    files = parts(payment_list(batch))
    sheet = files["xl/worksheets/sheet1.xml"]

    assert 'orientation="landscape"' in sheet
    assert 'paperSize="9"' in sheet
    assert 'fitToHeight="0"' in sheet
    assert 'state="frozen"' in sheet
    assert "拨付清单!$3:$3" in files["xl/workbook.xml"]


def test_on_a4_nobody_needs_a_magnifying_glass(batch):
    """The columns are shrunk to the sheet's width: 9 points stay 8."""
    sheet = ElementTree.fromstring(parts(payment_list(batch))["xl/worksheets/sheet1.xml"])
    inches = sum(
        (float(column.get("max")) - float(column.get("min")) + 1)
        * float(column.get("width"))
        * 7
        / 96
        for column in sheet.iter(f"{SPREADSHEET}col")
    )
    margins = sheet.find(f"{SPREADSHEET}pageMargins")
    paper = 11.69 - float(margins.get("left")) - float(margins.get("right"))

    assert 9 * paper / inches > 8


def test_the_same_batch_is_the_same_file(batch, clock):
    first = payment_list(batch)
    clock.shift(3600)

    assert payment_list(Batch.objects.get(pk=batch.pk)) == first


def test_the_file_bears_the_time_when_the_batch_was_made(batch):
    assert f"{MORNING:%Y-%m-%d}T10:00:00Z" in parts(payment_list(batch))["docProps/core.xml"]


def test_a_list_that_does_not_add_up_is_not_written(batch, monkeypatch):
    lines = list(batch.lines.order_by("pk"))
    with pytest.raises(TotalsDiffer):
        lists._checked_total(batch, lines[:1])
    lines[0].amount += Decimal("0.01")
    with pytest.raises(TotalsDiffer, match=batch.number):
        lists._checked_total(batch, lines)


def test_the_lines_of_a_cancelled_batch_are_marked(batch):
    services.cancel_batch(batch, by=finance(1))
    table = rows(payment_list(Batch.objects.get(pk=batch.pk)))

    assert "已作废" in table[1][0]
    assert [row[12] for row in table[3:5]] == ["已作废", "已作废"]


def test_the_file_is_named_after_the_batch(batch):
    assert file_name(batch) == f"拨付清单 {batch.number}.xlsx"
