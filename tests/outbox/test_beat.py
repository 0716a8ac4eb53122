"""Beat sends what is due once, however many of it run and however long none did (F16)."""

from datetime import timedelta

import pytest
from celery.schedules import crontab
from django.conf import settings as project_settings
from django.db import DatabaseError, connection
from django.utils import timezone
from kombu.exceptions import OperationalError

from config.celery import app
from outbox import beat
from outbox.beat import LOOK_AGAIN, Beat
from outbox.models import Tick
from tests.threads import Meeting, at_once

pytestmark = pytest.mark.django_db

# The clock stands at 10:00 in Shanghai.
SCHEDULE = {
    "relay": {"task": "outbox.relay", "schedule": 5.0},
    "hourly": {"task": "reviews.end_due_public_notices", "schedule": crontab(minute=5)},
    "nightly": {"task": "audit.verify_audit", "schedule": crontab(hour=2, minute=30)},
}


@pytest.fixture
def sent(monkeypatch, clock):
    """The tasks that were sent to the broker."""
    app.loader.import_default_modules()
    monkeypatch.setitem(app.conf, "beat_schedule", SCHEDULE)
    tasks = []
    for task in ("outbox.relay", "reviews.end_due_public_notices", "audit.verify_audit"):
        monkeypatch.setattr(
            app.tasks[task], "apply_async", lambda *args, task=task, **options: tasks.append(task)
        )
    return tasks


def new_beat():
    return Beat(app)


def test_what_is_new_falls_due_from_now_on(sent, clock):
    new_beat().tick()
    assert sent == []

    clock.shift(5)
    new_beat().tick()
    assert sent == ["outbox.relay"]


def test_each_falls_due_at_its_own_time(sent, clock):
    one = new_beat()
    one.tick()
    clock.shift(timedelta(minutes=5))

    one.tick()
    one.tick()

    assert sorted(sent) == ["outbox.relay", "reviews.end_due_public_notices"]


def test_what_fell_due_while_no_beat_ran_is_sent_once(sent, clock):
    """F16: beat was down over night; each entry is made up once, not once an hour."""
    new_beat().tick()
    clock.shift(timedelta(hours=18))

    for _look in range(3):
        new_beat().tick()

    assert sorted(sent) == ["audit.verify_audit", "outbox.relay", "reviews.end_due_public_notices"]


@pytest.mark.django_db(transaction=True)
def test_of_two_beats_at_once_one_works(sent, clock, monkeypatch):
    """F16: both look at the same moment; what is due is sent once."""
    new_beat().tick()
    clock.shift(timedelta(hours=18))
    meeting = Meeting(2)
    monkeypatch.setattr(beat, "_is_the_one", meeting.before(beat._is_the_one))

    at_once(new_beat().tick, new_beat().tick)

    assert meeting.held
    assert sorted(sent) == ["audit.verify_audit", "outbox.relay", "reviews.end_due_public_notices"]


@pytest.mark.django_db(transaction=True)
def test_a_beat_stands_by_while_another_looks(sent, clock, monkeypatch):
    new_beat().tick()
    clock.shift(5)
    other = new_beat()
    waits = []

    def look_meanwhile(*args, **options):
        waits.extend(at_once(other.tick))
        sent.append("outbox.relay")

    monkeypatch.setattr(app.tasks["outbox.relay"], "apply_async", look_meanwhile)
    new_beat().tick()

    assert sent == ["outbox.relay"]
    assert waits == [LOOK_AGAIN]


def test_what_a_broker_that_is_away_did_not_take_stays_due(sent, clock, monkeypatch):
    new_beat().tick()
    clock.shift(timedelta(hours=18))
    with monkeypatch.context() as away:
        for task in ("outbox.relay", "reviews.end_due_public_notices", "audit.verify_audit"):
            away.setattr(app.tasks[task], "apply_async", refuse)
        assert new_beat().tick() == LOOK_AGAIN
    assert sent == []

    new_beat().tick()

    assert len(sent) == 3


def refuse(*args, **options):
    raise OperationalError("the broker is away")


def test_a_database_that_is_away_is_waited_for(sent, clock, monkeypatch):
    def away():
        raise DatabaseError

    monkeypatch.setattr(beat, "_is_the_one", away)
    monkeypatch.setattr(connection, "close", lambda: None)

    assert new_beat().tick() == LOOK_AGAIN


def test_the_rows_say_when_each_was_sent(sent, clock):
    new_beat().tick()
    clock.shift(5)
    new_beat().tick()

    assert Tick.objects.get(name="relay").sent_at == timezone.now()
    assert Tick.objects.count() == len(SCHEDULE)


def test_every_entry_of_the_schedule_names_a_task_there_is():
    app.loader.import_default_modules()

    for entry in project_settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks
    assert app.conf.beat_scheduler == "outbox.beat:Beat"
