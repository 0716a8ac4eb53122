"""What the clients find: companies with more to get than their caps and budgets hold, each
application one approval away from its award.

One application of each kind goes the whole way through the services; the others are its copies
as rows, so that ten thousand stand there in a minute.
"""

from copy import copy
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import count

from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from audit.anchors import drop_anchor
from chaos.clients import PASSWORD, Work
from chaos.servers import SERVING
from companies.models import (
    BankAccount,
    Company,
    Member,
    Recognition,
    ScaleYear,
    YearlyFigure,
)
from operations.roles import grant_roles
from reviews.models import Case, StageKind, Task
from reviews.services import finance_department
from subsidies.models import Application, BudgetLine, Claim, PolicyDocument
from tests import domain, factories
from tests.fixtures_domain import _build

# Item, level, subject: what each company asks for. Together more than its cap.
KINDS = [
    (domain.ALONE, "", ""),
    (domain.JOINED, "", "工程技术中心"),
    ("jb24-12", "", "甲项目"),
    ("jb24-12", "", "乙项目"),
    (domain.LADDER, "", ""),
]
CAP = Decimal("520000.00")
# Each item's budget holds so much of what is asked from it; about as much as the caps let through.
BUDGET_SHARE = Decimal("0.8")
CHUNK = 500


@dataclass(frozen=True)
class World:
    """`caps` is what each company may get in a policy year, `budgets` what each line holds, in
    yuan as they were made here: what the product makes of them is what is checked."""

    work: list[Work]
    finance: list[int]
    today: date
    caps: dict[int, Decimal]
    budgets: dict[int, Decimal]


def build(approvals: int) -> World:
    """Fill the empty database. Budgets are those of today's year, claims are of last year."""
    call_command("migrate", verbosity=0)
    _build()
    today = timezone.localdate()
    for code in {code for code, _level, _subject in KINDS}:
        factories.BudgetLineFactory(year=today.year, item_code=code, total=Decimal("900000000.00"))
    templates = [_template(*kind) for kind in KINDS]
    companies = -(-approvals // len(KINDS))
    numbers = count(1)
    made = _companies(companies - 1)
    work = [_work(template) for template in templates]
    for first in range(0, len(made), CHUNK):
        work += _copies(templates, made[first : first + CHUNK], numbers)
    work = work[:approvals]
    claims = Claim.objects.filter(application__case__in=[each.case for each in work])
    budgets = {}
    for line in BudgetLine.objects.all():
        amounts = claims.filter(level__item__code=line.item_code).values_list(
            "determined_amount", flat=True
        )
        line.total = (sum(amounts, Decimal(0)) * BUDGET_SHARE).quantize(Decimal("0.01"))
        line.save(update_fields=["total"])
        budgets[line.pk] = line.total
    district = PolicyDocument.objects.get(code="jb24").district
    department = finance_department(district)
    finance = [domain.official(department, Role.FINANCE, number).pk for number in (1, 2, 3)]
    User.objects.update(password=make_password(PASSWORD))
    caps = dict.fromkeys(Company.objects.values_list("pk", flat=True), CAP)
    drop_anchor()
    # As the deployment serves: by a role that cannot change what is only added to.
    grant_roles(app=SERVING, auditor="subsidies_auditor")
    return World(work, finance, today, caps, budgets)


def _template(code: str, level: str, subject: str) -> Application:
    company = _company_with_cap()
    given = {"subject": subject} if subject else {}
    claim = domain.claim(code, level, **given)
    return domain.at_stage(StageKind.APPROVAL, company, claim)


def _company_with_cap() -> Company:
    return domain.company_with_everything(fiscal_contribution=str(CAP))


def _companies(number: int) -> list[Company]:
    """Copies of a company with all that belongs to it."""
    pattern = _company_with_cap()
    made = [factories.CompanyFactory.build(district=pattern.district) for _n in range(number)]
    Company.objects.bulk_create(made, batch_size=CHUNK)
    person = User.objects.get(memberships__company=pattern)
    for model in (BankAccount, YearlyFigure, ScaleYear, Recognition):
        rows = []
        for company in made:
            for row in model._default_manager.filter(company=pattern):
                row.pk, row.company = None, company
                if isinstance(row, BankAccount):
                    row.holder = company.name
                rows.append(row)
        model._default_manager.bulk_create(rows, batch_size=CHUNK)
    Member.objects.bulk_create(
        [Member(user=person, company=company) for company in made], batch_size=CHUNK
    )
    return made


def _copies(
    templates: list[Application], companies: list[Company], numbers: "count[int]"
) -> list[Work]:
    applications, claims, cases, tasks = [], [], [], []
    for company in companies:
        for template in templates:
            application = copy(template)
            application.pk = Application._meta.pk.get_default()
            application._state = copy(template._state)
            application.company = company
            application.number = f"火-{next(numbers):07d}"
            applications.append(application)
            for claim in template.claims.all():
                claim.pk, claim.application = None, application
                claim.matter = f"{company.pk}:{claim.matter}"
                claims.append(claim)
            case = copy(Case.objects.select_related("stage").get(application=template))
            case.pk = Case._meta.pk.get_default()
            case.application = application
            cases.append(case)
            for task in Task.objects.open().filter(case__application=template):
                task.pk, task.case = None, case
                tasks.append(task)
    Application.objects.bulk_create(applications, batch_size=CHUNK)
    Claim.objects.bulk_create(claims, batch_size=CHUNK)
    Case.objects.bulk_create(cases, batch_size=CHUNK)
    Task.objects.bulk_create(tasks, batch_size=CHUNK)
    return [_work(application) for application in applications]


def _work(application: Application) -> Work:
    task = Task.objects.open().select_related("department").get(case__application=application)
    decided = Case.objects.get(application=application).opinions.values("person")
    people = User.objects.filter(
        appointments__department=task.department, appointments__role=task.role
    ).exclude(pk__in=decided)
    return Work(
        str(task.case_id),
        task.pk,
        application.revision,
        tuple(people.values_list("pk", flat=True)),
    )


def cookies_of(person: User) -> dict[str, str]:
    """A visit of the person. The first weighty act in it asks for the password."""
    client = Client()
    client.force_login(person)
    return {name: cookie.value for name, cookie in client.cookies.items()}
