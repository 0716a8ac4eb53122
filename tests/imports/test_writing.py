"""What a table changes, that it is shown before, and that it happens whole or not at all."""

import tracemalloc
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Appointment, Role, User
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.models import Entry
from companies.facts import company_facts
from companies.files import store_file
from companies.imports import services
from companies.imports.access import ImportKind
from companies.imports.models import Import, ImportState
from companies.merging import services as merging
from companies.models import Company, CreditEntry, Incident, Recognition, YearlyFigure
from companies.said import say_again
from companies.vault.kinds import FileKind
from outbox.models import Job
from outbox.services import perform, perform_due
from tests import domain
from tests.factories import (
    AppointmentFactory,
    CompanyFactory,
    MemberFactory,
    YearlyFigureFactory,
    uscc,
)
from tests.imports.tables import (
    AGREEMENTS,
    COMPANIES,
    CONTACTS,
    CREDIT,
    FIGURES,
    FISCAL,
    INCIDENTS,
    RECOGNITIONS,
    SCALE,
    WHOLE_CREDIT,
    as_csv,
    as_xlsx,
    company_rows,
    confirm,
    start,
)

WARN = "91350203M0001QKT19"  # genuine, with a wrong last sign


@pytest.mark.parametrize("make", [as_csv, as_xlsx])
def test_new_companies_are_written_once_confirmed(district, administrator, make):
    run = start("companies", district, administrator, make([COMPANIES, *company_rows(3)]))

    assert (run.state, run.new, run.changed, run.same) == (ImportState.READY, 3, 0, 0)
    assert not Company.objects.filter(name__contains="导入").exists()

    run = confirm(run, administrator)

    assert run.state == ImportState.WRITTEN
    written = Company.objects.get(uscc=uscc(5001))
    assert (written.name, written.district, written.industry) == (
        "宁波导入1有限公司",
        district,
        "C3912",
    )
    assert written.get_street_display() == "慈城镇"


def test_the_same_table_twice_changes_nothing(district, administrator):
    content = as_csv([COMPANIES, *company_rows(3)])
    confirm(start("companies", district, administrator, content), administrator)

    again = start("companies", district, administrator, content)

    assert (again.state, again.new, again.changed) == (ImportState.UNCHANGED, 0, 0)
    assert again.same == 3
    with pytest.raises(StateChanged, match="没有变化"):
        confirm(again, administrator)
    with pytest.raises(StateChanged, match="不能放弃"):
        services.discard_import(again, by=administrator)


def test_the_same_table_tomorrow_changes_nothing_where_the_day_is_empty(
    district, administrator, treasurer, clock
):
    company = CompanyFactory(district=district)
    code = company.uscc
    tables = [
        (administrator, "figures", [FIGURES, (code, 2025, "营业收入", "9", "税务导入", "")]),
        (treasurer, "fiscal", [FISCAL, (code, 2025, "9", "税务导入", "")]),
        (
            administrator,
            "credit",
            [WHOLE_CREDIT, (code, "行政处罚", "一般", "排污", "1号", "2026-02-28", "", "")],
        ),
    ]
    for by, kind, rows in tables:
        confirm(start(kind, district, by, as_csv(rows)), by)
    clock.shift(timedelta(days=1))

    again = [start(kind, district, by, as_csv(rows)) for by, kind, rows in tables]

    assert {run.state for run in again} == {ImportState.UNCHANGED}
    written = [*company.figures.all(), *company.credit_entries.all()]
    assert [row.as_of for row in written] == [date(2026, 3, 11)] * 3


def test_what_a_figure_is_stands_in_the_preview(district, administrator):
    company = CompanyFactory(district=district, name="宁波已知有限公司")
    for measure, value in (("revenue", "1200000.5"), ("staff", "85")):
        YearlyFigureFactory(
            company=company, year=2025, measure=measure, source="tax", value=Decimal(value)
        )
    rows = [
        (company.uscc, 2025, "营业收入", "1300000", "税务导入", ""),
        (company.uscc, 2025, "从业人员", "1086", "税务导入", ""),
        (company.uscc, 2024, "从业人员", "70", "统计导入", ""),
    ]

    run = start("figures", district, administrator, as_csv([FIGURES, *rows]))

    assert {sample["name"] for sample in run.samples} == {"宁波已知有限公司"}
    assert [sample["named"] for sample in run.samples] == [
        [["年度", "2025"], ["指标", "营业收入"], ["来源", "税务导入"]],
        [["年度", "2025"], ["指标", "从业人员"], ["来源", "税务导入"]],
        [["年度", "2024"], ["指标", "从业人员"], ["来源", "统计导入"]],
    ]
    assert [sample["changes"] for sample in run.samples] == [
        [["数值", "1,200,000.50 元", "1,300,000.00 元"]],
        [["数值", "85 人", "1,086 人"]],
        [["数值", "", "70 人"]],
    ]


def test_who_imported_a_figure_stands_under_it(district, administrator):
    company = CompanyFactory(district=district)
    figure = YearlyFigureFactory(company=company, year=2025, measure="rd_spend", source="tax")
    rows = [
        (company.uscc, 2025, "研发投入", "5200000", "税务导入", ""),
        (company.uscc, 2025, "营业收入", "9900000", "税务导入", ""),
    ]

    confirm(start("figures", district, administrator, as_csv([FIGURES, *rows])), administrator)

    figure.refresh_from_db()
    for written in (figure, company.figures.get(measure="revenue")):
        assert (written.entered_by, written.entered_at) == (administrator, timezone.now())


def test_contacts_are_written_and_found_again_by_their_names(district, administrator):
    company = CompanyFactory(district=district)
    known = company.contacts.create(name="王红", phone="0574-87650000", is_main=True)
    rows = [
        (company.uscc, "王红", "财务经理", "13800000001", ""),
        (company.uscc, "李明", "", "", "li@example.com"),
    ]
    content = as_csv([CONTACTS, *rows])

    run = confirm(start("contacts", district, administrator, content), administrator)

    assert (run.new, run.changed) == (1, 1)
    known.refresh_from_db()
    assert (known.role, known.phone, known.is_main) == ("财务经理", "13800000001", True)
    other = company.contacts.get(name="李明")
    assert (other.email, other.is_main) == ("li@example.com", False)
    again = start("contacts", district, administrator, content)
    assert again.state == ImportState.UNCHANGED


def test_an_open_form_hears_of_imported_contacts(district, administrator):
    new, changed, same = CompanyFactory.create_batch(3, district=district)
    for company in (changed, same):
        company.contacts.create(name="王红", phone="0574-87650000")
    table = [
        CONTACTS,
        (new.uscc, "李明", "", "13800000001", ""),
        (changed.uscc, "王红", "", "13800000001", ""),
        (same.uscc, "王红", "", "0574-87650000", ""),
    ]

    confirm(start("contacts", district, administrator, as_csv(table)), administrator)

    for company, revision in ((new, 1), (changed, 1), (same, 0)):
        company.refresh_from_db()
        assert company.revision == revision


def test_only_what_differs_is_shown_with_before_and_after_and_written(district, administrator):
    company = CompanyFactory(
        district=district, name="宁波旧名有限公司", industry="3911", address="旧路 1 号"
    )
    row = (company.uscc, "宁波新名有限公司", "", "C3912", "")

    run = start("companies", district, administrator, as_csv([COMPANIES, row]))

    assert (run.new, run.changed, run.same) == (0, 1, 0)
    assert run.samples == [
        {
            "row": 2,
            "code": company.uscc,
            "name": "宁波新名有限公司",
            "named": [],
            "new": False,
            "changes": [
                ["企业名称", "宁波旧名有限公司", "宁波新名有限公司"],
                ["所属行业", "3911", "C3912"],
            ],
        }
    ]
    confirm(run, administrator)
    company.refresh_from_db()
    assert (company.name, company.industry) == ("宁波新名有限公司", "C3912")
    assert company.address == "旧路 1 号"


def test_an_empty_cell_leaves_what_is_known(district, administrator):
    company = CompanyFactory(district=district, industry="C3912", address="旧路 1 号")
    row = (company.uscc, company.name, "", "", "")

    run = start("companies", district, administrator, as_csv([COMPANIES, row]))

    assert (run.changed, run.same) == (0, 1)


def test_figures_entries_and_incidents_are_written_and_found_again(district, administrator):
    company = CompanyFactory(district=district)
    tables = {
        "figures": [FIGURES, (company.uscc, 2025, "研发投入", "5200000", "统计导入", "")],
        "credit": [
            CREDIT,
            (company.uscc, "严重失信主体名单", "欠缴税款", "甬税1号", "2025-03-01", "2025-09-01"),
        ],
        "incidents": [INCIDENTS, (company.uscc, "安全生产", "2025-03-01", "一般事故")],
    }
    for kind, rows in tables.items():
        run = start(kind, district, administrator, as_csv(rows))
        assert (run.new, run.changed) == (1, 0), run.fault_list
        confirm(run, administrator)
        again = start(kind, district, administrator, as_csv(rows))
        assert (again.new, again.changed, again.same) == (0, 0, 1)

    figure = YearlyFigure.objects.get(company=company)
    assert (figure.value, figure.as_of) == (Decimal("5200000.00"), date(2026, 3, 11))
    entry = CreditEntry.objects.get(company=company)
    assert (entry.source, entry.repaired_on) == ("信用中国", date(2025, 9, 1))
    assert Incident.objects.get(company=company).note == "一般事故"


def test_a_repair_reaches_the_entry_with_the_same_document(district, administrator):
    company = CompanyFactory(district=district)
    entry = CreditEntry.objects.create(
        company=company, title="欠税", number="甬税1号", listed_on=date(2025, 3, 1)
    )
    row = (company.uscc, "严重失信主体名单", "欠缴税款", "甬税1号", "2025-03-01", "2025-09-01")

    run = confirm(start("credit", district, administrator, as_csv([CREDIT, row])), administrator)

    assert run.changed == 1
    entry.refresh_from_db()
    assert (entry.title, entry.repaired_on) == ("欠缴税款", date(2025, 9, 1))


def test_an_entry_is_written_with_its_kind_its_grade_and_its_days(district, administrator):
    company = CompanyFactory(district=district)
    row = (company.uscc, "行政处罚", "一般", "排污", "甬环罚1号", "2026-02-28", "", "2026-03-01")
    content = as_csv([WHOLE_CREDIT, row], "gb18030")

    confirm(start("credit", district, administrator, content), administrator)
    again = start("credit", district, administrator, content)

    entry = CreditEntry.objects.get(company=company)
    assert (entry.kind, entry.grade, entry.as_of) == ("penalty", "general", date(2026, 3, 1))
    assert entry.valid_until == date(2027, 2, 28)  # the most that the grade allows
    assert (again.new, again.changed, again.same) == (0, 0, 1)


def test_the_treasurer_writes_the_fiscal_contribution(district, treasurer):
    company = CompanyFactory(district=district)
    content = as_csv([FISCAL, (company.uscc, 2025, "3000000", "税务导入", "2026-01-31")])

    confirm(start("fiscal", district, treasurer, content), treasurer)

    figure = YearlyFigure.objects.get(company=company)
    assert (figure.measure, figure.source, figure.value) == (
        "fiscal_contribution",
        "tax",
        Decimal("3000000.00"),
    )


# Who


def test_only_finance_imports_the_fiscal_contribution(district, administrator, treasurer):
    with pytest.raises(NotAllowed):
        start("fiscal", district, administrator, as_csv([FISCAL]))
    with pytest.raises(NotAllowed):
        start("companies", district, treasurer, as_csv([COMPANIES]))


def test_an_import_is_seen_and_confirmed_only_by_those_who_may_import_it(
    district, administrator, treasurer
):
    run = start("companies", district, administrator, as_csv([COMPANIES, *company_rows(1)]))

    assert list(Import.objects.visible_to(administrator)) == [run]
    assert not Import.objects.visible_to(treasurer).exists()
    with pytest.raises(NotAllowed):
        confirm(run, treasurer)
    with pytest.raises(NotAllowed):
        services.discard_import(run, by=treasurer)


def test_a_role_that_ended_confirms_nothing(district, administrator):
    run = start("companies", district, administrator, as_csv([COMPANIES, *company_rows(1)]))
    Appointment.objects.filter(user=administrator, role=Role.ADMINISTRATOR).update(
        ends_on=date(2026, 3, 10)
    )

    with pytest.raises(NotAllowed):
        confirm(run, User.objects.get(pk=administrator.pk))


# Doubtful codes


def test_a_code_with_a_wrong_last_sign_is_written_only_if_a_person_confirms_it(
    district, administrator
):
    rows = [COMPANIES, (WARN, "厦门一有限公司", "", "", "")]
    run = start("companies", district, administrator, as_csv(rows))

    assert (run.state, [doubt["code"] for doubt in run.doubtful]) == (ImportState.READY, [WARN])
    with pytest.raises(Refused, match="核对存疑的代码"):
        confirm(run, administrator)

    run = confirm(run, administrator, codes_confirmed=True)

    assert Company.objects.filter(uscc=WARN).exists()
    act = Entry.objects.get(action="import.written", about_id=str(run.pk))
    assert (act.actor, act.data["confirmed_codes"]) == (administrator, [WARN])


def test_a_code_that_is_no_companys_is_asked_about(district, administrator):
    rows = [COMPANIES, ("12330282688011591A", "某事业单位", "", "", "")]

    run = start("companies", district, administrator, as_csv(rows))

    assert "91、92、93" in run.doubtful[0]["reason"]


def test_a_confirmed_code_is_not_asked_about_again(district, administrator):
    CompanyFactory(uscc=WARN, name="厦门一有限公司", district=district, industry="3911")

    run = start(
        "companies",
        district,
        administrator,
        as_csv([COMPANIES, (WARN, "厦门一有限公司", "", "C3912", "")]),
    )

    assert (run.changed, run.doubtful) == (1, [])


# Whole or not at all


def test_the_audit_names_the_file_its_hash_and_the_counts(district, administrator):
    content = as_csv([COMPANIES, *company_rows(2)])
    run = confirm(start("companies", district, administrator, content), administrator)

    act = Entry.objects.get(action="import.written", about_id=str(run.pk))

    assert act.data["sha256"] == run.sha256
    assert (act.data["new"], act.data["changed"], act.data["same"]) == (2, 0, 0)


def test_what_was_not_shown_is_not_written(district, administrator):
    rows = company_rows(3)
    run = start("companies", district, administrator, as_csv([COMPANIES, *rows]))
    services.confirm_import(run, plan=run.plan, codes_confirmed=False, by=administrator)
    # Between the look and the writing somebody registers one of the companies otherwise.
    CompanyFactory(uscc=rows[1][0], name="宁波抢先有限公司", district=district)

    perform_due()

    run.refresh_from_db()
    assert (run.state, run.new, run.changed, run.confirmed_by) == (ImportState.READY, 2, 1, None)
    assert "数据在预览之后变了" in run.note
    assert not Company.objects.filter(uscc=rows[0][0]).exists()
    assert Company.objects.get(uscc=rows[1][0]).name == "宁波抢先有限公司"

    run = confirm(run, administrator)

    assert run.state == ImportState.WRITTEN
    assert Company.objects.get(uscc=rows[1][0]).name == rows[1][1]


def test_a_failure_in_the_last_batch_takes_back_the_first(district, administrator, monkeypatch):
    monkeypatch.setattr("companies.imports.plan.BATCH", 2)
    run = start("companies", district, administrator, as_csv([COMPANIES, *company_rows(5)]))
    services.confirm_import(run, plan=run.plan, codes_confirmed=False, by=administrator)
    create = Company.objects.bulk_create

    def fail_at_the_end(rows, **options):
        if len(rows) == 1:
            raise OSError("the disk is full")
        return create(rows, **options)

    monkeypatch.setattr(Company._default_manager, "bulk_create", fail_at_the_end)
    job = Job.objects.get(kind="companies.write_import")
    assert perform(job.pk) is False

    assert not Company.objects.filter(name__contains="导入").exists()
    monkeypatch.undo()
    Job.objects.filter(pk=job.pk).update(run_at="2026-03-11T00:00:00Z")
    perform_due()
    run.refresh_from_db()
    assert (run.state, Company.objects.filter(name__contains="导入").count()) == (
        ImportState.WRITTEN,
        5,
    )


def test_an_import_that_met_another_act_is_tried_again_and_says_so(
    transactional_db, district, administrator, client, clock
):
    company = CompanyFactory(district=district, industry="C3912")
    row = (company.uscc, company.name, "", "C3525", "")
    run = start("companies", district, administrator, as_csv([COMPANIES, row]))
    services.confirm_import(run, plan=run.plan, codes_confirmed=False, by=administrator)
    job = Job.objects.get(kind="companies.write_import")
    client.force_login(administrator)
    domain.execute("SET lock_timeout = '100ms'")

    with closing(connections["default"].copy()) as other, other.cursor() as cursor:
        # As a merge would.
        cursor.execute("BEGIN")
        cursor.execute("SELECT FROM companies_company WHERE id = %s FOR UPDATE", [company.pk])
        assert perform(job.pk) is False
    assert "系统会自动再试几次" in client.get(run.get_absolute_url()).text
    clock.shift(timedelta(seconds=10))
    perform_due()

    domain.execute("RESET lock_timeout")
    run.refresh_from_db()
    company.refresh_from_db()
    assert (run.state, run.note, company.industry) == (ImportState.WRITTEN, "", "C3525")


def test_a_job_delivered_twice_writes_once(district, administrator):
    run = confirm(
        start("companies", district, administrator, as_csv([COMPANIES, *company_rows(2)])),
        administrator,
    )
    written_at = run.written_at

    services.write_import(run)
    services.check_import(run)

    run.refresh_from_db()
    assert (run.state, run.written_at) == (ImportState.WRITTEN, written_at)
    assert Entry.objects.filter(action="import.written").count() == 1


def test_a_table_is_confirmed_once_and_as_it_was_shown(district, administrator):
    run = start("companies", district, administrator, as_csv([COMPANIES, *company_rows(2)]))

    with pytest.raises(StateChanged, match="请再看一遍"):
        confirm(run, administrator, plan="0" * 64)
    confirm(run, administrator)
    with pytest.raises(StateChanged, match="已写入"):
        confirm(run, administrator)
    with pytest.raises(StateChanged, match="不能放弃"):
        services.discard_import(run, by=administrator)


def test_a_discarded_table_is_never_written(district, administrator):
    run = start("companies", district, administrator, as_csv([COMPANIES, *company_rows(2)]))
    services.confirm_import(run, plan=run.plan, codes_confirmed=False, by=administrator)
    services.discard_import(run, by=administrator)

    perform_due()

    run.refresh_from_db()
    assert run.state == ImportState.DISCARDED
    assert not Company.objects.filter(name__contains="导入").exists()


def test_a_faulty_table_is_not_confirmed(district, administrator):
    run = start("companies", district, administrator, as_csv([COMPANIES, ("短", "", "", "", "")]))

    with pytest.raises(StateChanged, match="有错误"):
        confirm(run, administrator)


def test_the_progress_is_seen_while_the_table_is_written(
    transactional_db, district, administrator, monkeypatch
):
    monkeypatch.setattr("companies.imports.plan.BATCH", 500)
    run = start("companies", district, administrator, as_csv([COMPANIES, *company_rows(2500)]))
    services.confirm_import(run, plan=run.plan, codes_confirmed=False, by=administrator)
    seen = []

    def look(rows, **options):
        with closing(connections["default"].copy()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT percent FROM companies_importprogress")
            seen.append(cursor.fetchone()[0])
        return create(rows, **options)

    create = Company.objects.bulk_create
    monkeypatch.setattr(Company._default_manager, "bulk_create", look)
    perform_due()

    assert seen == sorted(seen)
    assert seen[-1] > 0


# What is dated


def test_scale_recognitions_and_agreements_are_written_and_found_again(district, administrator):
    company = CompanyFactory(district=district, above_scale=False, recognised=False)
    code = company.uscc
    tables = {
        "scale": [SCALE, (code, 2025, "是", "统计导入")],
        "recognitions": [
            RECOGNITIONS,
            (code, "高新技术企业", "", "", "GR202533100001", "2025-12-08", "2028-12-07"),
            (code, "研发机构", "是", "省级", "", "2024-01-01", ""),
        ],
        "agreements": [AGREEMENTS, (code, "培育期约定", "2000000", "协议1号", "2025-01-01", "")],
    }
    for kind, rows in tables.items():
        run = start(kind, district, administrator, as_csv(rows))
        assert run.new == len(rows) - 1, run.fault_list
        confirm(run, administrator)
        again = start(kind, district, administrator, as_csv(rows))
        assert (again.new, again.changed, again.same) == (0, 0, len(rows) - 1)

    facts = company_facts(company, year=2025)
    assert (facts["above_scale"], facts["high_tech"], facts["rd_institution"]) == (
        True,
        True,
        "provincial",
    )
    assert facts["cultivation_cap"] == "2000000.00"


@pytest.mark.parametrize(
    ("kind", "row", "says"),
    [
        ("recognitions", ("研发机构", "", "", "", "2025-01-01", ""), "须填写级别"),
        ("recognitions", ("高新技术企业", "", "市级", "", "2025-01-01", ""), "有级别，请清空"),
        ("recognitions", ("高新技术企业", "", "", "", "2025-01-02", "2025-01-01"), "不能早于"),
        ("agreements", ("培育期约定", "", "", "2025-01-01", ""), "须写明年度额度"),
    ],
)
def test_dated_facts_that_cannot_be_are_told(district, administrator, kind, row, says):
    company = CompanyFactory(district=district)
    header = RECOGNITIONS if kind == "recognitions" else AGREEMENTS

    run = start(kind, district, administrator, as_csv([header, (company.uscc, *row)]))

    assert says in run.fault_list[0]["text"]


def test_staff_are_written_as_whole_persons(district, administrator):
    company = CompanyFactory(district=district)
    row = (company.uscc, 2025, "从业人员", "12.5", "统计导入", "")

    run = start("figures", district, administrator, as_csv([FIGURES, row]))

    assert "请写整数" in run.fault_list[0]["text"]


def test_another_value_loses_the_paper_and_the_mark_of_the_old_one(district, administrator):
    company = CompanyFactory(district=district)
    upload = SimpleUploadedFile("审计报告.pdf", domain.PDF)
    paper = store_file(company, upload, by=administrator, kind=FileKind.ACCOUNTS)
    proven = {"company": company, "year": 2025, "is_audited": True, "evidence": paper}
    revenue = YearlyFigureFactory(measure="revenue", value=100, **proven)
    spend = YearlyFigureFactory(measure="rd_spend", value=5, **proven)
    table = [
        FIGURES,
        (company.uscc, 2025, "营业收入", "900", revenue.get_source_display(), "2026-01-31"),
        (company.uscc, 2025, "研发投入", "5", spend.get_source_display(), "2026-01-31"),
    ]

    run = start("figures", district, administrator, as_csv(table))

    changes = {sample["row"]: sample["changes"] for sample in run.samples}
    assert changes[2][0] == ["数值", "100.00 元", "900.00 元"]
    assert changes[2][-2:] == [["经审计", "有", "无"], ["依据文件", "有", "无"]]
    assert [title for title, _before, _after in changes[3]] == ["数据截至"]
    confirm(run, administrator)
    revenue.refresh_from_db()
    spend.refresh_from_db()
    assert (revenue.value, revenue.is_audited, revenue.evidence) == (900, False, None)
    assert (spend.is_audited, spend.evidence) == (True, paper)


def test_a_frozen_figure_is_not_overwritten_by_a_table(district, treasurer):
    company = CompanyFactory(district=district)
    YearlyFigureFactory(company=company, frozen_at=timezone.now())

    run = start(
        "fiscal",
        district,
        treasurer,
        as_csv([FISCAL, (company.uscc, 2025, "1", "税务导入", "")]),
    )

    assert "已锁定（已用于核算年度总量），不能覆盖" in run.fault_list[0]["text"]


def test_a_row_of_the_uploaders_own_company_is_a_fault(district, treasurer):
    member = MemberFactory(user=treasurer, ended_at=timezone.now())
    rows = [
        (CompanyFactory(district=district).uscc, 2025, "3000000", "税务导入", ""),
        (member.company.uscc, 2025, "9000000", "税务导入", ""),
    ]

    run = start("fiscal", district, treasurer, as_csv([FISCAL, *rows]))

    assert run.state == ImportState.FAULTY
    (fault,) = run.fault_list
    assert (fault["row"], fault["column"]) == (3, "A 统一社会信用代码")
    assert "须由另一人导入" in fault["text"]


def test_a_row_of_the_confirmers_own_company_is_not_written(district, administrator):
    company = CompanyFactory(district=district)
    department = administrator.appointments.get().department
    other = AppointmentFactory(department=department, role=Role.ADMINISTRATOR).user
    MemberFactory(user=other, company=company, ended_at=timezone.now())
    row = (company.uscc, 2025, "研发投入", "5200000", "税务导入", "")
    run = start("figures", district, administrator, as_csv([FIGURES, row]))
    assert run.state == ImportState.READY

    run = confirm(run, other)

    assert run.state == ImportState.FAULTY
    assert "须由另一人导入" in run.fault_list[0]["text"]
    assert not company.figures.exists()


def test_what_is_no_longer_recognised_loses_its_level(district, administrator):
    company = CompanyFactory(district=district, recognised=False)
    known = company.recognitions.create(
        kind="rd_institution", level="municipal", number="甲", valid_from=date(2025, 1, 1)
    )
    row = (company.uscc, "研发机构", "否", "", "甲", "2025-01-01", "")

    run = confirm(
        start("recognitions", district, administrator, as_csv([RECOGNITIONS, row])), administrator
    )

    assert run.state == ImportState.WRITTEN
    assert ["级别", "市级", ""] in run.samples[0]["changes"]
    known.refresh_from_db()
    assert (known.holds, known.level) == (False, "")


def test_a_row_is_checked_as_it_will_stand_with_what_is_known(district, administrator):
    company = CompanyFactory(district=district)
    company.credit_entries.create(
        title="欠税", number="甲", listed_on=date(2025, 1, 1), repaired_on=date(2025, 3, 1)
    )
    row = (company.uscc, "行政处罚", "欠税", "甲", "2025-06-01", "")

    run = start("credit", district, administrator, as_csv([CREDIT, row]))

    assert run.state == ImportState.FAULTY
    (fault,) = run.fault_list
    assert (fault["row"], fault["column"]) == (2, "F 修复日期")
    assert "2025-03-01 不能早于决定日期 2025-06-01" in say_again(fault)


def test_a_grade_that_comes_later_brings_its_last_day(district, administrator):
    company = CompanyFactory(district=district)
    entry = company.credit_entries.create(
        kind="penalty", title="欠税", number="甲", listed_on=date(2025, 6, 1)
    )
    row = (company.uscc, "行政处罚", "一般", "欠税", "甲", "2025-06-01", "", "")

    run = confirm(
        start("credit", district, administrator, as_csv([WHOLE_CREDIT, row])), administrator
    )

    assert ["公示到", "", "2026-06-01"] in run.samples[0]["changes"]
    entry.refresh_from_db()
    assert (entry.grade, entry.valid_until) == ("general", date(2026, 6, 1))


def test_a_graver_grade_brings_a_longer_term(district, administrator):
    company = CompanyFactory(district=district)
    entry = company.credit_entries.create(
        kind="penalty",
        title="欠税",
        number="甲",
        grade="general",
        listed_on=date(2025, 6, 1),
        valid_until=date(2026, 6, 1),
    )
    row = (company.uscc, "行政处罚", "严重", "欠税", "甲", "2025-06-01", "", "")

    run = confirm(
        start("credit", district, administrator, as_csv([WHOLE_CREDIT, row])), administrator
    )

    assert ["公示到", "2026-06-01", "2028-06-01"] in run.samples[0]["changes"]
    entry.refresh_from_db()
    assert (entry.grade, entry.valid_until) == ("serious", date(2028, 6, 1))


def test_an_industry_that_the_standard_does_not_know_is_a_fault(district, administrator):
    row = (uscc(5001), "宁波导入有限公司", "", "A9999", "")

    run = start("companies", district, administrator, as_csv([COMPANIES, row]))

    assert run.state == ImportState.FAULTY
    (fault,) = run.fault_list
    assert (fault["row"], fault["column"]) == (2, "D 所属行业")
    assert "行业分类里没有这个代码" in fault["text"]


@pytest.mark.parametrize("typed", ["3912", "C3912", "c3912", "３９１２"])
def test_an_industry_is_kept_in_one_form_however_it_is_typed(district, administrator, typed):
    known = CompanyFactory(district=district, industry="C3912")
    rows = [
        (known.uscc, known.name, "", typed, ""),
        (uscc(5001), "宁波导入有限公司", "", typed, ""),
    ]

    run = confirm(
        start("companies", district, administrator, as_csv([COMPANIES, *rows])), administrator
    )

    assert (run.new, run.changed, run.same) == (1, 0, 1)
    assert Company.objects.filter(industry="C3912").count() == 2


def test_an_open_form_hears_of_an_import(district, administrator):
    company = CompanyFactory(district=district, industry="C3912")
    row = (company.uscc, company.name, "", "C3525", "")

    confirm(start("companies", district, administrator, as_csv([COMPANIES, row])), administrator)

    company.refresh_from_db()
    assert (company.industry, company.revision) == ("C3525", 1)


def test_a_row_whose_paper_stayed_at_a_merged_row_is_changed(district, administrator):
    kept, removed = CompanyFactory.create_batch(2, district=district)
    papers = [
        store_file(
            company,
            SimpleUploadedFile("认定文件.pdf", domain.PDF),
            by=administrator,
            kind=FileKind.RECOGNITION,
        )
        for company in (kept, removed)
    ]
    facts = {"evidence": papers[1], "company": removed}
    YearlyFigureFactory(year=2024, measure="revenue", source="statistics", value=1, **facts)
    Recognition.objects.create(
        kind="high_tech", number="GR2025", valid_from=date(2025, 1, 1), **facts
    )
    merging.merge(kept, removed, by=administrator)
    assert removed.files.get() == papers[1]

    tables = {
        "figures": [FIGURES, (kept.uscc, 2024, "营业收入", "5", "统计导入", "2026-01-31")],
        "recognitions": [
            RECOGNITIONS,
            (kept.uscc, "高新技术企业", "", "", "GR2025", "2025-01-01", "2027-12-31"),
        ],
    }
    for kind, rows in tables.items():
        run = start(kind, district, administrator, as_csv(rows))
        assert (run.state, run.new, run.changed) == (ImportState.READY, 0, 1), run.fault_list


def test_contacts_lock_their_companies_at_once_in_order(district, administrator, monkeypatch):
    monkeypatch.setattr("companies.imports.plan.BATCH", 1)
    companies = CompanyFactory.create_batch(3, district=district)
    rows = [(company.uscc, "李明", "", "13800000001", "") for company in reversed(companies)]
    run = start("contacts", district, administrator, as_csv([CONTACTS, *rows]))

    with CaptureQueriesContext(connections["default"]) as asked:
        confirm(run, administrator)

    statements = [query["sql"] for query in asked]
    [lock] = [
        place
        for place, sql in enumerate(statements)
        if 'FROM "companies_company"' in sql and "FOR NO KEY UPDATE" in sql
    ]
    assert 'ORDER BY "companies_company"."id" ASC' in statements[lock]
    assert all(str(company.pk) in statements[lock] for company in companies)
    assert not any('INSERT INTO "companies_contact"' in sql for sql in statements[:lock])


def test_the_memory_of_an_import_hardly_grows_with_its_rows(district, administrator, monkeypatch):
    """I02: what a row leaves behind fits 100,000 rows into some ten megabytes. How much the whole
    worker takes `make bench ONLY=import-100000` says."""
    monkeypatch.setattr("companies.imports.plan.BATCH", 100)
    monkeypatch.setattr("companies.imports.files.BLOCK", 10_000)
    # What is only made once is made before.
    most_memory(district, administrator, company_rows(1))
    few = most_memory(district, administrator, company_rows(300, first=10_000))
    many = most_memory(district, administrator, company_rows(1500, first=20_000))

    assert many - few < 1200 * 400


def most_memory(district, administrator, rows):
    """The most bytes that Python held while the table was checked and written."""
    upload = SimpleUploadedFile("表.csv", as_csv([COMPANIES, *rows]))
    run = services.start_import(ImportKind.COMPANIES, district, upload, by=administrator)
    tracemalloc.start()
    services.check_import(run)
    run.refresh_from_db()
    services.confirm_import(run, plan=run.plan, codes_confirmed=False, by=administrator)
    services.write_import(run)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert Company.objects.filter(uscc=rows[-1][0]).exists()
    return most
