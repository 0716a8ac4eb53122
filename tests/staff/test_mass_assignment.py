"""Case A02: what no form asks for is not taken from a request either. Fields that belong to the
system or to another person are sent along with everything that posts; the rows stay as they are.
"""

import importlib
import itertools
from collections.abc import Iterator
from datetime import date

import pytest
from django import forms
from django.test import RequestFactory
from django.urls import reverse

from accounts.admin import site
from accounts.models import Appointment, Role, StandIn
from companies.models import BankAccount
from disbursements.models import Batch
from reviews import services
from reviews.models import Case, Opinion, StageKind
from subsidies.models import Award, BudgetLine, Claim
from tests import domain
from tests.factories import AppointmentFactory, CompanyFactory, UserFactory

# What services, the ledger and other people decide. No form of any page may have such a field.
NOBODYS = {
    "is_staff",
    "is_superuser",
    "is_demo",
    "groups",
    "user_permissions",
    "last_login",
    "status",
    "revision",
    "round",
    "stage",
    "determined_amount",
    "granted",
    "paid",
    "granted_by",
    "appointed_by",
    "given_by",
    "ended_at",
    "ended_by",
    "made_by",
    "made_for",
    "approved_by",
    "approved_for",
    "paid_by",
    "paid_for",
    "person",
    "on_behalf_of",
    "created_by",
    "uploaded_by",
    "submitted_at",
    "scan_state",
    "sha256",
}
ROOMS = ("accounts", "audit", "companies", "subsidies", "reviews", "disbursements", "outbox")


def hostile(company):
    """The fields an attacker would try, with values that would do harm."""
    other = CompanyFactory()
    return {
        "status": "approved",
        "is_staff": "on",
        "is_superuser": "on",
        "company": other.pk,
        "district": other.district_id,
        "amount": "99999999.00",
        "determined_amount": "99999999.00",
        "granted": "0",
        "paid": "0",
        "total": "99999999.00",
        "round": "9",
        "stage": "1",
        "created_by": company.members.first().user_id,
        "approved_by": company.members.first().user_id,
        "person": company.members.first().user_id,
        "on_behalf_of": company.members.first().user_id,
    }


def every_form() -> Iterator[type[forms.BaseForm]]:
    """All form classes of the rooms; they are known once every page is."""
    importlib.import_module("config.urls")
    waiting = [forms.BaseForm]
    while waiting:
        for form in waiting.pop().__subclasses__():
            waiting.append(form)
            if form.__module__.split(".")[0] in ROOMS:
                yield form


def admin_forms() -> Iterator[type[forms.BaseForm]]:
    request = RequestFactory().get("/admin/")
    request.user = UserFactory(is_superuser=True)
    for keeper in site._registry.values():
        yield keeper.get_form(request, None, change=False)
        yield keeper.get_form(request, None, change=True)


def test_no_form_has_a_field_that_is_nobodys_to_fill_in(world):
    found = {
        (form.__module__, form.__qualname__): NOBODYS & form.base_fields.keys()
        for form in itertools.chain(every_form(), admin_forms())
    }

    assert len(found) > 15
    assert {name: fields for name, fields in found.items() if fields} == {}


def plain(row):
    row.refresh_from_db()
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize(
    "kind", [StageKind.ACCEPTANCE, StageKind.JOINT, StageKind.FINANCE, StageKind.APPROVAL]
)
def test_who_decides_changes_neither_company_nor_amount_nor_status(company, budget, client, kind):
    application = domain.at_stage(kind, company, domain.claim(domain.JOINED))
    task = domain.open_tasks(application)[0]
    claims = {row.pk: plain(row) for row in application.claims.all()}
    before = plain(company)
    person = domain.someone_fresh(task)
    client.force_login(person)

    answer = client.post(
        reverse("case_decide", args=[task.case_id]),
        {
            **hostile(company),
            **{f"amount_{pk}": "99999999.00" for pk in claims},
            "task": task.pk,
            "revision": application.revision,
            "verdict": "agree",
            "text": "同意",
        },
    )

    assert answer.status_code == 302
    application.refresh_from_db()
    opinion = Opinion.objects.get(task=task)
    assert (opinion.person, opinion.on_behalf_of, opinion.amounts) == (person, None, {})
    assert application.company == company
    assert application.district == company.district
    assert {row.pk: plain(row) for row in application.claims.all()} == claims
    assert plain(company) == before
    assert Case.objects.get(pk=task.case_id).round == 1
    for award in Award.objects.all():
        assert award.amount == claims[award.claim_id]["determined_amount"]


@pytest.mark.parametrize("kind", [StageKind.REVIEW, StageKind.DETERMINATION])
def test_an_amount_above_the_answer_is_refused_and_nothing_is_written(
    company, budget, client, kind
):
    application = domain.at_stage(kind, company)
    task = domain.open_tasks(application)[0]
    claim = application.claims.get()
    before = plain(claim)
    client.force_login(domain.someone_fresh(task))

    answer = client.post(
        reverse("case_decide", args=[task.case_id]),
        {
            **hostile(company),
            f"amount_{claim.pk}": "10000.01",
            "task": task.pk,
            "revision": application.revision,
            "verdict": "agree",
            "text": "多给一分",
        },
    )

    assert answer.status_code == 422
    assert plain(claim) == before
    assert not Opinion.objects.filter(task=task).exists()


def test_a_company_sends_no_status_along_with_its_application(company, clerk, client):
    application = domain.draft(company)
    client.force_login(clerk)
    page = client.get(reverse("application_edit", args=[application.pk]))
    typed = {**hostile(company), "revision": application.revision, "title": "标题"}

    client.post(reverse("application_edit", args=[application.pk]), typed)

    assert page.status_code == 200
    application.refresh_from_db()
    assert (application.status, application.company) == ("draft", company)
    assert application.district == company.district
    assert not Claim.objects.filter(determined_amount__isnull=False).exists()


def test_an_account_is_the_own_companys_whatever_is_sent(company, clerk, client):
    client.force_login(clerk)
    other = CompanyFactory()
    before = plain(company)

    client.post(
        reverse("company_profile"),
        {
            **hostile(company),
            "company": other.pk,
            "holder": company.name,
            "bank": "中国工商银行宁波江北支行",
            "number": "3901010000000000001",
            "cnaps": "",
        },
    )

    assert not BankAccount.objects.filter(company=other).exists()
    assert plain(company) == before


def test_a_security_officer_makes_nobody_a_superuser(company, client):
    place = services.finance_department(company.district)
    client.force_login(domain.official(place, Role.SECURITY_OFFICER))
    person = UserFactory(is_superuser=False)

    answer = client.post(
        f"/admin/accounts/user/{person.pk}/change/",
        {
            **hostile(company),
            "username": person.username,
            "name": "改名",
            "email": "",
            "is_active": "on",
            "groups": "1",
            "user_permissions": "1",
        },
    )

    assert answer.status_code == 302
    person.refresh_from_db()
    assert (person.name, person.is_staff, person.is_superuser) == ("改名", False, False)


def test_an_appointment_is_signed_by_who_made_it(company, client):
    place = services.finance_department(company.district)
    officer = domain.official(place, Role.SECURITY_OFFICER)
    client.force_login(officer)
    person = UserFactory()

    client.post(
        "/admin/accounts/appointment/add/",
        {
            "user": person.pk,
            "department": place.pk,
            "role": "reviewer",
            "starts_on": "2026-03-11",
            "ends_on": "",
            "appointed_by": person.pk,
        },
    )

    assert Appointment.objects.get(user=person).appointed_by == officer


def test_an_office_that_was_given_is_ended_and_never_made_another(company, client):
    place = services.finance_department(company.district)
    officer = domain.official(place, Role.SECURITY_OFFICER)
    client.force_login(officer)
    office = AppointmentFactory(department=place, role=Role.REVIEWER)
    elsewhere = company.district.departments.exclude(pk=place.pk).first()
    before = plain(office)

    answer = client.post(
        reverse("admin:accounts_appointment_change", args=[office.pk]),
        {
            "user": UserFactory().pk,
            "department": elsewhere.pk,
            "role": Role.LEAD,
            "starts_on": office.starts_on,
            "ends_on": "2026-03-31",
        },
    )

    assert answer.status_code == 302
    signed = {"ends_on": date(2026, 3, 31), "appointed_by_id": officer.pk}
    assert plain(office) == before | signed


def test_a_stand_in_is_given_by_who_sends_it(company, client):
    people = [
        domain.official(place, Role.REVIEWER)
        for place in company.district.departments.order_by("pk")[:2]
    ]
    client.force_login(people[0])

    client.post(
        reverse("stand_in_give"),
        {
            "appointment": people[0].appointments.get().pk,
            "deputy": people[1].pk,
            "starts_on": "2026-03-11",
            "ends_on": "2026-03-12",
            "reason": "出差",
            "given_by": people[1].pk,
            "ended_at": "2026-03-11",
            "ended_by": people[1].pk,
        },
    )

    row = StandIn.objects.get()
    assert (row.given_by, row.ended_at, row.ended_by) == (people[0], None, None)


def test_a_budget_line_keeps_what_the_ledger_counts(company, budget, client):
    domain.approved(company)
    place = services.finance_department(company.district)
    client.force_login(domain.official(place, Role.ADMINISTRATOR))
    line = BudgetLine.objects.get(pk=budget.pk)

    client.post(
        f"/admin/subsidies/budgetline/{line.pk}/change/",
        {"code": line.code, "name": line.name, "total": line.total, "granted": 0, "paid": 1},
    )

    after = BudgetLine.objects.get(pk=line.pk)
    assert (after.granted, after.paid) == (line.granted, line.paid)


def test_a_batch_takes_its_people_and_amounts_from_nobody(company, budget, client):
    award = domain.notified_award(company)
    place = services.finance_department(award.district)
    maker, second = (domain.official(place, Role.FINANCE, number) for number in (1, 2))
    client.force_login(maker)
    amount = award.amount

    client.post(
        reverse("batch_create"),
        {**hostile(company), "award": award.pk, "confirmed": "1", "made_by": second.pk},
    )

    batch = Batch.objects.get()
    assert (batch.made_by, batch.made_for, batch.status) == (maker, None, "draft")
    assert batch.total == amount
    client.force_login(second)
    client.post(
        f"{batch.get_absolute_url()}approve/", {**hostile(company), "approved_by": maker.pk}
    )
    batch.refresh_from_db()
    assert (batch.approved_by, batch.approved_for) == (second, None)
    client.force_login(maker)
    client.post(
        f"{batch.get_absolute_url()}pay/",
        {**hostile(company), "on": "2026-03-11", "paid_by": second.pk, "amount": "1.00"},
    )
    batch.refresh_from_db()
    assert (batch.status, batch.paid_by, batch.total) == ("paid", maker, amount)


def test_a_declared_conflict_is_ones_own(company, client):
    task = domain.open_tasks(domain.filed(company))[0]
    people = [domain.official(task.department, Role.REVIEWER, number) for number in (1, 2)]
    client.force_login(people[0])

    client.post(
        reverse("case_recuse", args=[task.case_id]),
        {"recusal-reason": "亲属", "recusal-person": people[1].pk, "person": people[1].pk},
    )

    assert [row.person for row in task.case.recusals.all()] == [people[0]]
