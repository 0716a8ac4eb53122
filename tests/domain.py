"""How tests walk through the services: a filed application, a case at a stage, a granted award."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InternalError, ProgrammingError, connection, transaction
from django.utils import timezone

from accounts.models import Appointment, Department, Role, User
from companies.models import Company, FigureCorrection, YearlyFigure
from reviews import services as reviews
from reviews.models import Case, Opinion, StageKind, Task, Verdict
from subsidies.applications import services as applications
from subsidies.applications.services import ClaimInput
from subsidies.ledger import services as ledger
from subsidies.ledger.models import AwardStatus
from subsidies.models import Application, Award, Item, Level
from tests.factories import (
    BankAccountFactory,
    BudgetLineFactory,
    CompanyFactory,
    MemberFactory,
    YearlyFigureFactory,
)

TODAY = date(2026, 3, 11)
EVENT = date(2025, 6, 30)
# What psycopg makes of a trigger's refusal.
REFUSED_BY_TRIGGER = (InternalError, ProgrammingError)
PDF = b"%PDF-1.7\n%%EOF\n"

# Items by what their way is like.
ALONE = "jb24-13a"  # 区经信局 leads, nobody is asked besides; up to 10,000 yuan
JOINED = "jb24-08a"  # 区科技局 leads, 区发改局 and 区经信局 are asked; tech, 100,000 yuan
TWO_LEADS = "jb22-2b"  # 区发改局 and 区科技局 lead, four are asked; up to 1,000,000 yuan
LADDER = "jb24-14a"  # 区经信局 leads; 30,000, 50,000, 100,000, 200,000 yuan, less what was had
LEVELS = {
    ALONE: "diagnosis",
    JOINED: "city-tech-centre",
    TWO_LEADS: "revenue",
    LADDER: "factory-provincial",
    "jb24-03": "key",
    "jb24-12": "city-factory",
    "jb22-1b": "upscale",
}


def item(code: str) -> Item:
    return Item.objects.current().get(code=code)


def claim(code: str = ALONE, level: str = "", **given: Any) -> ClaimInput:
    row = Level.objects.get(item=item(code), code=level or LEVELS[code])
    return ClaimInput(**{"level": row, "event_date": EVENT, **given})


def investment(amount: str, **given: Any) -> ClaimInput:
    """A claim of 6 % of a technical investment, at most 3,000,000 yuan."""
    facts = {"recognised_investment": amount, "eligible_investment": amount}
    return claim("jb24-03", **{"subject": "压铸线改造", "facts": facts, **given})


def company_with_everything(*, fiscal_contribution: str | None = "3000000.00") -> Company:
    """A company that may apply: figures of two years, an account, one person."""
    company = CompanyFactory()
    BankAccountFactory(company=company)
    MemberFactory(company=company)
    for year, measure, value in [
        (2024, "rd_spend", "4000000.00"),
        (2025, "rd_spend", "5200000.00"),
        (2025, "revenue", "98000000.00"),
        (2025, "fiscal_contribution", fiscal_contribution),
    ]:
        if value is not None:
            YearlyFigureFactory(company=company, year=year, measure=measure, value=value)
    return company


def set_contribution(value: str) -> None:
    """What the fiscal contribution is; where it is frozen already, a correction of it."""
    for figure in YearlyFigure.objects.filter(measure="fiscal_contribution"):
        if figure.is_frozen:
            FigureCorrection.objects.create(
                figure=figure,
                value=Decimal(value),
                reason="税务年终清算",
                entered_by=clerk_of(figure.company),
            )
        else:
            YearlyFigure.objects.filter(pk=figure.pk).update(value=Decimal(value))


def clerk_of(company: Company) -> User:
    return User.objects.filter(memberships__company=company).earliest("pk")


def official(department: Department, role: Role, number: int = 1) -> User:
    """The n-th person with a role in a department, freshly read."""
    appointments = Appointment.objects.filter(department=department, role=role).order_by("pk")
    return appointments[number - 1].user


def draft(company: Company, code: str = ALONE, *, complete: bool = True) -> Application:
    clerk = clerk_of(company)
    application = applications.start_application(item(code), company, by=clerk)
    if complete:
        for material in application.item.materials:
            upload = SimpleUploadedFile(f"{material['name']}.pdf", PDF)
            applications.attach_file(application, material["name"], upload, by=clerk)
    return application


def submit(application: Application, *claims: ClaimInput, **given: Any) -> Application:
    arguments = {
        "declared": True,
        "by": application.created_by,
        "revision": Application.objects.get(pk=application.pk).revision,
    }
    return applications.submit_application(
        application, list(claims or [claim(application.item.code)]), **{**arguments, **given}
    )


def filed(company: Company, *claims: ClaimInput) -> Application:
    """An application, submitted with its materials."""
    code = claims[0].level.item.code if claims else ALONE
    return submit(draft(company, code), *claims)


def case_of(application: Application) -> Case:
    return Case.objects.select_related("stage").get(application=application)


def open_tasks(application: Application) -> list[Task]:
    tasks = Task.objects.open().filter(case__application=application)
    return list(tasks.select_related("stage", "department"))


def someone_fresh(task: Task) -> User:
    """A person who may do the task: nobody decides twice on a case."""
    for number in (1, 2, 3):
        person = official(task.department, Role(task.role), number)
        if not task.case.opinions.standing().filter(person=person).exists():
            return person
    raise AssertionError("nobody is left for this task")


def ensure_budget(application: Application) -> None:
    """Money for finance to hold, unless the test says how much there is."""
    if ledger.budget_line_for(application) is None:
        BudgetLineFactory(
            document=application.item.edition.document, year=timezone.localdate().year
        )


def decide(task: Task, verdict: Verdict = Verdict.AGREE, **given: Any) -> Opinion:
    if task.stage.kind == StageKind.FINANCE:
        ensure_budget(task.case.application)
    arguments = {
        "by": given.pop("by", None) or someone_fresh(task),
        "revision": Application.objects.get(pk=task.case.application_id).revision,
        "text": "" if verdict == Verdict.AGREE else "请看附件",
    }
    return reviews.decide(task, verdict, **{**arguments, **given})


def end_public_notice(application: Application) -> None:
    case = case_of(application)
    notice = case.public_notice_entries.get(round=case.round).notice
    assert reviews.end_public_notice(notice.pk, notice.ends_on + timedelta(days=1))


def advance(application: Application) -> None:
    """Everybody on the present stage agrees."""
    case = case_of(application)
    if case.stage.kind == StageKind.PUBLIC_NOTICE:
        end_public_notice(application)
    for task in open_tasks(application):
        if task.stage_id == case.stage_id:
            decide(task)


def at_stage(kind: StageKind, company: Company, *claims: ClaimInput) -> Application:
    """A filed application whose case was led to a stage through the services."""
    application = filed(company, *claims)
    while case_of(application).stage.kind != kind:
        advance(application)
    application.refresh_from_db()
    return application


def approved(company: Company, *claims: ClaimInput) -> Application:
    application = at_stage(StageKind.APPROVAL, company, *claims)
    advance(application)
    application.refresh_from_db()
    return application


def notified_award(company: Company, *claims: ClaimInput) -> Award:
    """An award whose notice is out, without rendering the paper."""
    award = Award.objects.get(claim__application=approved(company, *claims))
    return ledger.move_award(award, AwardStatus.NOTIFIED)


def execute(statement: str) -> None:
    """Run SQL past all services, as somebody with a database prompt would."""
    with transaction.atomic(), connection.cursor() as cursor:
        # A table is not emptied while a foreign key waits for its check.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)


def amounts_of(application: Application, amount: str) -> dict[int, Decimal]:
    return {row.pk: Decimal(amount) for row in application.claims.all()}
