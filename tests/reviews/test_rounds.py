"""Return and correction: what stands still, what begins again."""

import pytest
from django.utils import timezone

from companies.models import CreditEntry
from reviews.models import PublicNoticeEntry, StageKind, Verdict
from subsidies.applications.enums import Status
from subsidies.models import Award
from tests import domain

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
