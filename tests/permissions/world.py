"""What the permission matrix is tried on: one person a role, and the things they reach for.

Everything is made by the services, twice over for one district (`own` and `other` are two
companies of 江北区) and once for 鄞州区 (`foreign`).
"""

import io
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.models import OFFICERS, Department, District, Role, User
from companies import services as company_services
from companies.imports import services as imports
from companies.imports.kinds import KINDS
from companies.merging.services import merge
from companies.models import (
    Company,
    CreditEntry,
    Import,
    Incident,
    IndustryIntensity,
    Invitation,
    Registration,
    Source,
    StoredFile,
)
from companies.profile.models import (
    Agreement,
    AgreementKind,
    Contact,
    ScaleYear,
    SourceRule,
)
from companies.registration.services import keep_licence, register
from companies.team.enums import MemberRole, Scope
from companies.team.services import end_member, hash_of, invite
from companies.vault.models import PreviewPage
from disbursements import services as disbursements
from disbursements.bank_results import HEADINGS
from disbursements.models import BatchStatus, PaymentLine
from outbox.models import Job, State
from reviews.models import CalendarDay, PublicNotice, Route, StageKind, Verdict
from reviews.notices import services as notices
from subsidies.applications import services as applications
from subsidies.applications.answers import keep_receipt
from subsidies.applications.enums import Reason
from subsidies.ledger.settlement import settle
from subsidies.models import (
    Adjustment,
    Application,
    Award,
    BudgetLine,
    PolicyDocument,
    ReceiptIncident,
)
from tests import domain
from tests.factories import (
    AppointmentFactory,
    BankAccountFactory,
    BudgetLineFactory,
    CompanyFactory,
    MemberFactory,
    StandInFactory,
    UserFactory,
    YearlyFigureFactory,
)
from tests.imports.tables import CREDIT, FISCAL, Table, as_csv

OURS, THEIRS = "330205", "330212"
# What is applied for: in 江北区 区科技局 leads and 区发改局 is asked, 区商务局 has no part.
ITEMS = {OURS: domain.JOINED, THEIRS: "yz26-6b"}
LEADS = {OURS: "jb-science", THEIRS: "yz-science"}
LEVELS = {OURS: domain.LEVELS[domain.JOINED], THEIRS: "institution"}
EVENTS = {OURS: domain.EVENT, THEIRS: date(2026, 2, 2)}
DOCUMENTS = {OURS: "jb24", THEIRS: "yz26"}
LISTED = ["91330205TT987654XU", "严重失信主体名单", "失信", "", "2026-01-05", ""]
ABSENT = UUID("00000000-0000-4000-8000-000000000000")
ABSENT_NUMBER = 987_654_321

# {kind of what administrators import: that of what finance does}
OF_FINANCE = {
    "import": "fiscal_import",
    "plan": "fiscal_plan",
    "faulty_import": "faulty_fiscal_import",
}

# {kind: {object: its key}}, for example {"case": {"own": ..., "absent": ...}}.
Objects = dict[str, dict[str, object]]


@dataclass
class World:
    people: dict[str, User | None]
    objects: Objects


def make_world() -> World:
    for year in (2024, 2025, 2026):
        IndustryIntensity.objects.create(division="39", year=year, intensity="0.01", source="测试")
    companies = {
        "own": _company(OURS),
        "other": _company(OURS),
        "foreign": _company(THEIRS),
    }
    for code in (OURS, THEIRS):
        BudgetLineFactory(document=PolicyDocument.objects.get(code=DOCUMENTS[code]))
    people = _people(companies)
    for person in filter(None, people.values()):
        person.set_password("Nobody-types-1t")
        person.save()
    objects: Objects = {}
    for name, company in companies.items():
        for kind, key in _rows_of_company(company).items():
            objects.setdefault(kind, {})[name] = key
    for name, code in {"own": OURS, "foreign": THEIRS}.items():
        for kind, key in _rows_of_district(code).items():
            objects.setdefault(kind, {})[name] = key
    for kind, key in _rows_of_all().items():
        objects[kind] = {"own": key}
    for keys in objects.values():
        keys["absent"] = _absent(keys["own"])
    # What finance imports, beside what administrators do.
    for kind, of_finance in OF_FINANCE.items():
        keys = objects.pop(of_finance)
        objects[kind] |= {"fiscal": keys["own"], "foreign_fiscal": keys["foreign"]}
    objects["import_kind"] = {"own": "credit", "fiscal": "fiscal", "absent": "no-such"}
    objects["contribution"]["spending"] = objects["yearly_figure"]["own"]
    former = people["former_clerk"]
    assert former is not None
    lead = domain.clerk_of(companies["own"])
    objects["token"]["offered"] = _invited(companies["own"], former.email, lead)["token"]
    objects["file"]["detached"] = _detached_file(companies["own"])
    facts = _facts(objects["scale_year"], companies)
    objects["fact"] = {name: key for name, (_kind, key) in facts.items()}
    objects["fact_kind"] = {name: kind for name, (kind, _key) in facts.items()}
    return World(people, objects)


def _people(companies: dict[str, Company]) -> dict[str, User | None]:
    """The roles by their names in the matrix. Nobody here has had a hand in what is tried."""
    membership = MemberFactory(company=companies["own"])
    former = membership.user
    applications.start_application(domain.item(domain.ALONE), companies["own"], by=former)
    lead = domain.clerk_of(companies["own"])
    end_member(membership, by=lead)
    other = MemberFactory(company=companies["other"]).user
    auth.TOTP.activate(other, auth.generate_totp_secret())
    RecoveryCodes.activate(other)
    keeper = MemberFactory(
        company=companies["own"], role=MemberRole.CLERK, scopes=[Scope.DATA]
    ).user
    foreigner = UserFactory(username="foreign_official")
    for place, role in [
        ("yz-science", Role.REVIEWER),
        ("yz-science", Role.LEAD),
        ("yz-finance", Role.FINANCE),
        ("yz-finance", Role.POLICY_OFFICER),
    ]:
        AppointmentFactory(user=foreigner, department=_department(place), role=role)

    stand_in = AppointmentFactory(department=_department("jb-commerce")).user
    absentee = domain.official(_department("jb-science"), Role.REVIEWER, 2)
    StandInFactory(appointment=absentee.appointments.get(), deputy=stand_in)

    both = AppointmentFactory(
        user__username="official_clerk", department=_department("jb-science"), role=Role.REVIEWER
    ).user
    AppointmentFactory(user=both, department=_department("jb-finance"), role=Role.FINANCE)
    MemberFactory(user=both, company=companies["own"])

    def appointed(name: str, place: str, role: Role, **given: date) -> User:
        department = _department(place)
        return AppointmentFactory(
            user__username=name, department=department, role=role, **given
        ).user

    return {
        "anonymous": None,
        "clerk": MemberFactory(company=companies["own"]).user,
        "other_clerk": other,
        "keeper_clerk": keeper,
        "former_clerk": former,
        "reviewer": appointed("reviewer", "jb-science", Role.REVIEWER),
        "co_reviewer": appointed("co_reviewer", "jb-development", Role.REVIEWER),
        "outside_reviewer": appointed("outside_reviewer", "jb-commerce", Role.REVIEWER),
        "ex_reviewer": appointed(
            "ex_reviewer", "jb-science", Role.REVIEWER, ends_on=date(2026, 3, 10)
        ),
        "stand_in": stand_in,
        "lead": appointed("lead", "jb-science", Role.LEAD),
        "finance": appointed("finance", "jb-finance", Role.FINANCE),
        "official_clerk": both,
        "policy_officer": appointed("policy_officer", "jb-finance", Role.POLICY_OFFICER),
        "auditor": appointed("auditor", "jb-finance", Role.AUDITOR),
        "administrator": appointed("administrator", "jb-finance", Role.ADMINISTRATOR),
        "security_officer": appointed("security_officer", "jb-finance", Role.SECURITY_OFFICER),
        "foreign_official": foreigner,
        **{
            f"foreign_{role}": appointed(f"foreign_{role}", "yz-finance", role) for role in OFFICERS
        },
        "superuser": UserFactory(username="superuser", is_superuser=True, is_staff=True),
    }


def _department(code: str) -> Department:
    return Department.objects.get(code=code)


def _company(district: str) -> Company:
    company = CompanyFactory(district=District.objects.get(code=district))
    BankAccountFactory(company=company)
    MemberFactory(company=company)
    for year, measure, value in [
        (2024, "rd_spend", "4000000.00"),
        (2025, "rd_spend", "5200000.00"),
        (2025, "revenue", "98000000.00"),
        (2025, "fiscal_contribution", "3000000.00"),
        (2026, "rd_spend", "6000000.00"),
        (2026, "revenue", "98000000.00"),
    ]:
        YearlyFigureFactory(company=company, year=year, measure=measure, value=value)
    return company


def _rows_of_company(company: Company) -> dict[str, object]:
    filed = _filed(company, "甲")
    attachment = filed.attachments.earliest("pk")
    _draw_a_page(attachment.file)
    draft = domain.draft(company, ITEMS[company.district.code])
    published = _led_to(StageKind.PUBLIC_NOTICE, company, "乙")
    award = Award.objects.get(claim__application=_approved(company, "丙"))
    notices.render(str(award.notice.pk))
    clerk = domain.clerk_of(company)
    company_services.change_account(
        company, bank="中国银行宁波分行", number="6222020000000001", cnaps="104332000015", by=clerk
    )
    return {
        "company": company.pk,
        # Money is on its way, so the new account waits for finance.
        "account_change": company.open_account_change.pk,
        "agreement": Agreement.objects.create(company=company, kind=AgreementKind.values[0]).pk,
        "contact": Contact.objects.create(company=company, name="张三", phone="13800000000").pk,
        "receipt_incident": ReceiptIncident.objects.create(
            receipt=keep_receipt(filed, Reason.SUBMISSION)
        ).pk,
        "recognition": company.recognitions.earliest("pk").pk,
        "scale_year": ScaleYear.objects.filter(company=company).earliest("pk").pk,
        "draft": draft.pk,
        "draft_attachment": draft.attachments.earliest("pk").pk,
        "filed": filed.pk,
        "attachment": attachment.pk,
        "file": attachment.file_id,
        "case": domain.case_of(filed).pk,
        "task": domain.open_tasks(filed)[0].pk,
        "public_notice": PublicNotice.objects.get(entries__case__application=published).pk,
        "notice": award.notice.pk,
        "check_code": award.notice.check_code,
        "member": clerk.pk,
        "membership": MemberFactory(company=company).pk,
        **_invited(company, "somebody@example.com", clerk),
        "yearly_figure": company.figures.earliest("pk").pk,
        "credit_entry": CreditEntry.objects.create(
            company=company, title="失信", listed_on=domain.TODAY
        ).pk,
        "incident": Incident.objects.create(company=company, kind="safety", date=domain.TODAY).pk,
    }


def _facts(
    scale_years: dict[str, object], companies: dict[str, Company]
) -> dict[str, tuple[str, object]]:
    """What a paper may be the evidence of: the kind in the address, and the key."""
    facts = {name: ("scale", key) for name, key in scale_years.items()}
    for name, company in companies.items():
        before = "" if name == "own" else f"{name}_"
        facts[f"{before}contribution"] = (
            "figure",
            company.figures.get(measure="fiscal_contribution").pk,
        )
    for name, company in (("statistics", "own"), ("other_statistics", "other")):
        facts[name] = (
            "figure",
            YearlyFigureFactory(
                company=companies[company], measure="staff", value=10, source=Source.STATISTICS
            ).pk,
        )
    facts["declared"] = (
        "figure",
        YearlyFigureFactory(
            company=companies["own"], measure="investment", source=Source.DECLARED
        ).pk,
    )
    facts["absent_figure"] = "figure", ABSENT_NUMBER
    return facts


def _invited(company: Company, email: str, lead: User) -> dict[str, object]:
    """An offer, and the token that only the mail has."""
    invitation = invite(
        company, email, role=MemberRole.CLERK, scopes=[Scope.APPLY], ends_on=None, by=lead
    )
    token = f"token-{invitation.pk}"
    Invitation.objects.filter(pk=invitation.pk).update(token_hash=hash_of(token))
    return {"invitation": invitation.pk, "token": token}


def _registration(district: District) -> Registration:
    unclaimed, person = CompanyFactory(district=district), UserFactory()
    return register(
        unclaimed.uscc,
        name=unclaimed.name,
        district=district,
        street="",
        role=MemberRole.LEGAL,
        licence=keep_licence(picture(), by=person),
        code_confirmed=True,
        by=person,
    )


def _rows_of_district(code: str) -> dict[str, object]:
    district = District.objects.get(code=code)
    finance = Department.objects.get(district=district, is_finance=True)
    company = _company(code)
    maker, second = (domain.official(finance, Role.FINANCE, number) for number in (1, 2))
    administrator = domain.official(finance, Role.ADMINISTRATOR)
    to_pay = [
        [Award.objects.get(claim__application=_approved(company, subject))]
        for subject in ("丁", "戊", "庚", "辛")
    ]
    for awards in to_pay:
        notices.render(str(awards[0].notice.pk))
    listed = [company.uscc, *LISTED[1:]]
    merged = merge(
        CompanyFactory(district=district), CompanyFactory(district=district), by=administrator
    )
    (unpaid,) = to_pay.pop()
    batches = [disbursements.make_batch(district, awards, by=maker) for awards in to_pay]
    disbursements.approve_batch(batches[2], by=second)
    disbursements.mark_paid(batches[2], on=domain.TODAY, by=maker)
    shown = _import("credit", [CREDIT, listed], administrator)
    contribution = [CompanyFactory(district=district).uscc, 2025, "1.00", "税务导入", ""]
    contributions = _import("fiscal", [FISCAL, contribution], maker)
    settlement = settle(company, district, unpaid.policy_year, by=maker)
    return {
        "district": district.pk,
        "department": finance.pk,
        "official": maker.pk,
        "appointment": maker.appointments.get().pk,
        "batch": batches[0].pk,
        "approved_batch": disbursements.approve_batch(batches[1], by=second).pk,
        "payment_line": batches[2].lines.get().pk,
        "clawback": disbursements.demand_return(
            to_pay[2][0], Decimal("1.00"), reason="多算", by=maker
        ).pk,
        "company_year": settlement.company_year_id,
        "adjustment": Adjustment.objects.create(
            settlement=settlement, award=unpaid, kind="reduce", amount=Decimal("1.00")
        ).pk,
        "policy_document": PolicyDocument.objects.get(code=DOCUMENTS[code]).pk,
        "import": shown.pk,
        "plan": shown.plan,
        "faulty_import": _import("credit", [CREDIT, ["" for _column in CREDIT]], administrator).pk,
        "fiscal_import": contributions.pk,
        "fiscal_plan": contributions.plan,
        "faulty_fiscal_import": _import("fiscal", [FISCAL, ["" for _column in FISCAL]], maker).pk,
        # Settled, so finance may only correct it.
        "contribution": company.figures.get(measure="fiscal_contribution").pk,
        "source_rule": SourceRule.objects.get_or_create(district=district, measure="revenue")[0].pk,
        "merge": merged.pk,
        "second": second.pk,
        "to_pay": unpaid.pk,
        "twin": CompanyFactory(district=district).pk,
        "double": CompanyFactory(district=district).pk,
        "registration": _registration(district).pk,
        "stand_in": StandInFactory(
            appointment=domain.official(_department(LEADS[code]), Role.REVIEWER).appointments.get()
        ).pk,
        "item": ITEMS[code],
        "document": DOCUMENTS[code],
        "budget_line": BudgetLine.objects.get(district=district).pk,
        "route": Route.objects.get_or_create(district=district, defaults={"name": "一般"})[0].pk,
    }


def _rows_of_all() -> dict[str, object]:
    """What belongs to no district."""
    return {
        "calendar_day": CalendarDay.objects.earliest("date").pk,
        "industry_intensity": IndustryIntensity.objects.earliest("pk").pk,
        "dead_job": Job.objects.create(kind="mail", key="1", state=State.DEAD).pk,
        "job": Job.objects.earliest("pk").pk,
    }


def _absent(own: object) -> object:
    if isinstance(own, str):
        return "no-such"
    return ABSENT if isinstance(own, UUID) else ABSENT_NUMBER


def _filed(company: Company, subject: str) -> Application:
    code = company.district.code
    claim = domain.claim(ITEMS[code], LEVELS[code], subject=subject, event_date=EVENTS[code])
    return domain.filed(company, claim)


def _led_to(kind: StageKind, company: Company, subject: str) -> Application:
    application = _filed(company, subject)
    while domain.case_of(application).stage.kind != kind:
        domain.advance(application)
    return application


def _approved(company: Company, subject: str) -> Application:
    application = _led_to(StageKind.APPROVAL, company, subject)
    domain.advance(application)
    return application


def _detached_file(company: Company) -> UUID:
    """A file that officials saw until the company took it off its application."""
    application = _filed(company, "己")
    domain.decide(domain.open_tasks(application)[0], Verdict.RETURN)
    attachment = applications.attach_file(
        application, "其他材料", picture(), by=application.created_by
    )
    applications.remove_attachment(attachment, by=application.created_by)
    return attachment.file_id


def upload(name: str) -> SimpleUploadedFile:
    """A picture, a table of credit entries, or what the bank says of all that was paid."""
    if not name.endswith(".csv"):
        return picture(name)
    if not name.startswith("银行"):
        return table([CREDIT, LISTED])
    lines = PaymentLine.objects.filter(batch__status=BatchStatus.PAID).select_related("batch")
    failed = [[line.batch.number, 1, line.account, "失败", "销户"] for line in lines]
    return table([list(HEADINGS), *failed])


def picture(name: str = "照片.png") -> SimpleUploadedFile:
    stream = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(stream, "PNG")
    return SimpleUploadedFile(name, stream.getvalue())


def _draw_a_page(file: StoredFile) -> None:
    """As the worker would, without its process."""
    page = PreviewPage(file=file, number=1, width=20, height=10)
    page.image.save("page.png", ContentFile(picture().read()), save=False)
    page.save()


def table(rows: Table) -> SimpleUploadedFile:
    return SimpleUploadedFile("表.csv", as_csv(rows))


def _import(kind: str, rows: Table, by: User) -> Import:
    """A table that was uploaded and checked."""
    district = by.current_appointments[0].department.district
    run = imports.start_import(KINDS[kind].kind, district, table(rows), by=by)
    imports.check_import(run)
    run.refresh_from_db()
    return run
