"""The pages of an import: who gets them, what they say, and that nothing runs in what they give."""

import csv
import io
from hashlib import sha256
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation
from django.utils.html import strip_tags
from python_calamine import CalamineWorkbook

from accounts.models import District
from audit.models import Entry
from companies.imports.kinds import KINDS
from companies.imports.models import Import, ImportState
from companies.imports.tables import FORMULA_SIGNS, faults_csv, faults_xlsx, harmless, template
from companies.models import Company
from outbox.services import perform_due
from tests.factories import CompanyFactory, YearlyFigureFactory, uscc
from tests.imports.tables import COMPANIES, FIGURES, FISCAL, as_csv, company_rows, start
from tests.imports.test_bad_files import CHECKED


def test_an_import_is_led_through_its_pages(client, district, administrator):
    client.force_login(administrator)
    content = as_csv([COMPANIES, *company_rows(2)])

    answer = client.post(
        reverse("import_list"),
        {
            "kind": "companies",
            "district": district.pk,
            "upload": SimpleUploadedFile("企业.csv", content),
        },
    )
    page = answer["Location"]
    assert "正在检查" in client.get(page).content.decode()
    perform_due()
    shown = client.get(page).content.decode()
    assert "会改什么" in shown
    assert "宁波导入1有限公司" in shown
    run = Import.objects.get()
    assert client.post(reverse("import_confirm", args=[run.pk]), {"plan": run.plan}).url == page
    perform_due()

    assert "改了什么" in client.get(page).content.decode()
    assert "已写入" in client.get(reverse("import_list")).content.decode()
    assert Company.objects.filter(name__contains="导入").count() == 2


def test_a_preview_says_which_row_of_its_company_changes(client, district, administrator):
    client.force_login(administrator)
    company = CompanyFactory(district=district, name="宁波已知有限公司")
    YearlyFigureFactory(company=company, year=2025, measure="staff", source="tax", value=85)
    row = (company.uscc, 2025, "从业人员", "86", "税务导入", "")
    run = start("figures", district, administrator, as_csv([FIGURES, row]))

    shown = " ".join(strip_tags(client.get(run.get_absolute_url()).text).split())

    assert "宁波已知有限公司" in shown
    assert "年度 2025 指标 从业人员 来源 税务导入 数值 85 人 → 86 人" in shown


def test_the_progress_refreshes_the_page_when_the_job_has_ended(client, district, administrator):
    client.force_login(administrator)
    run = start("companies", district, administrator, as_csv([COMPANIES, *company_rows(1)]))
    url = reverse("import_progress", args=[run.pk])

    assert client.get(url, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert client.get(url).url == run.get_absolute_url()
    Import.objects.update(state=ImportState.CHECKING)
    assert "hx-get" in client.get(url, headers={"HX-Request": "true"}).content.decode()


def test_faults_are_told_in_the_language_of_whoever_reads_them(client, district, administrator):
    client.force_login(administrator)
    rows = [("91330205", "宁波一有限公司", "慈城镇", "", ""), ("", "宁波二有限公司", "", "", "")]
    run = start("companies", district, administrator, as_csv([COMPANIES, *rows]))

    chinese = client.get(run.get_absolute_url()).text
    with translation.override("en"):
        english = faults_csv(run).decode("utf-8-sig")

    assert "现在是 8 位" in chinese
    assert "没有填写" in chinese
    assert "this one has 8" in english
    assert "没有填写" not in english


def test_a_refused_file_is_told_on_the_form(client, district, administrator):
    client.force_login(administrator)

    answer = client.post(
        reverse("import_list"),
        {
            "kind": "companies",
            "district": district.pk,
            "upload": SimpleUploadedFile("企业.xls", b"<html></html>"),
        },
    )

    assert answer.status_code == 422
    assert "另存为 xlsx" in answer.content.decode()


def test_a_refusal_is_told_on_the_page_of_the_import(client, district, administrator):
    client.force_login(administrator)
    run = start("companies", district, administrator, as_csv([COMPANIES, *company_rows(1)]))

    answer = client.post(reverse("import_confirm", args=[run.pk]), {"plan": "0" * 64})

    assert answer.status_code == 409
    assert "请再看一遍" in answer.content.decode()


def test_faults_are_shown_by_row_and_column(client, district, administrator):
    client.force_login(administrator)
    kind, content, *_rest = CHECKED["万元 in the header"]
    run = start(kind, district, administrator, content)

    page = client.get(run.get_absolute_url()).content.decode()

    assert "一行也没有写入" in page
    assert "数值（万元）" in page


def test_the_mended_table_is_uploaded_where_its_errors_are_told(client, district, administrator):
    client.force_login(administrator)
    kind, content, *_rest = CHECKED["万元 in the header"]
    run = start(kind, district, administrator, content)

    answer = client.get(run.get_absolute_url())

    form = answer.context["form"]
    assert (form["kind"].value(), form["district"].value()) == (kind, district.pk)
    assert f'action="{reverse("import_list")}" enctype="multipart/form-data"' in answer.text


def test_an_amount_whose_column_names_the_unit_is_told_without_it(client, district, treasurer):
    client.force_login(treasurer)
    company = CompanyFactory(district=district)
    row = (company.uscc, 2025, "3000000", "税务导入", "")
    run = start("fiscal", district, treasurer, as_csv([FISCAL, row]))

    shown = " ".join(strip_tags(client.get(run.get_absolute_url()).text).split())

    assert "财政贡献（元） 3,000,000.00" in shown
    assert "3,000,000.00 元" not in shown


def test_who_takes_a_table_or_its_errors_is_on_record(client, district, administrator):
    client.force_login(administrator)
    run = start("companies", district, administrator, as_csv([COMPANIES, ("短", "", "", "", "")]))

    client.get(reverse("import_file", args=[run.pk]))
    faults = client.get(reverse("import_faults", args=[run.pk, "csv"])).getvalue()

    entries = Entry.objects.about(run).filter(action="import.downloaded", actor=administrator)
    assert [(entry.data["what"], entry.data["sha256"]) for entry in entries.order_by("seq")] == [
        ("table", run.sha256),
        ("faults.csv", sha256(faults).hexdigest()),
    ]


def test_strangers_get_404_and_the_wrong_roles_403(
    client, district, administrator, treasurer, clerk
):
    run = start("companies", district, administrator, as_csv([COMPANIES, ("短", "", "", "", "")]))
    urls = [
        run.get_absolute_url(),
        reverse("import_progress", args=[run.pk]),
        reverse("import_file", args=[run.pk]),
        reverse("import_faults", args=[run.pk, "xlsx"]),
    ]
    for person in (treasurer, clerk):
        client.force_login(person)
        assert {client.get(url).status_code for url in urls} == {404}
        for name in ("import_confirm", "import_discard"):
            assert client.post(reverse(name, args=[run.pk])).status_code == 404
        assert client.get(reverse("import_template", args=["companies"])).status_code == 404
    assert client.get(reverse("import_list")).status_code == 403
    client.force_login(administrator)
    assert [client.get(url).status_code for url in urls] == [200, 302, 200, 200]
    assert client.get(reverse("import_detail", args=[uuid4()])).status_code == 404
    assert client.get(reverse("import_template", args=["fiscal"])).status_code == 404


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_has_the_columns_that_are_read_and_explains_them(kind):
    book = CalamineWorkbook.from_filelike(io.BytesIO(template(KINDS[kind])))
    columns = KINDS[kind].columns

    assert book.sheet_names == [KINDS[kind].sheet, "填写说明"]
    assert book.get_sheet_by_index(0).to_python() == [[column.title for column in columns]]
    hints = book.get_sheet_by_index(1).to_python()
    assert [row[0] for row in hints[1 : len(columns) + 1]] == [column.title for column in columns]


def test_a_template_gives_days_to_new_rows_only():
    book = CalamineWorkbook.from_filelike(io.BytesIO(template(KINDS["figures"])))
    hints = {row[0]: row[2] for row in book.get_sheet_by_name("填写说明").to_python()}

    assert hints["数据截至"] == "新增时空着按写入当天"
    assert any("空着的格不改动已有的记录" in title for title in hints)


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_a_template_is_right_but_for_its_company(kind):
    for column in KINDS[kind].columns:
        if column.field != "uscc":
            column.read(column.example)


def test_an_empty_template_is_not_written(district, administrator):
    run = start("companies", district, administrator, template(KINDS["companies"]))

    assert run.fault_list[0]["text"] == "除了表头没有数据。请从第 2 行起填写。"


@pytest.mark.parametrize("sign", FORMULA_SIGNS)
def test_no_cell_of_the_list_of_faults_is_a_formula(district, administrator, sign):
    """J03: what was uploaded comes back, and a spreadsheet opens it."""
    said = {"text": "%(sign)sx", "values": {"sign": sign}}
    run = Import(fault_list=[{"row": 2, "column": "A", "value": f"{sign}1+2", **said}])

    rows = list(csv.reader(io.StringIO(faults_csv(run).decode("utf-8-sig"))))
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(faults_xlsx(run))).get_sheet_by_index(0)

    assert all(not cell.lstrip().startswith(FORMULA_SIGNS) for row in rows[1:] for cell in row)
    assert sheet.to_python()[1][2:] == [f"{sign}1+2", f"{sign}x"]  # text, not its result
    assert harmless(f"  {sign}1").startswith("'")
    assert harmless("1-2") == "1-2"


def test_the_list_of_faults_goes_from_row_to_row(district, administrator):
    table = [
        COMPANIES,
        (uscc(1), "甲", "", "C3912", ""),
        ("乱写", "乙", "", "C3912", ""),
        (uscc(2), "丙", "没有的街", "A9999", ""),
    ]
    CompanyFactory(uscc=uscc(1), district=District.objects.get(code="330212"))

    run = start("companies", district, administrator, as_csv(table))

    assert [fault["row"] for fault in run.fault_list] == [2, 3, 4, 4]
    rows = csv.reader(io.StringIO(faults_csv(run).decode("utf-8-sig")))
    assert [row[0] for row in rows][1:] == ["2", "3", "4", "4"]


def test_a_command_that_was_uploaded_comes_back_as_text(district, administrator):
    """J03: in both forms of the list, after the way through the import."""
    command = "=cmd|' /C calc'!A0"
    table = [COMPANIES, (uscc(1), "甲", command, "C3912", "")]

    run = start("companies", district, administrator, as_csv(table))

    assert run.fault_list[0]["value"] == command
    told = list(csv.reader(io.StringIO(faults_csv(run).decode("utf-8-sig"))))
    assert told[1][2] == f"'{command}"
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(faults_xlsx(run))).get_sheet_by_index(0)
    assert sheet.to_python()[1][2] == command
