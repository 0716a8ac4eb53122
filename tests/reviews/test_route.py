"""The standard route: who is asked, in which order, by when."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Role
from accounts.refusals import Refused
from outbox.models import Job
from reviews import services
from reviews.models import Case, Route, StageKind, Task, TaskState, Verdict
from reviews.routes import STANDARD, current_route
from subsidies.applications.enums import Status
from subsidies.models import Award
from tests import domain


def stations(application):
    """Stage after stage, with the departments that were asked, up to the end."""
    seen = []
    while (case := domain.case_of(application)).stage:
        tasks = domain.open_tasks(application)
        seen.append((case.stage.kind, [task.department.short_name for task in tasks]))
        domain.advance(application)
    return seen


def test_an_item_without_co_departments_skips_the_joint_review(company, budget):
    assert stations(domain.filed(company)) == [
        (StageKind.ACCEPTANCE, ["区经信局"]),
        (StageKind.REVIEW, ["区经信局"]),
        (StageKind.DETERMINATION, ["区经信局"]),
        (StageKind.FINANCE, ["区财政局"]),
        (StageKind.PUBLIC_NOTICE, []),
        (StageKind.APPROVAL, ["区经信局"]),
    ]


def test_co_departments_are_asked_at_the_same_time(company, budget):
    assert stations(domain.filed(company, domain.claim(domain.JOINED))) == [
        (StageKind.ACCEPTANCE, ["区科技局"]),
        (StageKind.REVIEW, ["区科技局"]),
        (StageKind.JOINT, ["区发改局", "区经信局"]),
        (StageKind.DETERMINATION, ["区科技局"]),
        (StageKind.FINANCE, ["区财政局"]),
        (StageKind.PUBLIC_NOTICE, []),
        (StageKind.APPROVAL, ["区科技局"]),
    ]


def test_of_two_lead_departments_the_second_is_asked_with_the_others(company):
    application = domain.at_stage(StageKind.JOINT, company, domain.claim(domain.TWO_LEADS))

    assert [task.department.short_name for task in domain.open_tasks(application)] == [
        "区科技局",
        "区经信局",
        "区住建局",
        "区市场监管局",
        "区金融发展服务中心",
    ]
    assert {task.department.short_name for task in Task.objects.exclude(state="open")} == {
        "区发改局"
    }


def test_the_joint_review_ends_with_the_last_answer(company):
    application = domain.at_stage(StageKind.JOINT, company, domain.claim(domain.JOINED))
    first, second = domain.open_tasks(application)

    domain.decide(second)
    assert domain.case_of(application).stage.kind == StageKind.JOINT

    domain.decide(first)
    assert domain.case_of(application).stage.kind == StageKind.DETERMINATION


def test_a_co_departments_objection_is_kept_and_the_lead_goes_on(company):
    application = domain.at_stage(StageKind.JOINT, company, domain.claim(domain.JOINED))
    first, second = domain.open_tasks(application)

    opinion = domain.decide(first, Verdict.DISAGREE, text="场地不在本区")
    domain.decide(second)

    assert (opinion.verdict, opinion.text) == (Verdict.DISAGREE, "场地不在本区")
    assert domain.case_of(application).stage.kind == StageKind.DETERMINATION


@pytest.mark.parametrize(
    ("kind", "role"), [(kind, role) for kind, role, _where, _days in STANDARD if role]
)
def test_each_stage_asks_the_role_that_the_route_names(company, kind, role):
    application = domain.at_stage(kind, company, domain.claim(domain.JOINED))

    assert {task.role for task in domain.open_tasks(application)} == {role}


def test_acceptance_puts_the_application_into_review(company):
    application = domain.filed(company)
    assert application.status == Status.SUBMITTED

    domain.advance(application)

    application.refresh_from_db()
    assert application.status == Status.IN_REVIEW


def test_the_last_consent_grants_the_award_and_issues_its_notice(company, budget):
    application = domain.approved(company)

    award = Award.objects.get()
    assert (application.status, award.claim.application) == (Status.APPROVED, application)
    assert str(award.amount) == "10000.00"
    assert award.granted_by.has_role(Role.LEAD)
    assert award.notice.number == "江北惠兑〔2026〕1号"
    assert Job.objects.filter(kind="reviews.render_notice", key=award.notice.pk).exists()


def test_without_a_budget_finance_does_not_agree_and_the_case_waits(company):
    application = domain.at_stage(StageKind.FINANCE, company)
    (task,) = domain.open_tasks(application)

    with pytest.raises(services.Refused, match="没有本事项的预算科目"), transaction.atomic():
        services.decide(
            task, Verdict.AGREE, by=domain.someone_fresh(task), revision=application.revision
        )

    application.refresh_from_db()
    assert application.status == Status.IN_REVIEW
    assert domain.case_of(application).stage.kind == StageKind.FINANCE


@pytest.mark.parametrize(
    ("kind", "due_on"),
    [
        # Counted from the day after; 2026-03-11 is a Wednesday.
        (StageKind.ACCEPTANCE, date(2026, 3, 13)),
        (StageKind.REVIEW, date(2026, 3, 18)),
        (StageKind.JOINT, date(2026, 3, 18)),
        (StageKind.DETERMINATION, date(2026, 3, 18)),
        (StageKind.FINANCE, date(2026, 3, 16)),
        # A public notice counts its first day.
        (StageKind.PUBLIC_NOTICE, date(2026, 3, 17)),
        (StageKind.APPROVAL, date(2026, 3, 16)),
    ],
)
def test_each_stage_has_its_time_limit_in_working_days(company, kind, due_on):
    application = domain.at_stage(kind, company, domain.claim(domain.JOINED))

    assert domain.case_of(application).due_on == due_on
    assert {task.due_on for task in domain.open_tasks(application)} <= {due_on}


def test_rejecting_closes_case_and_tasks_and_frees_the_matter(company):
    application = domain.at_stage(StageKind.REVIEW, company)

    domain.decide(domain.open_tasks(application)[0], Verdict.REJECT, text="不在本区")

    application.refresh_from_db()
    case = domain.case_of(application)
    assert application.status == Status.REJECTED
    assert (case.stage, case.due_on) == (None, None)
    assert case.closed_at is not None
    assert domain.open_tasks(application) == []
    assert domain.filed(company).status == Status.SUBMITTED


def test_withdrawing_closes_case_and_tasks(company, clerk):
    application = domain.at_stage(StageKind.JOINT, company, domain.claim(domain.JOINED))

    services.applications.withdraw_application(application, by=clerk)

    assert domain.case_of(application).stage is None
    assert not Task.objects.filter(state=TaskState.OPEN).exists()


def test_a_running_case_keeps_the_version_of_the_route_it_was_opened_with(company):
    application = domain.filed(company)
    old = domain.case_of(application).route
    Route.objects.filter(pk=old.pk).update(is_current=False)
    new = Route.objects.create(district=old.district, name=old.name, version=2)
    stage = old.stages.first()
    stage.pk, stage.route = None, new
    stage.save(force_insert=True)

    later = domain.filed(domain.company_with_everything())

    assert domain.case_of(application).route == old
    assert domain.case_of(later).route == current_route(company.district) == new


def test_the_database_keeps_one_current_route_in_a_district(company):
    route = current_route(company.district)

    with pytest.raises(IntegrityError, match="one_current_route"), transaction.atomic():
        type(route).objects.create(district=route.district, name="另一流程")


@pytest.mark.parametrize("change", [{"stage": None}, {"closed_at": "2026-03-11T00:00Z"}])
def test_the_database_ties_a_cases_stage_to_its_being_open(company, change):
    case = domain.case_of(domain.filed(company))

    with pytest.raises(IntegrityError, match="until_it_is_closed"), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(**change)


def test_the_database_gives_a_department_one_task_on_a_stage_in_a_round(company):
    task = domain.open_tasks(domain.filed(company))[0]
    task.pk = None

    with pytest.raises(IntegrityError, match="task_once"), transaction.atomic():
        task.save(force_insert=True)


def test_a_route_that_leads_nowhere_is_told(company):
    application = domain.filed(company)
    case = domain.case_of(application)
    case.route.stages.filter(position__gt=case.stage.position).delete()
    (task,) = domain.open_tasks(application)

    with pytest.raises(Refused, match="流程没有下一环节"):
        domain.decide(task)
