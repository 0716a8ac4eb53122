"""Jobs that were given up: an administrator sees them and puts them back."""

import pytest
from django.utils import timezone

from accounts.models import Role
from audit.models import Entry
from outbox.models import MAX_ATTEMPTS, Job, State
from tests.factories import AppointmentFactory

LIST = "/admin/outbox/job/"


@pytest.fixture
def administrator(db, clock, client):
    person = AppointmentFactory(role=Role.ADMINISTRATOR).user
    client.force_login(person)
    return person


def job(key, state, **given):
    return Job.objects.create(kind="mail", key=key, state=state, args={"body": "私信"}, **given)


def put_back(client, *jobs):
    return client.post(
        LIST, {"action": "put_back", "_selected_action": [each.pk for each in jobs]}, follow=True
    )


def test_what_was_given_up_goes_back_into_the_queue(administrator, client):
    dead = job("1", State.DEAD, attempts=MAX_ATTEMPTS, last_error="OSError: 邮件服务器不通")

    put_back(client, dead)

    dead.refresh_from_db()
    assert (dead.state, dead.attempts, dead.published_at) == (State.QUEUED, 0, None)
    assert dead.run_at == timezone.now()
    assert dead in Job.objects.due()
    entry = Entry.objects.about(dead).get()
    assert (entry.actor, entry.data["last_error"]) == (administrator, dead.last_error)


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.DONE])
def test_no_other_job_is_touched(administrator, client, state):
    done_at = timezone.now() if state == State.DONE else None
    other = job("1", state, attempts=2, done_at=done_at)

    put_back(client, other)

    other.refresh_from_db()
    assert (other.state, other.attempts) == (state, 2)
    assert not Entry.objects.exists()


def test_jobs_are_shown_by_state_and_changed_by_nobody(administrator, client):
    dead, queued = job("1", State.DEAD, last_error="OSError: 不通"), job("2", State.QUEUED)

    page = client.get(LIST, {"state__exact": State.DEAD})

    assert set(page.context["cl"].queryset) == {dead}
    assert "OSError: 不通" in page.content.decode()
    detail = client.get(f"{LIST}{queued.pk}/change/")
    assert detail.status_code == 200
    assert "私信" not in detail.content.decode()
    assert client.post(f"{LIST}{queued.pk}/change/", {"state": "done"}).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403
