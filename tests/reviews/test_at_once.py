"""Two who move the same application at the same moment: one wins, the other is told so."""

from itertools import combinations

import pytest

from accounts.models import Role
from accounts.refusals import NotAllowed, Refused, StateChanged
from reviews.models import Case, StageKind, Task, Verdict
from subsidies.applications.enums import Status
from subsidies.applications.services import save_draft, withdraw_application
from subsidies.ledger.reconciliation import differences
from subsidies.models import Application, Award, BudgetLine
from tests import domain
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def outcome(results):
    """The one that won, and what the others were told."""
    winners = [place for place, result in enumerate(results) if not isinstance(result, Exception)]
    losers = [result for result in results if isinstance(result, Exception)]
    assert len(winners) == 1, results
    return winners[0], losers


# Ways to move an application that waits for its approval, and what it then is.
ENDS = {
    "approve": Status.APPROVED,
    "reject": Status.REJECTED,
    "return": Status.RETURNED,
    "redetermine": Status.IN_REVIEW,
    "withdraw": Status.WITHDRAWN,
}


def acts_on(application, clerk):
    task = domain.open_tasks(application)[0]
    second = domain.official(task.department, Role.LEAD, 2)
    return {
        "approve": lambda: domain.decide(task),
        "reject": lambda: domain.decide(task, Verdict.REJECT, by=second),
        "return": lambda: domain.decide(task, Verdict.RETURN, by=second),
        "redetermine": lambda: domain.decide(task, Verdict.REDETERMINE, by=second),
        "withdraw": lambda: withdraw_application(application, by=clerk),
    }


@pytest.mark.parametrize(("one", "other"), list(combinations(ENDS, 2)))
def test_of_two_acts_at_once_one_holds_or_both_as_if_one_came_after_the_other(
    company, clerk, budget, one, other
):
    """C06: whatever two do to a case at the same moment, the outcome is that of some order."""
    application = domain.at_stage(StageKind.APPROVAL, company)
    acts = acts_on(application, clerk)

    results = at_once(acts[one], acts[other])

    held = [
        name
        for name, result in zip((one, other), results, strict=True)
        if not isinstance(result, Exception)
    ]
    told = [result for result in results if isinstance(result, Exception)]
    # What is with the company or in review may still be withdrawn; nothing else follows.
    if len(held) == 2:
        assert held[1] == "withdraw"
        assert held[0] in ("return", "redetermine")
    assert held
    assert all(isinstance(error, StateChanged | NotAllowed) for error in told)
    application.refresh_from_db()
    assert application.status == ENDS[held[-1]]
    assert Award.objects.count() == (held == ["approve"])
    assert BudgetLine.objects.get().reserved == 0
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
