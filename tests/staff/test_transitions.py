"""Case A03: every transition, sent from every state by every role. Only the cells that are allowed
succeed, and all others leave the rows as they were."""

from itertools import product

import pytest
from django.db import transaction
from django.urls import reverse

from accounts.models import Department, Role
from disbursements import services as disbursements
from disbursements.models import Batch, BatchStatus
from reviews.models import Case, Opinion, StageKind, Verdict
from reviews.routes import STANDARD
from reviews.services import VERDICTS, finance_department
from subsidies.applications import services as applications
from subsidies.applications.enums import Status
from subsidies.models import Application
from tests import domain
from tests.factories import AppointmentFactory, MemberFactory

STAGES = [kind for kind, _role, _where, _days in STANDARD]


def attempt(client, person, send, state):
    """The status of the answer, and whether anything in the state changed; then all is undone."""
    before = state()
    with transaction.atomic():
        client.force_login(person)
        answer = send()
        changed = state() != before
        transaction.set_rollback(True)
    return answer.status_code, changed


def state_of(application):
    """What a transition of a case moves."""
    row = Application.objects.values_list("status", "revision").get(pk=application.pk)
    case = Case.objects.values_list("stage", "round", "closed_at").filter(application=application)
    return row, list(case), Opinion.objects.count()


@pytest.mark.parametrize("kind", STAGES)
def test_a_case_moves_by_its_stages_role_and_verdicts_only(company, budget, client, kind):
    application = domain.at_stage(kind, company, domain.claim(domain.JOINED))
    tasks = domain.open_tasks(application)
    # On public notice nobody is asked: what is sent names the last task that was done.
    task = tasks[0] if tasks else application.case.tasks.order_by("pk").last()
    elsewhere = Department.objects.get(district__code="330205", short_name="区商务局")
    url = reverse("case_decide", args=[application.case.pk])
    amounts = {f"amount_{row.pk}": row.requested or "100000" for row in application.claims.all()}
    expected, found = set(), set()
    for place, role, verdict in product((task.department, elsewhere), Role, Verdict):
        person = AppointmentFactory(department=place, role=role).user
        typed = {
            **amounts,
            "task": task.pk,
            "revision": application.revision,
            "verdict": verdict,
            "text": "理由",
        }
        status, changed = attempt(
            client,
            person,
            lambda typed=typed: client.post(url, typed),
            lambda: state_of(application),
        )
        cell = (place.short_name, role, verdict)
        if tasks and place == task.department and role == task.role and verdict in VERDICTS[kind]:
            expected.add(cell)
        if changed:
            found.add(cell)
        assert (status == 302) is changed, cell
        assert changed or status in (403, 404, 409, 422), (cell, status)

    assert found == expected


ACTS = {"batch_approve": {}, "batch_cancel": {}, "batch_pay": {"on": "2026-03-11"}}
ALLOWED = {
    (BatchStatus.DRAFT, "batch_approve"),
    (BatchStatus.DRAFT, "batch_cancel"),
    (BatchStatus.APPROVED, "batch_pay"),
}


@pytest.mark.parametrize("status", BatchStatus)
def test_a_batch_moves_along_its_arrows_by_finance_only(company, budget, client, status):
    award = domain.notified_award(company)
    place = finance_department(award.district)
    maker, second = (domain.official(place, Role.FINANCE, number) for number in (1, 2))
    batch = disbursements.make_batch(award.district, [award], by=maker)
    if status == BatchStatus.CANCELLED:
        disbursements.cancel_batch(batch, by=maker)
    if status in (BatchStatus.APPROVED, BatchStatus.PAID):
        disbursements.approve_batch(batch, by=second)
    if status == BatchStatus.PAID:
        disbursements.mark_paid(batch, on=domain.TODAY, by=maker)
    people = {role: AppointmentFactory(department=place, role=role).user for role in Role}
    found = set()
    for act, (role, person) in product(ACTS, people.items()):
        url = reverse(act, args=[batch.pk])
        answered, changed = attempt(
            client,
            person,
            lambda act=act, url=url: client.post(url, ACTS[act]),
            lambda: Batch.objects.values_list("status", "approved_by", "paid_by").get(pk=batch.pk),
        )
        assert (answered == 302) is changed, (act, role)
        assert changed or answered in (403, 409), (act, role, answered)
        if changed:
            found.add((act, role))

    assert found == {(act, Role.FINANCE) for state, act in ALLOWED if state == status}


def application_in(status, company, clerk):
    match status:
        case Status.DRAFT:
            return domain.draft(company)
        case Status.SUBMITTED:
            return domain.filed(company)
        case Status.IN_REVIEW:
            return domain.at_stage(StageKind.REVIEW, company)
        case Status.RETURNED:
            application = domain.filed(company)
            domain.decide(domain.open_tasks(application)[0], Verdict.RETURN)
        case Status.REJECTED:
            application = domain.filed(company)
            domain.decide(domain.open_tasks(application)[0], Verdict.REJECT)
        case Status.WITHDRAWN:
            application = applications.withdraw_application(domain.filed(company), by=clerk)
        case Status.APPROVED:
            return domain.approved(company)
    application.refresh_from_db()
    return application


WITHDRAWABLE = {Status.DRAFT, Status.SUBMITTED, Status.IN_REVIEW, Status.RETURNED}


@pytest.mark.parametrize("status", Status)
def test_an_application_is_taken_back_by_its_company_only(company, budget, clerk, client, status):
    application = application_in(status, company, clerk)
    assert application.status == status
    place = application.item.leads[0]
    people = {role: AppointmentFactory(department=place, role=role).user for role in Role}
    people |= {"clerk": clerk, "stranger": MemberFactory().user}
    url = reverse("application_withdraw", args=[application.pk])
    found = set()
    for name, person in people.items():
        answered, changed = attempt(
            client, person, lambda: client.post(url), lambda: state_of(application)
        )
        assert changed or answered != 500
        if changed:
            found.add(name)

    assert found == ({"clerk"} if status in WITHDRAWABLE else set())
