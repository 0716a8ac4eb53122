"""I01: tables that go wrong in every way people know. Each is refused whole, and told where."""

import io
import re
import struct
import zipfile
from datetime import date, datetime

import pytest
from django.utils import timezone

from accounts.refusals import Refused
from companies.imports.files import MAX_ROWS
from companies.imports.models import Import, ImportState
from companies.models import Company, CreditEntry, Incident, YearlyFigure
from companies.said import say_again
from tests.factories import CompanyFactory, DistrictFactory, YearlyFigureFactory, uscc
from tests.imports.tables import (
    AGREEMENTS,
    COMPANIES,
    CONTACTS,
    CREDIT,
    FIGURES,
    FISCAL,
    INCIDENTS,
    SCALE,
    WHOLE_CREDIT,
    as_csv,
    as_xlsx,
    company_rows,
    start,
    with_entries,
)

GOOD = company_rows(3)
KNOWN = uscc(7001)  # registered in the district
ELSEWHERE = uscc(7002)  # registered in another
UNKNOWN = uscc(7003)


def companies(*rows, header=COMPANIES, make=as_csv, **options):
    return make([header, *GOOD[:1], *rows], **options)


OTHER = uscc(5900)


def company(code=OTHER, name="宁波一有限公司", street="慈城镇", industry="C3912"):
    return (code, name, street, industry, "")


def scale(value):
    return as_csv([SCALE, (KNOWN, "2025", value, "统计导入")])


def figures(*rows, make=as_csv, **options):
    return make([FIGURES, *rows], **options)


def figure(code=KNOWN, year="2025", measure="研发投入", value="100", source="统计导入", day=""):
    return (code, year, measure, value, source, day)


def credit(*rows):
    return as_csv([CREDIT, *rows])


def whole_credit(*rows):
    """A table with the columns that say what kind of entry it is and how long it stands."""
    return as_csv([WHOLE_CREDIT, *rows])


def incidents(*rows):
    return as_csv([INCIDENTS, *rows])


def one_bad_in_ten_thousand():
    rows = company_rows(10_000)
    rows[7654] = (*rows[7654][:3], "制造业", "")
    return as_csv([COMPANIES, *rows])


def merged(first, last):
    def edit(book, page):
        page.merge_range(first, 2, last, 2, "慈城镇")

    return edit


def far_away(book, page):
    page.write(1_048_575, 16_383, "这里")


def a_day_as_number(book, page):
    page.write_number(1, 5, 45_678)


def a_code_as_number(book, page):
    page.write_number(1, 0, 913_302_056_982_123_456)


def an_error(book, page):
    page.write_formula(1, 3, "=1/0", None, "#DIV/0!")


def a_formula_without_value(book, page):
    page.write_formula(1, 3, "=D9", None, "")


def an_instant(book, page):
    form = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    page.write_datetime(1, 5, datetime(2026, 1, 31, 12, 30), form)


def figures_sheet(edit=None, **options):
    return as_xlsx([FIGURES, figure()], sheet="年度数据", edit=edit, **options)


def entity_bomb():
    """A workbook whose shared texts are a tower of entities."""
    tower = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10)
    )
    evil = tower + b']><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    evil += b"<si><t>&a9;</t></si></sst>"
    return replaced(as_xlsx([COMPANIES, *GOOD]), "xl/sharedStrings.xml", evil)


def outside_entity():
    evil = (
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b"<si><t>&x;</t></si></sst>"
    )
    return replaced(as_xlsx([COMPANIES, *GOOD]), "xl/sharedStrings.xml", evil)


def replaced(package, name, content):
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.namelist():
            new.writestr(entry, content if entry == name else old.read(entry))
    return out.getvalue()


def lying_about_its_size():
    """A zip whose table of contents says that the sheet is small."""
    package = bytearray(
        replaced(as_xlsx([COMPANIES, *GOOD]), "xl/worksheets/sheet1.xml", b" " * 300_000_000)
    )
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = package.find(signature)
        while place >= 0:
            package[place + offset : place + offset + 4] = struct.pack("<I", 1000)
            place = package.find(signature, place + 1)
    return bytes(package)


# What is in the file, and where it is told: kind, content, row, column, sentence.
CHECKED = {
    # how it is written
    "utf-16": ("companies", as_csv([COMPANIES, *GOOD], "utf-16"), None, "", "UTF-16"),
    "utf-16 without mark": (
        "companies",
        as_csv([COMPANIES, *GOOD], "utf-16-le"),
        None,
        "",
        "编码认不出来",
    ),
    "neither utf-8 nor gb18030": (
        "companies",
        as_csv([COMPANIES, *GOOD]) + b"\xff\xff\n",
        None,
        "",
        "编码认不出来",
    ),
    "cut within a sign": (
        "companies",
        as_csv([COMPANIES, *GOOD]) + "宁".encode()[:1],
        None,
        "",
        "编码认不出来|格，表头有",
    ),
    "a zero byte": ("companies", companies(company(name="宁\0波")), None, "", "编码认不出来"),
    "an open quote": (
        "companies",
        as_csv([COMPANIES, *GOOD]) + b'"' + uscc(5901).encode(),
        5,
        "",
        "引号不成对",
    ),
    "text after a quote": (
        "companies",
        as_csv([COMPANIES]) + b'"a"b,c,d,e,f\n',
        2,
        "",
        "引号不成对",
    ),
    "ten megabytes in a cell": (
        "companies",
        companies(company(name="宁" * 3_500_000)),
        3,
        "",
        "一格的内容太长",
    ),
    "semicolons": (
        "companies",
        as_csv([COMPANIES, *GOOD], delimiter=";"),
        1,
        "",
        "用逗号分隔",
    ),
    "tabulators": (
        "companies",
        as_csv([COMPANIES, *GOOD], delimiter="\t"),
        1,
        "",
        "用逗号分隔",
    ),
    # the header
    "blank lines only": ("companies", b"\n\n , \n", None, "", "没有内容"),
    "a header only": ("companies", as_csv([COMPANIES]), None, "", "除了表头没有数据"),
    "no header": ("companies", as_csv(GOOD), 1, "", "第一行应是表头"),
    "a title above the header": (
        "companies",
        as_csv([("江北区企业名单",), COMPANIES, *GOOD]),
        1,
        "",
        "第一行应是表头",
    ),
    "the header twice": (
        "companies",
        as_csv([COMPANIES, COMPANIES, *GOOD]),
        2,
        "",
        "又是一行表头",
    ),
    "the header again in the middle": (
        "companies",
        as_csv([COMPANIES, *GOOD, COMPANIES]),
        5,
        "",
        "又是一行表头",
    ),
    "two lines of header": (
        "companies",
        as_csv([COMPANIES, ("18 位", "全称", "", "", "元"), *GOOD]),
        2,
        "A 统一社会信用代码",
        "统一社会信用代码是 18 位，现在是 3 位",
    ),
    "a column missing": (
        "companies",
        as_csv([("统一社会信用代码", "地址"), (uscc(5901), "路")]),
        1,
        "",
        "缺少这一列",
    ),
    "a column nobody knows": (
        "companies",
        as_csv([(*COMPANIES, "备注"), (*GOOD[0], "")]),
        1,
        "F",
        "不认识这一列",
    ),
    "a column twice": (
        "companies",
        as_csv([(*COMPANIES, "企业名称"), (*GOOD[0], "")]),
        1,
        "",
        "出现了两次",
    ),
    "万元 in the header": (
        "figures",
        as_csv([(*FIGURES[:3], "数值（万元）", *FIGURES[4:]), figure()]),
        1,
        "D",
        "不认识这一列",
    ),
    "the template of another kind": (
        "incidents",
        figures(figure()),
        1,
        "B",
        "不认识这一列",
    ),
    # rows
    "a short row": ("companies", companies(company()[:3]), 3, "", "有 3 格，表头有 5 列"),
    "a long row": ("companies", companies((*company(), "多")), 3, "", "有 6 格，表头有 5 列"),
    "a comma in a name": (
        "companies",
        as_csv([COMPANIES]) + f"{uscc(5901)},宁波,有限公司,慈城镇,C3912,\n".encode(),
        2,
        "B 企业名称|",
        "有 6 格|请填其中之一",
    ),
    "one bad row in ten thousand": (
        "companies",
        one_bad_in_ten_thousand(),
        7656,
        "D 所属行业",
        "行业代码写成",
    ),
    "the same company twice": (
        "companies",
        companies(GOOD[0]),
        3,
        "A 统一社会信用代码",
        "与第 2 行重复",
    ),
    "the same company typed otherwise": (
        "companies",
        companies((f" {GOOD[0][0].lower()}", *GOOD[0][1:])),
        3,
        "A 统一社会信用代码",
        "与第 2 行重复",
    ),
    "the same figure twice": (
        "figures",
        figures(figure(), figure(value="200")),
        3,
        "A 统一社会信用代码",
        "与第 2 行重复",
    ),
    "the same entry twice": (
        "credit",
        credit(
            (KNOWN, "严重失信主体名单", "甲", "1号", "2025-01-01", ""),
            (KNOWN, "严重失信主体名单", "乙", "1号", "2025-02-01", ""),
        ),
        3,
        "A 统一社会信用代码",
        "与第 2 行重复",
    ),
    # codes
    "no code": ("companies", companies(company(code="")), 3, "A 统一社会信用代码", "没有填写"),
    "a short code": (
        "companies",
        companies(company(code="9133020569821234")),
        3,
        "A 统一社会信用代码",
        "18 位，现在是 16 位",
    ),
    "a wrong organisation sign": (
        "companies",
        companies(company(code="91310115MA1H8R7C6D")),
        3,
        "A 统一社会信用代码",
        "第 17 位应与前面相符",
    ),
    "a code in scientific notation": (
        "companies",
        companies(company(code="9.13302E+17")),
        3,
        "A 统一社会信用代码",
        "末几位已丢失",
    ),
    "a code as a number": (
        "companies",
        as_xlsx([COMPANIES, *GOOD], edit=a_code_as_number),
        2,
        "A 统一社会信用代码",
        "末几位已丢失",
    ),
    "an identity card": (
        "companies",
        companies(company(code="330205199001011234")),
        3,
        "A 统一社会信用代码",
        "第 3 至 8 位应是数字",
    ),
    "a company of another district": (
        "companies",
        companies(company(code=ELSEWHERE)),
        3,
        "A 统一社会信用代码",
        "登记在别的区县",
    ),
    "figures of an unknown company": (
        "figures",
        figures(figure(code=UNKNOWN)),
        2,
        "A 统一社会信用代码",
        "企业库里没有这个代码",
    ),
    "figures of another district's company": (
        "figures",
        figures(figure(code=ELSEWHERE)),
        2,
        "A 统一社会信用代码",
        "企业库里没有这个代码",
    ),
    "another name for the code": (
        "figures",
        as_csv([(*FIGURES, "企业名称"), (*figure(), "别的公司")]),
        2,
        "G 企业名称",
        "不一致",
    ),
    # texts
    "no name": ("companies", companies(company(name="  ")), 3, "B 企业名称", "没有填写"),
    "a name too long": (
        "companies",
        companies(company(name="宁" * 121)),
        3,
        "B 企业名称",
        "有 121 个字，最多 120 个",
    ),
    "a sign nobody sees": (
        "companies",
        companies(company(name="宁波\u202e有限公司")),
        3,
        "B 企业名称",
        "控制字符",
    ),
    "a street of elsewhere": (
        "companies",
        companies(company(street="白云街道")),
        3,
        "C 街道（镇）",
        "请填其中之一",
    ),
    "neither yes nor no": (
        "scale",
        scale("可能"),
        2,
        "C 规上企业",
        "请填其中之一：是、否",
    ),
    "an industry in words": (
        "companies",
        as_csv([(*COMPANIES[:2], "所属行业"), (*GOOD[0][:2], "制造业")]),
        2,
        "C 所属行业",
        "行业代码写成",
    ),
    # money
    "a negative amount": (
        "figures",
        figures(figure(value="-100")),
        2,
        "D 数值",
        "不能是负数",
    ),
    "a negative amount in brackets": (
        "figures",
        figures(figure(value="(100)")),
        2,
        "D 数值",
        "不能是负数",
    ),
    "万元 in the cell": (
        "figures",
        figures(figure(value="200万元")),
        2,
        "D 数值",
        "请以元为单位",
    ),
    "commas in the wrong place": (
        "figures",
        figures(figure(value="1,00,000")),
        2,
        "D 数值",
        "逗号的位置不对",
    ),
    "three decimals": (
        "figures",
        figures(figure(value="1.005")),
        2,
        "D 数值",
        "最多两位小数",
    ),
    "an exponent": ("figures", figures(figure(value="1e6")), 2, "D 数值", "只写数字"),
    "thirteen digits": (
        "figures",
        figures(figure(value="1" * 13)),
        2,
        "D 数值",
        "最多 12 位",
    ),
    "not a number": ("figures", figures(figure(value="NaN")), 2, "D 数值", "只写数字"),
    "infinity": ("figures", figures(figure(value="Infinity")), 2, "D 数值", "只写数字"),
    "words for a number": (
        "figures",
        figures(figure(value="见附件")),
        2,
        "D 数值",
        "只写数字",
    ),
    "a formula in a csv": (
        "figures",
        figures(figure(value="=1+2")),
        2,
        "D 数值",
        "不要填公式",
    ),
    "a formula that failed": (
        "figures",
        figures_sheet(an_error),
        2,
        "D 数值",
        "没有填写|公式",
    ),
    "a formula without a value": (
        "figures",
        figures_sheet(a_formula_without_value),
        2,
        "D 数值",
        "没有填写",
    ),
    # years, days and words
    "a year of two digits": ("figures", figures(figure(year="25")), 2, "B 年度", "年份"),
    "a year to come": ("figures", figures(figure(year="2027")), 2, "B 年度", "年份"),
    "a span of years": ("figures", figures(figure(year="2024-2025")), 2, "B 年度", "年份"),
    "a measure nobody knows": (
        "figures",
        figures(figure(measure="利润")),
        2,
        "C 指标",
        "请填其中之一",
    ),
    "the fiscal contribution among the figures": (
        "figures",
        figures(figure(measure="财政贡献")),
        2,
        "C 指标",
        "请填其中之一",
    ),
    "a day as a number": (
        "figures",
        figures_sheet(a_day_as_number),
        2,
        "F 数据截至",
        r"日期的序号（2025-01-21）",
    ),
    "a day with its hour": (
        "figures",
        figures_sheet(an_instant),
        2,
        "F 数据截至",
        "年-月-日",
    ),
    "a day to come": (
        "figures",
        figures(figure(day="2027-01-01")),
        2,
        "F 数据截至",
        "还没有到",
    ),
    "no such day": (
        "figures",
        figures(figure(day="2025-02-30")),
        2,
        "F 数据截至",
        "日历上没有这一天",
    ),
    "a day of another order": (
        "figures",
        figures(figure(day="31/01/2026")),
        2,
        "F 数据截至",
        "年-月-日",
    ),
    "an entry of no kind": (
        "credit",
        credit((KNOWN, "", "罚款", "1号", "2025-03-01", "")),
        2,
        "B 类别",
        "没有填写",
    ),
    "a table without the column of the kind": (
        "credit",
        as_csv([(CREDIT[0], *CREDIT[2:]), (KNOWN, "罚款", "1号", "2025-03-01", "")]),
        1,
        "",
        "缺少这一列",
    ),
    "a contact whom nobody can reach": (
        "contacts",
        as_csv([CONTACTS, (KNOWN, "王红", "财务经理", "", "")]),
        2,
        "B 姓名",
        "电话和邮箱至少填一项",
    ),
    "a contact's address that is none": (
        "contacts",
        as_csv([CONTACTS, (KNOWN, "王红", "", "", "wang@")]),
        2,
        "E 邮箱",
        "不是邮箱地址",
    ),
    "a contact's number in words": (
        "contacts",
        as_csv([CONTACTS, (KNOWN, "王红", "", "总机转", "")]),
        2,
        "D 电话",
        "只写数字和连字符",
    ),
    "a kind of entry nobody knows": (
        "credit",
        whole_credit((KNOWN, "失信", "", "罚款", "1号", "2025-03-01", "", "")),
        2,
        "B 类别",
        "请填其中之一：严重失信主体名单",
    ),
    "a grade nobody knows": (
        "credit",
        whole_credit((KNOWN, "行政处罚", "较重", "罚款", "1号", "2025-03-01", "", "")),
        2,
        "C 等级",
        "请填其中之一：轻微、一般、严重",
    ),
    "shown longer than the grade allows": (
        "credit",
        whole_credit((KNOWN, "行政处罚", "轻微", "罚款", "1号", "2025-03-01", "2025-06-02", "")),
        2,
        "G 公示到",
        "“轻微”的公示期应到 2025-03-01 至 2025-06-01 之间",
    ),
    "shown to a day before the decision": (
        "credit",
        whole_credit((KNOWN, "行政处罚", "", "罚款", "1号", "2025-03-01", "2025-02-28", "")),
        2,
        "G 公示到",
        "不能早于列入日期",
    ),
    "told in the future": (
        "credit",
        whole_credit((KNOWN, "行政处罚", "", "罚款", "1号", "2025-03-01", "", "2027-01-01")),
        2,
        "H 数据截至",
        "这一天还没有到",
    ),
    "repaired before it was listed": (
        "credit",
        credit((KNOWN, "严重失信主体名单", "列入名单", "", "2025-03-01", "2025-02-01")),
        2,
        "F 修复日期",
        "不能早于列入日期",
    ),
    "an incident of no kind": (
        "incidents",
        incidents((KNOWN, "迟到", "2025-03-01", "")),
        2,
        "B 类别",
        "请填其中之一",
    ),
    # workbooks
    "merged cells over rows": (
        "companies",
        as_xlsx([COMPANIES, *GOOD], edit=merged(1, 3)),
        2,
        "",
        "第 2 到 4 行有合并单元格",
    ),
    "two sheets": (
        "companies",
        as_xlsx([COMPANIES, *GOOD], sheet="Sheet1", more=["Sheet2"]),
        None,
        "",
        "分不清读哪一张",
    ),
    "a sheet of something else": (
        "companies",
        as_xlsx([("年份", "金额"), (2024, 1)], sheet="Sheet1"),
        1,
        "",
        "第一行应是表头",
    ),
    "an empty workbook": ("companies", as_xlsx([]), None, "", "没有内容"),
    "a cell at the far end": (
        "companies",
        as_xlsx([COMPANIES, *GOOD], edit=far_away),
        None,
        "",
        "文件读不下去",
    ),
    "a tower of entities": ("companies", entity_bomb(), None, "", "没有|损坏|读不下去"),
    "an entity from outside": ("companies", outside_entity(), None, "", "没有|损坏|读不下去|表头"),
    "no sheet inside": (
        "companies",
        replaced(as_xlsx([COMPANIES, *GOOD]), "xl/worksheets/sheet1.xml", b"<html/>"),
        None,
        "",
        "没有内容|损坏",
    ),
    "a zip that lies about its size": (
        "companies",
        lying_about_its_size(),
        None,
        "",
        "损坏|没有内容|读不下去",
    ),
    "a sheet cut in the middle": (
        "companies",
        replaced(
            as_xlsx([COMPANIES, *GOOD]),
            "xl/worksheets/sheet1.xml",
            b'<worksheet><sheetData><row r="1"><c r="A1"><v>1</v>',
        ),
        None,
        "",
        "损坏|没有内容|表头",
    ),
}

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
# What is seen when it is uploaded: name, content, sentence.
REFUSED = {
    "nothing in it": ("表.csv", b"", "空文件"),
    "an old workbook": ("表.xls", OLE, "旧版表格"),
    "a page named xls": ("表.xls", b"<html><table></table></html>", "旧版表格"),
    "a page named xlsx": ("表.xlsx", b"<html><table></table></html>", "不是 xlsx 表格"),
    "a csv named xlsx": ("表.xlsx", as_csv([COMPANIES, *GOOD]), "不是 xlsx 表格"),
    "an xlsx named csv": ("表.csv", as_xlsx([COMPANIES, *GOOD]), "不是 csv 文字"),
    "a pdf named csv": ("表.csv", b"%PDF-1.7\n", "不是 csv 文字"),
    "an encrypted workbook": ("表.xlsx", OLE, "加了密码"),
    "an old workbook named xlsx": ("表.xlsx", OLE, "另存为 xlsx"),
    "another ending": ("表.ods", as_xlsx([COMPANIES]), "不是表格"),
    "no ending": ("表", as_csv([COMPANIES]), "不是表格"),
    "a cut workbook": ("表.xlsx", as_xlsx([COMPANIES, *GOOD])[:-100], "已损坏"),
    "a package that is no workbook": (
        "表.xlsx",
        replaced(as_xlsx([COMPANIES]), "none", b"").replace(b"xl/workbook.xml", b"xl/workbook.bin"),
        "不是 xlsx 表格",
    ),
    "a zip that explodes": (
        "表.xlsx",
        with_entries(as_xlsx([COMPANIES]), **{"xl/bomb.xml": b" " * 50_000_000}),
        "已损坏",
    ),
    "a way out of the folder": (
        "表.xlsx",
        with_entries(as_xlsx([COMPANIES]), **{"../../evil": b"x"}),
        "已损坏",
    ),
}


@pytest.fixture
def registry(district):
    CompanyFactory(uscc=KNOWN, name="宁波已知有限公司", district=district)
    CompanyFactory(uscc=ELSEWHERE, district=DistrictFactory())


def rows_of_the_registry():
    return [
        list(model.objects.order_by("pk").values())
        for model in (Company, YearlyFigure, CreditEntry, Incident)
    ]


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("name", CHECKED)
def test_a_bad_table_is_refused_whole_and_told_by_row_and_column(district, administrator, name):
    kind, content, row, column, sentence = CHECKED[name]
    before = rows_of_the_registry()

    run = start(kind, district, administrator, content)

    assert run.state == ImportState.FAULTY
    assert run.faults >= 1
    places = [(fault["row"], fault["column"], say_again(fault)) for fault in run.fault_list]
    assert any(
        (row is None or found_row == row)
        and (not column or re.search(column, found_column))
        and re.search(sentence, text)
        for found_row, found_column, text in places
    ), places
    assert rows_of_the_registry() == before


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_table_is_refused_when_it_is_uploaded(district, administrator, name):
    file_name, content, sentence = REFUSED[name]

    with pytest.raises(Refused, match=sentence):
        start("companies", district, administrator, content, file_name)

    assert not Import.objects.exists()


def test_a_table_over_the_limit_of_bytes_is_refused(district, administrator, settings):
    settings.IMPORT_MAX_BYTES = 100

    with pytest.raises(Refused, match="请分成几个文件"):
        start("companies", district, administrator, as_csv([COMPANIES, *GOOD]))


def test_a_table_over_the_limit_of_rows_is_refused(district, administrator, monkeypatch):
    monkeypatch.setattr("companies.imports.files.MAX_ROWS", 5)

    run = start("companies", district, administrator, as_csv([COMPANIES, *company_rows(6)]))

    assert (run.state, say_again(run.fault_list[-1])) == (
        ImportState.FAULTY,
        "超过 5 行。请分成几个文件。",
    )
    assert MAX_ROWS >= 100_000


def test_every_fault_is_told_at_once(district, administrator):
    rows = [("短", "", "白云街道", "制造业", "路" * 201), company(OTHER, industry="工业")]

    run = start("companies", district, administrator, as_csv([COMPANIES, *rows]))

    assert run.faults == 6
    assert [(fault["row"], fault["column"][0]) for fault in run.fault_list] == [
        (2, "A"),
        (2, "B"),
        (2, "C"),
        (2, "D"),
        (2, "E"),
        (3, "D"),
    ]


NAMED = (*FIGURES, "企业名称")
TITLE = "统一社会信用代码"
# What is told beside a cell that was not understood: kind, content, the faults as rows and columns.
IN_ONE_ROUND = {
    "an unknown code and an amount in words": (
        "figures",
        figures(figure(code=UNKNOWN, value="许多")),
        [(2, f"A {TITLE}"), (2, "D 数值")],
    ),
    "another name and a day to come": (
        "figures",
        as_csv([NAMED, (*figure(day="2027-01-01"), "别的公司")]),
        [(2, "F 数据截至"), (2, "G 企业名称")],
    ),
    "the same figure twice and an amount in words": (
        "figures",
        figures(figure(value="许多"), figure(code=KNOWN.lower())),
        [(2, "D 数值"), (3, f"A {TITLE}")],
    ),
    "the same unknown code twice": (
        "figures",
        figures(figure(code=UNKNOWN), figure(code=UNKNOWN)),
        [(2, f"A {TITLE}"), (3, f"A {TITLE}"), (3, f"A {TITLE}")],
    ),
    "a settled year and a day to come": (
        "figures",
        figures(figure(year="2019", day="2027-01-01")),
        [(2, f"A {TITLE}"), (2, "F 数据截至")],
    ),
    "days in the wrong order and a grade nobody knows": (
        "credit",
        as_csv(
            [
                (*WHOLE_CREDIT, "修复日期"),
                (KNOWN, "行政处罚", "较重", "罚款", "1号", "2025-03-01", "", "", "2025-02-01"),
            ]
        ),
        [(2, "C 等级"), (2, "I 修复日期")],
    ),
    # Nothing is told that rests on what was not understood.
    "an amount in words where one must be": (
        "agreements",
        as_csv([AGREEMENTS, (KNOWN, "培育期约定", "许多", "1号", "2025-01-01", "")]),
        [(2, "C 年度额度（元）")],
    ),
    "days of which one is none": (
        "agreements",
        as_csv([AGREEMENTS, (KNOWN, "综合扶持", "", "1号", "某日", "2020-01-01")]),
        [(2, "E 有效期起")],
    ),
    "rows without a code": (
        "figures",
        figures(figure(code=""), figure(code="")),
        [(2, f"A {TITLE}"), (3, f"A {TITLE}")],
    ),
    # The header
    "a column that is missing": (
        "figures",
        as_csv([(*FIGURES[:3], *FIGURES[4:]), (UNKNOWN, 2025, "营业收入", "统计", "")]),
        [(1, ""), (2, f"A {TITLE}"), (2, "D 来源")],
    ),
    "a column with another title": (
        "contacts",
        as_csv([("统一社会信用代码", "姓名", "手机"), (UNKNOWN, "王红", "13800000001")]),
        [(1, "C"), (2, f"A {TITLE}")],
    ),
    "a column that stands there twice": (
        "figures",
        as_csv([(*FIGURES, "数值"), (*figure(code=UNKNOWN), "许多")]),
        [(1, ""), (2, f"A {TITLE}")],
    ),
    # The end of the file
    "an open quote behind an unknown code": (
        "figures",
        figures(figure(code=UNKNOWN)) + b'"open',
        [(2, f"A {TITLE}"), (3, "")],
    ),
}


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("name", IN_ONE_ROUND)
def test_all_that_is_wrong_is_told_in_one_round(district, administrator, name):
    kind, content, places = IN_ONE_ROUND[name]
    YearlyFigureFactory(
        company=Company.objects.get(uscc=KNOWN),
        year=2019,
        measure="rd_spend",
        source="statistics",
        value=1,
        frozen_at=timezone.now(),
    )

    run = start(kind, district, administrator, content)

    told = [(fault["row"], fault["column"]) for fault in run.fault_list]
    assert sorted(told) == places


def test_there_are_at_least_sixty_bad_tables():
    assert len(CHECKED) + len(REFUSED) >= 60


# What looks odd and is right.
TAKEN = {
    "utf-8": as_csv([COMPANIES, *GOOD]),
    "utf-8 with its mark": as_csv([COMPANIES, *GOOD], "utf-8-sig"),
    "gb18030": as_csv([COMPANIES, *GOOD], "gb18030"),
    "a rare sign in gb18030": as_csv(
        [COMPANIES, (uscc(5000), "宁波㙍𬭎有限公司", "慈城镇", "C3912", "")], "gb18030"
    ),
    "windows line ends": as_csv([COMPANIES, *GOOD], lineterminator="\r\n"),
    "old line ends": as_csv([COMPANIES, *GOOD], lineterminator="\r"),
    "all in quotes": as_csv([COMPANIES, *GOOD], quoting=1),
    "a break within a cell": companies(company(name="宁波\n一有限公司")),
    "blank rows between": as_csv([COMPANIES, (), *GOOD, ("", "", "", "", "")]),
    "empty columns behind": as_csv([(*COMPANIES, "", ""), *((*row, "", "") for row in GOOD)]),
    "columns in another order": as_csv([COMPANIES[::-1], *(row[::-1] for row in GOOD)]),
    "half-width brackets in the header": as_csv(
        [("统一社会信用代码", "企业名称", "街道(镇)", "所属行业", "地址"), *GOOD]
    ),
    "a code in full-width signs": companies(company(industry="Ｃ３９１２")),
    "a code as people type it": companies(company(code=f" ９１{uscc(5901)[2:].lower()} ")),
    "a hints sheet besides": as_xlsx([COMPANIES, *GOOD], sheet="Sheet1", more=["填写说明"]),
    "the template's sheet among others": as_xlsx([COMPANIES, *GOOD], more=["草稿"]),
    "digits as a number": as_xlsx([COMPANIES, company(industry=3912)]),
    "a formula with its value": as_xlsx(
        [COMPANIES, company()],
        edit=lambda book, page: page.write_formula(1, 4, "=1+2", None, 3),
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_people_write_otherwise_is_understood(district, administrator, name):
    run = start("companies", district, administrator, TAKEN[name])

    assert (run.state, run.fault_list) == (ImportState.READY, [])


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    "value", ["１２３４５６．７８", "123,456.78", "123，456.78", "123456.78 元"]
)
def test_money_is_understood_as_people_write_it(district, administrator, value):
    run = start("figures", district, administrator, figures(figure(value=value)))

    assert ["数值", "", "123,456.78 元"] in run.samples[0]["changes"]


@pytest.mark.usefixtures("registry")
def test_a_yes_may_be_a_switch(district, administrator):
    row = (KNOWN, 2021, True, "统计导入")

    run = start("scale", district, administrator, as_xlsx([SCALE, row], sheet="规上状态"))
    assert run.fault_list == []

    assert ["规上企业", "", "是"] in run.samples[0]["changes"]


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    "day",
    ["2025-01-31", "2025/1/31", "2025.1.31", "2025年1月31日", "20250131", "2025-01-31 00:00:00"],
)
def test_a_day_is_understood_as_people_write_it(district, administrator, day):
    run = start("figures", district, administrator, figures(figure(day=day)))

    assert run.samples[0]["changes"][-1] == ["数据截至", "", "2025-01-31"]


@pytest.mark.usefixtures("registry")
def test_a_day_of_a_workbook_is_a_day(district, administrator):
    def edit(book, page):
        page.write_datetime(1, 5, date(2025, 1, 31), book.add_format({"num_format": "yyyy-mm-dd"}))

    run = start("figures", district, administrator, figures_sheet(edit))

    assert run.samples[0]["changes"][-1] == ["数据截至", "", "2025-01-31"]


@pytest.mark.usefixtures("registry")
def test_the_fiscal_contribution_has_a_table_of_its_own(district, treasurer):
    content = as_csv([FISCAL, (KNOWN, "2025", "-1", "税务导入", "")])

    run = start("fiscal", district, treasurer, content)

    assert run.fault_list[0]["column"] == "C 财政贡献（元）"
