"""C15: several cases with one press. Each is decided by itself, whatever becomes of the others."""

from functools import partial

import pytest
from django.urls import reverse

from accounts.models import Department, Role
from reviews.models import StageKind
from subsidies.applications.enums import Status
from subsidies.models import Application, Award
from tests import domain
from tests.threads import at_once

PAGE = "/workspace/approve/"


@pytest.fixture
def cases(world, budget):
    """Three cases that wait for the approval of 区经信局, 10,000 yuan each."""
    return [
        domain.at_stage(StageKind.APPROVAL, domain.company_with_everything())
        for _number in range(3)
    ]


@pytest.fixture
def lead(cases, client):
    (task,) = domain.open_tasks(cases[0])
    person = domain.someone_fresh(task)
    client.force_login(person)
    return person


def chosen(*cases):
    tasks = [task for case in cases for task in domain.open_tasks(case)]
    revisions = {
        f"revision-{task.pk}": Application.objects.get(case=task.case_id).revision for task in tasks
    }
    return {"task": [task.pk for task in tasks], **revisions}


def statuses(cases):
    return [Application.objects.get(pk=case.pk).status for case in cases]


def test_the_page_offers_what_waits_for_ones_approval(cases, lead, client):
    page = client.get(PAGE).content.decode()

    assert page.count('name="task"') == 3
    assert 'href="/workspace/approve/"' in client.get(reverse("worklist")).content.decode()


def test_what_is_chosen_is_approved_and_the_rest_waits(cases, lead, client):
    page = client.post(PAGE, chosen(*cases[:2]))

    assert "选了 2 件，批准 2 件" in page.content.decode()
    assert statuses(cases) == [Status.APPROVED, Status.APPROVED, Status.IN_REVIEW]


def test_one_that_is_refused_keeps_none_of_the_others_back(cases, lead, client):
    sent = chosen(*cases)
    Application.objects.filter(pk=cases[1].pk).update(revision=99)

    page = client.post(PAGE, sent).content.decode()

    assert "选了 3 件，批准 2 件" in page
    assert "内容已更新，请重新审阅" in page
    assert statuses(cases) == [Status.APPROVED, Status.IN_REVIEW, Status.APPROVED]


def test_the_same_press_again_does_nothing_again(cases, lead, client):
    sent = chosen(*cases)
    client.post(PAGE, sent)

    page = client.post(PAGE, sent).content.decode()

    assert "批准 0 件" in page
    assert "状态已变化" in page
    assert Award.objects.count() == 3


def test_nobody_approves_so_what_is_not_theirs(cases, lead, client):
    other = domain.official(domain.open_tasks(cases[0])[0].department, Role.REVIEWER)
    client.force_login(other)
    assert client.post(PAGE, chosen(*cases)).status_code == 403

    stranger = domain.official(Department.objects.get(code="jb-science"), Role.LEAD)
    client.force_login(stranger)
    assert client.post(PAGE, chosen(*cases)).status_code == 422
    assert statuses(cases) == [Status.IN_REVIEW] * 3


def test_nothing_that_makes_sense_is_chosen(cases, lead, client):
    assert client.post(PAGE, {"task": ["x", "", "-1", "9" * 30, "999999"]}).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_a_press_and_single_approvals_at_once_grant_each_case_once(cases, lead, client):
    sent = chosen(*cases)
    tasks = [task for case in cases for task in domain.open_tasks(case)]

    at_once(lambda: client.post(PAGE, sent), *(partial(domain.decide, task) for task in tasks))

    assert statuses(cases) == [Status.APPROVED] * 3
    assert Award.objects.count() == 3
