"""Two who move the same application at the same moment: one wins, the other is told so."""

import pytest

from accounts.models import Role
from accounts.refusals import NotAllowed, Refused, StateChanged
from reviews.models import Case, Opinion, StageKind, Task, Verdict
from subsidies.applications.enums import Status
from subsidies.applications.services import save_draft, withdraw_application
from subsidies.ledger.reconciliation import differences
from subsidies.models import Application, Award
from tests import domain
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def outcome(results):
    """The one that won, and what the others were told."""
    winners = [place for place, result in enumerate(results) if not isinstance(result, Exception)]
    losers = [result for result in results if isinstance(result, Exception)]
    assert len(winners) == 1, results
    return winners[0], losers


def closing(application, clerk):
    """Ways to end an application that waits for its approval."""
    task = domain.open_tasks(application)[0]
    second = domain.official(task.department, Role.LEAD, 2)
    return {
        Status.APPROVED: lambda: domain.decide(task),
        Status.REJECTED: lambda: domain.decide(task, Verdict.REJECT, by=second),
        Status.RETURNED: lambda: domain.decide(task, Verdict.RETURN, by=second),
        Status.WITHDRAWN: lambda: withdraw_application(application, by=clerk),
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Status.APPROVED, Status.WITHDRAWN),
        (Status.APPROVED, Status.REJECTED),
        (Status.APPROVED, Status.RETURNED),
        (Status.REJECTED, Status.WITHDRAWN),
    ],
)
def test_of_two_decisions_at_once_exactly_one_holds(company, clerk, budget, one, other):
    application = domain.at_stage(StageKind.APPROVAL, company)
    acts = closing(application, clerk)
    opinions = Opinion.objects.count()

    winner, losers = outcome(at_once(acts[one], acts[other]))

    holds = (one, other)[winner]
    application.refresh_from_db()
    assert application.status == holds
    assert isinstance(losers[0], StateChanged | NotAllowed)
    assert Award.objects.count() == (holds == Status.APPROVED)
    assert Opinion.objects.count() - opinions == (holds != Status.WITHDRAWN)
    assert differences() == []


def test_a_return_and_a_withdrawal_at_once_end_withdrawn_or_returned_then_withdrawn(company, clerk):
    application = domain.at_stage(StageKind.REVIEW, company)
    task = domain.open_tasks(application)[0]

    results = at_once(
        lambda: domain.decide(task, Verdict.RETURN),
        lambda: withdraw_application(application, by=clerk),
    )

    application.refresh_from_db()
    assert application.status == Status.WITHDRAWN
    assert Case.objects.get().stage is None
    assert not isinstance(results[1], Exception)


def test_a_draft_filed_twice_at_once_is_filed_once(company):
    application = domain.draft(company)

    _winner, losers = outcome(at_once(*[lambda: domain.submit(application, revision=1)] * 3))

    assert [type(error) for error in losers] == [StateChanged] * 2
    assert Case.objects.count() == 1
    assert Application.objects.get().number == "2026-0001"


def test_two_drafts_of_one_matter_filed_at_once_are_one_application(company):
    drafts = [domain.draft(company) for _draft in range(2)]

    _winner, losers = outcome(at_once(*(lambda each=each: domain.submit(each) for each in drafts)))

    assert [type(error) for error in losers] == [Refused]
    assert "不能重复申报" in str(losers[0])
    assert sorted(Application.objects.values_list("number", flat=True), key=str) == [
        "2026-0001",
        None,
    ]


def test_numbers_given_at_once_are_all_different_and_leave_no_gap(world):
    drafts = [domain.draft(domain.company_with_everything()) for _company in range(4)]

    numbers = {each.number for each in at_once(*(lambda d=d: domain.submit(d) for d in drafts))}

    assert numbers == {f"2026-{number:04d}" for number in range(1, 5)}


def test_two_pages_saved_at_once_do_not_overwrite_each_other(company, clerk):
    application = domain.draft(company)

    winner, losers = outcome(
        at_once(
            lambda: save_draft(application, {"page": 0}, by=clerk, revision=1),
            lambda: save_draft(application, {"page": 1}, by=clerk, revision=1),
        )
    )

    assert isinstance(losers[0], StateChanged)
    assert Application.objects.get().form_data == {"page": winner}


def test_the_last_two_answers_of_a_joint_review_at_once_lead_on_once(company):
    application = domain.at_stage(StageKind.JOINT, company, domain.claim(domain.JOINED))
    tasks = domain.open_tasks(application)

    at_once(*(lambda task=task: domain.decide(task) for task in tasks))

    assert domain.case_of(application).stage.kind == StageKind.DETERMINATION
    assert Task.objects.filter(stage__kind=StageKind.DETERMINATION).count() == 1
