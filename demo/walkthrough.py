"""One application from filing to payment list, through the services that the pages call."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F
from django.utils import timezone

from accounts.models import Department, District, Role, User
from companies.models import (
    BankAccount,
    Company,
    Contact,
    Measure,
    RdInstitution,
    Recognition,
    ScaleYear,
    Source,
    YearlyFigure,
)
from companies.profile.kinds import RecognitionKind
from demo.files import small_pdf
from demo.people import DISTRICT, ensure_member, ensure_people, person
from demo.registry import cnaps, demo_uscc
from disbursements import services as disbursements
from disbursements.payment_list import payment_list
from outbox import services as outbox
from outbox.models import Job, State
from reviews import services as reviews
from reviews.models import Case, Notice, Task, Verdict
from subsidies.applications import services as applications
from subsidies.applications.services import ClaimInput
from subsidies.models import Application, Award, BudgetLine, Item

ITEM, LEVEL = "jb24-03", "key"
INVESTMENT = Decimal("12345678.90")
FISCAL_CONTRIBUTION = Decimal("3100000.00")
# At least so much must be left in the budget before a walk.
ROOM = Decimal("2000000.00")
JOB_PATIENCE = timedelta(seconds=60)


@dataclass(frozen=True)
class Step:
    """One thing done, by whom, and what came of it."""

    name: str
    by: str
    result: str
    details: dict[str, Any] = field(default_factory=dict)


def walk(folder: Path) -> Iterator[Step]:
    """Do the whole way once in the current database; the notice and the list go to `folder`.

    The public notice takes five working days; here it is closed as of the day after its end,
    which its record says.
    """
    district = District.objects.get(code=DISTRICT)
    ensure_people(district)
    company, clerk = _new_company(district)
    item = Item.objects.current().get(code=ITEM)
    lead = item.leads[0]
    _ensure_budget(district, item, lead)

    application = applications.start_application(item, company, by=clerk)
    yield Step("建立草稿", str(clerk), f"{company.name} 申请“{item.title}”")

    for material in item.materials:
        if material["required"]:
            upload = SimpleUploadedFile(f"{material['name']}.pdf", small_pdf(material["name"]))
            applications.attach_file(application, material["name"], upload, by=clerk)
    application = applications.submit_application(
        application,
        [_claim(item)],
        declared=True,
        by=clerk,
        revision=Application.objects.get(pk=application.pk).revision,
    )
    yield Step("提交", str(clerk), f"受理号 {application.number}")

    _finish_job("subsidies.check_application", f"{application.pk}:{application.revision}")
    receipt = application.latest_receipt
    assert receipt is not None
    yield Step(
        "自动校验",
        "系统",
        f"可兑现 {receipt.answer['total']} 元，凭据 {receipt.short_hash}",
        {"answer": receipt.answer},
    )

    yield from _review(application)

    award = Award.objects.get(claim__application=application)
    yield Step("批准入账", str(award.granted_by), f"奖补 {award.amount} 元，已占用预算")

    notice = award.notice
    _finish_job("reviews.render_notice", str(notice.pk))
    notice = Notice.objects.get(pk=notice.pk)
    pdf = folder / f"{application.number}-notice.pdf"
    pdf.write_bytes(notice.pdf.read())
    yield Step("兑现通知书", "系统", f"{notice.number}，校验码 {notice.check_code}")

    yield from _pay(district, award, folder / f"{application.number}-payment-list.xlsx", pdf)


def _review(application: Application) -> Iterator[Step]:
    while (case := Case.objects.get(application=application)).stage is not None:
        stage = case.stage
        tasks = list(Task.objects.open().filter(case=case).select_related("department"))
        if not tasks:
            entry = case.public_notice_entries.get(round=case.round)
            notice = entry.notice
            reviews.end_public_notice(notice.pk, notice.ends_on + timedelta(days=1))
            yield Step("公示", "系统", f"{notice.starts_on} 至 {notice.ends_on}，演示中按到期处理")
            continue
        for task in tasks:
            official = _someone_fresh(case, task)
            reviews.decide(
                task,
                Verdict.AGREE,
                by=official,
                revision=Application.objects.get(pk=application.pk).revision,
                text="经核对，材料齐全，与申报内容一致。",
            )
            yield Step(stage.name, f"{task.department}·{official}", "同意")


def _pay(district: District, award: Award, target: Path, pdf: Path) -> Iterator[Step]:
    finance = reviews.finance_department(district)
    maker, second = (person(finance, Role.FINANCE, number) for number in (2, 3))
    award.refresh_from_db()
    batch = disbursements.make_batch(district, [award], by=maker)
    yield Step("制单", str(maker), f"批次 {batch.number}，{batch.total} 元")
    batch = disbursements.approve_batch(batch, by=second)
    target.write_bytes(payment_list(batch))
    yield Step("复核", str(second), "拨付清单已生成")
    disbursements.mark_paid(batch, on=timezone.localdate(), by=maker)
    award.refresh_from_db()
    yield Step(
        "拨付",
        str(maker),
        f"{award.get_status_display()} {award.amount} 元",
        {
            "award": str(award.pk),
            "status": award.status,
            "amount": str(award.amount),
            "notice": str(pdf),
            "list": str(target),
        },
    )


def _someone_fresh(case: Case, task: Task) -> User:
    """A demo person who may do the task: nobody decides twice on one case."""
    decided = set(case.opinions.filter(round=case.round).values_list("person", flat=True))
    people = User.objects.filter(
        is_demo=True, appointments__department=task.department, appointments__role=task.role
    ).order_by("pk")
    return next(user for user in people if user.pk not in decided)


def _claim(item: Item) -> ClaimInput:
    return ClaimInput(
        level=item.levels.get(code=LEVEL),
        event_date=date(2024, 6, 30),
        subject="精密压铸线自动化改造",
        other_support=Decimal("100000.00"),
        facts={
            "recognised_investment": str(INVESTMENT),
            "eligible_investment": str(INVESTMENT),
        },
    )


def _new_company(district: District) -> tuple[Company, User]:
    """A company of its own for each walk, so that no earlier walk is in its history."""
    number = Company.objects.filter(uscc__startswith="91330205WT").count() + 1
    company = Company.objects.create(
        district=district,
        name=f"宁波走通精密机械有限公司（第 {number} 次）",
        uscc=demo_uscc("WT", number),
        street="330205103",
        industry="C3912",
    )
    ScaleYear.objects.create(company=company, year=2024, above_scale=True)
    for kind, level in (
        (RecognitionKind.HIGH_TECH, ""),
        (RecognitionKind.RD_INSTITUTION, RdInstitution.MUNICIPAL),
    ):
        Recognition.objects.create(
            company=company, kind=kind, level=level, valid_from=date(2023, 12, 8)
        )
    Contact.objects.create(company=company, name="王琳", phone="0574-00000000", is_main=True)
    BankAccount.objects.create(
        company=company,
        holder=company.name,
        bank="中国工商银行股份有限公司宁波江北支行",
        number=f"39010{number:014d}",
        cnaps=cnaps("102", 1),
    )
    figures = {
        (2024, Measure.RD_SPEND): Decimal("5200000.00"),
        (2024, Measure.REVENUE): Decimal("98000000.00"),
        (2024, Measure.FISCAL_CONTRIBUTION): FISCAL_CONTRIBUTION,
        (2023, Measure.RD_SPEND): Decimal("4000000.00"),
    }
    YearlyFigure.objects.bulk_create(
        YearlyFigure(
            company=company, year=year, measure=measure, value=value, source=Source.STATISTICS
        )
        for (year, measure), value in figures.items()
    )
    return company, ensure_member(f"walkthrough-{number}", "王琳", company)


def _ensure_budget(district: District, item: Item, lead: Department) -> None:
    """A line to draw on; one that earlier walks used up is added to, as finance would."""
    year = timezone.localdate().year
    document = item.edition.document
    key = {"district": district, "year": year, "document": document, "department": lead}
    line, _created = BudgetLine.objects.get_or_create(
        **key,
        item_code="",
        defaults={
            "code": f"{year}-{document.code}-{lead.code}",
            "name": f"{document.code}·{lead.short_name}",
            "total": 10 * ROOM,
        },
    )
    if line.left < ROOM:
        BudgetLine.objects.filter(pk=line.pk).update(total=F("reserved") + F("granted") + ROOM)


def _finish_job(kind: str, key: str) -> None:
    """Do a job here, or wait for the worker that has it."""
    deadline = time.monotonic() + JOB_PATIENCE.total_seconds()
    while True:
        job = Job.objects.get(kind=kind, key=key)
        if job.state == State.DONE:
            return
        outbox.perform(job.pk)
        if time.monotonic() > deadline:
            raise RuntimeError(f"{job}: {job.last_error}")
        time.sleep(0.1)
