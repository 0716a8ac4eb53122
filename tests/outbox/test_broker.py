"""A broker that is away or hangs: nobody waits long, and nothing is lost."""

import socket
import time
from contextlib import closing
from datetime import timedelta

import pytest
import redis
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from config.celery import app
from outbox import services, tasks
from outbox.models import Job, State

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 3
QUEUE = settings.CELERY_TASK_DEFAULT_QUEUE


@pytest.fixture
def listener():
    """A socket that takes connections and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server


@pytest.fixture(autouse=True)
def broker(request, listener, monkeypatch):
    """Celery's broker is where the listener is, or where it no longer is."""
    address = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
    monkeypatch.setattr(services, "_paused_until", 0.0)
    monkeypatch.setitem(app.conf, "broker_url", address)
    monkeypatch.setattr(settings, "REDIS_URL", address)
    app._after_fork()  # forgets the open connections
    yield
    monkeypatch.undo()
    app._after_fork()


@pytest.fixture(params=["away", "hung"])
def broken(request, listener):
    if request.param == "away":
        listener.close()


def enqueue(count):
    with transaction.atomic():
        for key in range(count):
            services.enqueue("test", key)


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.usefixtures("broken")
def test_whoever_caused_jobs_has_an_answer_in_time(count):
    begun = time.monotonic()

    enqueue(count)

    assert time.monotonic() - begun < SECONDS
    assert Job.objects.filter(state=State.QUEUED, published_at=None).count() == count


@pytest.mark.usefixtures("broken")
def test_the_relay_waits_for_a_broker_that_does_not_answer():
    for key in range(5):
        Job.objects.create(kind="test", key=key)
    begun = time.monotonic()

    assert services.relay() == 0

    assert time.monotonic() - begun < SECONDS
    assert Job.objects.filter(state=State.QUEUED, published_at=None).count() == 5


def test_after_a_failure_commits_leave_their_jobs_to_the_relay_for_a_while(listener, monkeypatch):
    listener.close()
    enqueue(1)
    tried = []
    monkeypatch.setattr(services, "publish", lambda job: tried.append(job.key))

    with transaction.atomic():
        services.enqueue("test", "within the pause")
    monkeypatch.setattr(services, "_paused_until", time.monotonic())
    with transaction.atomic():
        services.enqueue("test", "after it")

    assert tried == ["after it"]


def test_a_broker_that_comes_back_is_told_of_everything(listener, monkeypatch, clock):
    listener.close()
    enqueue(5)
    monkeypatch.undo()  # the broker of the test run
    app._after_fork()

    clock.shift(31)
    assert services.relay() == 5


class TestBacklog:
    """A queue that is long because there is much to do does not grow by itself."""

    @pytest.fixture(autouse=True)
    def broker(self, request, monkeypatch):
        """The broker of the test run, with nothing in it before or after."""
        monkeypatch.setattr(services, "_paused_until", 0.0)
        app._after_fork()
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            client.delete(QUEUE)
            yield client
            client.delete(QUEUE)

    def test_what_waits_there_is_not_sent_again_while_workers_have_enough(self, broker, clock):
        enqueue(3)
        broker.rpush(QUEUE, *range(services.ENOUGH_TO_DO - 3))
        clock.shift(31)

        assert services.relay() == 0
        assert services.messages_waiting() == services.ENOUGH_TO_DO

    def test_the_relay_sends_as_much_as_workers_need(self, broker, clock):
        enqueue(5)
        broker.rpush(QUEUE, *range(services.ENOUGH_TO_DO - 5 - 2))
        clock.shift(31)

        assert services.relay() == 2
        assert services.messages_waiting() == services.ENOUGH_TO_DO

    def test_what_was_never_sent_and_what_a_lost_worker_held_is_sent_all_the_same(
        self, broker, clock
    ):
        enqueue(2)
        broker.rpush(QUEUE, *range(services.ENOUGH_TO_DO))
        clock.shift(31)
        Job.objects.create(kind="test", key="never sent")
        lost = Job.objects.filter(key="1")
        lost.update(state=State.RUNNING, lease_until=timezone.now() - timedelta(seconds=1))

        assert services.relay() == 2
        assert [job.key for job in Job.objects.due()] == ["0"]

    def test_the_relay_does_not_wait_in_the_queue_it_looks_after(self, broker):
        tasks.relay.delay()

        assert services.messages_waiting() == 0
        assert broker.llen("relay") == 1
        broker.delete("relay")
