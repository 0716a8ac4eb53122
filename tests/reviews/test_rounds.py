"""Return and correction: what stands still, what begins again."""

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Role, User
from accounts.refusals import NotAllowed, Refused
from companies.models import CreditEntry
from reviews.models import Opinion, PublicNoticeEntry, StageKind, Task, Verdict
from subsidies.applications.enums import Status
from subsidies.models import Award
from tests import domain
from tests.factories import AppointmentFactory

AFTER_ACCEPTANCE = [
    StageKind.REVIEW,
    StageKind.DETERMINATION,
    StageKind.FINANCE,
    StageKind.APPROVAL,
]


def returned_at(kind, company, *claims):
    application = domain.at_stage(kind, company, *claims)
    domain.decide(domain.open_tasks(application)[0], Verdict.RETURN, text="发票缺页")
    application.refresh_from_db()
    return application


@pytest.mark.parametrize("kind", [StageKind.ACCEPTANCE, *AFTER_ACCEPTANCE])
def test_a_return_stops_the_clock_and_opens_the_application(company, kind):
    application = returned_at(kind, company)

    case = domain.case_of(application)
    assert (application.status, case.due_on, case.closed_at) == (Status.RETURNED, None, None)
    assert domain.open_tasks(application) == []


@pytest.mark.parametrize("kind", AFTER_ACCEPTANCE)
def test_a_correction_begins_a_new_round_at_the_first_review(company, kind):
    application = domain.submit(returned_at(kind, company))

    case = domain.case_of(application)
    assert application.status == Status.IN_REVIEW
    assert (case.round, case.stage.kind) == (2, StageKind.REVIEW)
    assert [task.round for task in domain.open_tasks(application)] == [2]
    assert case.due_on is not None


def test_what_was_returned_before_acceptance_is_accepted_first(company):
    application = domain.submit(returned_at(StageKind.ACCEPTANCE, company))

    case = domain.case_of(application)
    assert application.status == Status.SUBMITTED
    assert (case.round, case.stage.kind) == (2, StageKind.ACCEPTANCE)


def test_the_clock_begins_again_with_the_correction(company, clock):
    application = returned_at(StageKind.REVIEW, company)
    clock.shift(7 * 86400)

    domain.submit(application)

    # Five working days from the day after 2026-03-18.
    assert domain.case_of(application).due_on == timezone.datetime(2026, 3, 25).date()


def test_who_decided_in_an_earlier_round_may_decide_again(company):
    application = domain.at_stage(StageKind.REVIEW, company)
    person = domain.decide(domain.open_tasks(application)[0], Verdict.RETURN).person
    domain.submit(application)

    opinion = domain.decide(domain.open_tasks(application)[0], by=person)

    assert opinion.round == 2


def test_whose_acceptance_stands_does_not_review_in_a_later_round(company):
    application = domain.at_stage(StageKind.REVIEW, company)
    accepted = domain.case_of(application).opinions.get().person
    domain.decide(domain.open_tasks(application)[0], Verdict.RETURN)
    domain.submit(application)
    task = domain.open_tasks(application)[0]

    assert task not in Task.objects.for_user(accepted)
    with pytest.raises(NotAllowed, match="须由另一人办理"):
        domain.decide(task, by=accepted)
    with (
        pytest.raises(domain.REFUSED_BY_TRIGGER, match="nobody decides twice"),
        transaction.atomic(),
    ):
        Opinion.objects.create(
            case=task.case, task=task, round=2, person=accepted, verdict=Verdict.AGREE
        )


@pytest.mark.parametrize("stage", [StageKind.FINANCE, StageKind.APPROVAL])
def test_an_amount_is_sent_back_to_its_determination_without_the_company(company, budget, stage):
    application = domain.at_stage(stage, company)

    domain.decide(domain.open_tasks(application)[0], Verdict.REDETERMINE, text="金额请再核")

    case = domain.case_of(application)
    application.refresh_from_db()
    assert (case.stage.kind, case.round) == (StageKind.DETERMINATION, 2)
    assert application.status == Status.IN_REVIEW
    while domain.case_of(application).stage:
        domain.advance(application)
    assert Award.objects.filter(claim__application=application).count() == 1


def test_who_consented_before_the_determination_has_no_say_after_it_was_sent_back(company):
    application = domain.at_stage(StageKind.FINANCE, company)
    reviewer = domain.case_of(application).opinions.get(task__stage__kind=StageKind.REVIEW).person
    domain.decide(domain.open_tasks(application)[0], Verdict.REDETERMINE, text="金额请再核")
    task = domain.open_tasks(application)[0]
    AppointmentFactory(user=reviewer, department=task.department, role=Role.LEAD)

    with pytest.raises(NotAllowed, match="须由另一人办理"):
        domain.decide(task, by=User.objects.get(pk=reviewer.pk))


def test_a_check_that_stopped_a_consent_is_kept(company):
    application = domain.at_stage(StageKind.FINANCE, company)
    CreditEntry.objects.create(company=company, title="欠税", listed_on=domain.TODAY)
    kept = application.receipts.count()

    with pytest.raises(Refused):
        domain.decide(domain.open_tasks(application)[0])

    receipt = application.latest_receipt
    assert application.receipts.count() == kept + 1
    assert receipt.reason == "public_notice"
    assert receipt.answer["claims"][0]["eligible"] is False


def test_the_joint_review_asks_everybody_again(company):
    claim = domain.claim(domain.JOINED)
    application = domain.submit(returned_at(StageKind.DETERMINATION, company, claim), claim)

    domain.advance(application)

    assert len(domain.open_tasks(application)) == 2
    domain.decide(domain.open_tasks(application)[0])
    assert domain.case_of(application).stage.kind == StageKind.JOINT


def test_a_corrected_application_goes_on_public_notice_again(company, budget):
    application = domain.submit(returned_at(StageKind.APPROVAL, company))
    while domain.case_of(application).stage.kind != StageKind.APPROVAL:
        domain.advance(application)

    entries = PublicNoticeEntry.objects.filter(case__application=application)
    assert sorted(entries.values_list("round", flat=True)) == [1, 2]


def test_a_corrected_application_is_approved_once(company, budget):
    application = domain.submit(returned_at(StageKind.APPROVAL, company))
    while domain.case_of(application).stage:
        domain.advance(application)

    assert Award.objects.filter(claim__application=application).count() == 1


def test_rounds_are_counted_without_end(company):
    application = returned_at(StageKind.REVIEW, company)
    for number in (2, 3, 4):
        domain.submit(application)
        assert domain.case_of(application).round == number
        domain.decide(domain.open_tasks(application)[0], Verdict.RETURN)


def test_a_credit_record_that_came_up_sends_back_and_its_repair_lets_go_on(company):
    application = domain.at_stage(StageKind.FINANCE, company)
    entry = CreditEntry.objects.create(company=company, title="欠税", listed_on=domain.TODAY)
    domain.decide(domain.open_tasks(application)[0], Verdict.RETURN)
    domain.submit(application)

    entry.repaired_on = domain.TODAY
    entry.save()

    domain.advance(application)
    assert domain.case_of(application).stage.kind == StageKind.DETERMINATION
