"""C15: several cases with one press. Each is decided by itself, whatever becomes of the others."""

import re
import uuid
from functools import partial

import pytest
from django.db import OperationalError
from django.urls import reverse

from accounts.models import Department, Role
from reviews import services
from reviews.models import StageKind
from reviews.views import bulk
from subsidies.applications.enums import Status
from subsidies.models import Application, Award
from tests import domain
from tests.threads import at_once

PAGE = "/workspace/approve/"
KEY = str(uuid.UUID(int=7))


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


def outcomes(page):
    return re.search(r'<section class="panel mb-4".*?</section>', page, re.DOTALL)[0]


def still_chosen(page):
    return re.findall(r'name="task" value="(\d+)"[^>]* checked', page)


def test_the_same_press_again_gets_the_same_answer_and_does_nothing(cases, lead, client):
    """C15, F01: the first answer was lost on the way."""
    sent = {**chosen(*cases), "submission": KEY}

    first, again = (outcomes(client.post(PAGE, sent).content.decode()) for _time in range(2))

    assert "选了 3 件，批准 3 件" in first
    assert again == first
    assert Award.objects.count() == 3


def test_the_same_press_again_tries_again_what_was_refused(cases, lead, client):
    sent = {**chosen(*cases), "submission": KEY}
    revision = Application.objects.get(pk=cases[1].pk).revision
    Application.objects.filter(pk=cases[1].pk).update(revision=99)
    assert "批准 2 件" in client.post(PAGE, sent).content.decode()

    Application.objects.filter(pk=cases[1].pk).update(revision=revision)

    assert "选了 3 件，批准 3 件" in client.post(PAGE, sent).content.decode()
    assert Award.objects.count() == 3


def test_another_press_tells_what_was_decided_before_as_such(cases, lead, client):
    sent = chosen(*cases)
    client.post(PAGE, sent)

    page = client.post(PAGE, sent).content.decode()

    assert "批准 0 件" in page
    assert "状态已变化" in page
    assert Award.objects.count() == 3


def test_the_same_key_with_what_was_read_later_is_refused(cases, lead, client):
    """C08"""
    sent = {**chosen(cases[0]), "submission": KEY}
    client.post(PAGE, sent)
    revision = f"revision-{sent['task'][0]}"

    page = client.post(PAGE, {**sent, revision: sent[revision] + 1}).content.decode()

    assert "内容和上次不同，这次没有办理" in page


def test_without_a_key_nothing_is_approved(cases, lead, client):
    page = client.post(PAGE, {**chosen(*cases), "submission": ""})

    assert page.status_code == 422
    assert "刷新后再提交" in page.content.decode()
    assert statuses(cases) == [Status.IN_REVIEW] * 3
    assert 'name="submission"' in client.get(PAGE).content.decode()


def test_nobody_waits_for_a_lock_twice(cases, lead, client, monkeypatch):
    """After the first that is busy the rest is not tried, and stays chosen."""
    tasks = sorted((domain.open_tasks(case)[0] for case in cases), key=lambda task: task.pk)
    decide, tried = services.decide, []

    def decide_unless_busy(task, *args, **kwargs):
        tried.append(task.pk)
        if task == tasks[1]:
            raise OperationalError("canceling statement due to lock timeout")
        return decide(task, *args, **kwargs)

    monkeypatch.setattr(services, "decide", decide_unless_busy)
    sent = {**chosen(*cases), "submission": KEY}

    page = client.post(PAGE, sent).content.decode()

    assert tried == [tasks[0].pk, tasks[1].pk]
    assert "选了 3 件，批准 1 件" in page
    assert "系统繁忙，没有得到确认" in page
    assert outcomes(page).count("这次没有轮到") == 1
    assert still_chosen(page) == [str(task.pk) for task in tasks[1:]]
    monkeypatch.setattr(services, "decide", decide)
    assert "选了 3 件，批准 3 件" in client.post(PAGE, sent).content.decode()


def test_what_is_more_than_one_press_takes_is_named_and_stays_chosen(
    cases, lead, client, monkeypatch
):
    monkeypatch.setattr(bulk, "PAGE_SIZE", 2)

    page = client.post(PAGE, chosen(*cases)).content.decode()

    assert "选了 3 件，批准 2 件" in page
    assert outcomes(page).count("这次没有轮到") == 1
    (left,) = (
        case for case in cases if Application.objects.get(pk=case.pk).status == Status.IN_REVIEW
    )
    assert left.number in outcomes(page)
    assert still_chosen(page) == [str(domain.open_tasks(left)[0].pk)]


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


@pytest.mark.django_db(transaction=True)
def test_the_same_press_at_the_same_moment_approves_once_and_both_are_told(cases, lead, client):
    """C07"""
    sent = {**chosen(*cases), "submission": KEY}

    answers = at_once(*[lambda: client.post(PAGE, sent)] * 2)

    assert ["选了 3 件，批准 3 件" in answer.content.decode() for answer in answers] == [True] * 2
    assert Award.objects.count() == 3
