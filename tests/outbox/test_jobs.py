"""A job is a row first: it is done once, after its commit, whatever dies in between."""

import time
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from outbox import services
from outbox.models import LEASE, MAX_ATTEMPTS, REPUBLISH_AFTER, Job, State
from outbox.tasks import run
from tests.threads import Meeting, at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(monkeypatch, clock):
    """What the handler of the kind "test" was called with."""
    calls = []
    monkeypatch.setitem(services.HANDLERS, "test", lambda **given: calls.append(given))
    return calls


@pytest.fixture
def sent(monkeypatch, clock):
    """The numbers of the jobs that Celery was told of."""
    numbers = []
    monkeypatch.setattr(run, "delay", numbers.append)
    return numbers


@pytest.fixture
def failing(monkeypatch, clock):
    def fail(**_given):
        raise ConnectionError("the mail server is away")

    monkeypatch.setitem(services.HANDLERS, "test", fail)


def enqueue(key="1", **args):
    with transaction.atomic():
        services.enqueue("test", key, **args)
    return Job.objects.get(kind="test", key=key)


@pytest.mark.django_db(transaction=True)
def test_a_job_outside_a_transaction_is_refused():
    with pytest.raises(transaction.TransactionManagementError):
        services.enqueue("test", "1")

    assert not Job.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_job_is_rolled_back_with_its_transaction(sent):
    def change():
        with transaction.atomic():
            services.enqueue("test", "1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change()

    assert not Job.objects.exists()
    assert sent == []


@pytest.mark.django_db(transaction=True)
def test_celery_is_told_after_the_commit_and_not_before(sent):
    with transaction.atomic():
        services.enqueue("test", "1")
        assert sent == []

    job = Job.objects.get()
    assert sent == [job.pk]
    assert job.published_at == timezone.now()


def test_the_same_kind_and_key_is_one_job(sent, done):
    enqueue("1", number=1)
    enqueue("1", number=2)

    services.perform_due()

    assert done == [{"number": 1}]


def test_a_job_is_done_with_its_arguments(sent, done):
    job = enqueue(application="7")

    assert services.perform(job.pk) is True

    job.refresh_from_db()
    assert done == [{"application": "7"}]
    assert (job.state, job.done_at, job.attempts) == (State.DONE, timezone.now(), 1)


def test_a_job_delivered_twice_is_done_once(sent, done):
    job = enqueue()

    assert [services.perform(job.pk) for _time in range(3)] == [True, False, False]
    assert len(done) == 1


@pytest.mark.django_db(transaction=True)
def test_a_job_delivered_to_many_workers_at_once_is_done_once(sent, done):
    job = enqueue()

    assert sorted(at_once(*[lambda: services.perform(job.pk)] * 4)) == [False] * 3 + [True]
    assert len(done) == 1


def test_a_job_that_fails_waits_longer_each_time_and_is_dead_after_five(sent, failing, clock):
    job = enqueue()
    waits = []
    for _attempt in range(MAX_ATTEMPTS):
        job.refresh_from_db()
        assert job.state == State.QUEUED
        clock.move_to(job.run_at)
        assert services.perform(job.pk) is False
        waits.append((Job.objects.get().run_at - timezone.now()).total_seconds())

    job.refresh_from_db()
    assert waits == [10, 20, 40, 80, 160]
    assert (job.state, job.attempts) == (State.DEAD, 5)
    assert job.last_error == "ConnectionError: the mail server is away"
    clock.shift(86400)
    assert services.perform(job.pk) is False
    assert services.relay() == 0


def test_a_job_that_failed_is_not_done_before_its_time(sent, failing, clock):
    job = enqueue()
    services.perform(job.pk)

    clock.shift(9)
    assert services.perform(job.pk) is False
    assert Job.objects.get().attempts == 1
    clock.shift(1)
    services.perform(job.pk)
    assert Job.objects.get().attempts == 2


def test_a_job_of_an_unknown_kind_is_kept_with_its_error(sent):
    job = enqueue()

    services.perform(job.pk)

    assert Job.objects.get().last_error == "KeyError: 'test'"


def lose_the_worker(job):
    """A worker took the job and died."""
    Job.objects.filter(pk=job.pk).update(
        state=State.RUNNING, attempts=job.attempts + 1, lease_until=timezone.now() + LEASE
    )
    job.refresh_from_db()


def test_a_job_whose_worker_was_lost_is_taken_up_when_its_lease_is_over(sent, done, clock):
    job = enqueue()
    lose_the_worker(job)

    clock.shift(LEASE)
    assert services.perform(job.pk) is False
    assert services.relay() == 0
    clock.shift(1)
    sent.clear()
    assert services.relay() == 1
    assert sent == [job.pk]
    assert services.perform(job.pk) is True
    assert len(done) == 1


@pytest.mark.django_db(transaction=True)
def test_a_lease_is_renewed_while_the_job_is_done(sent, clock, monkeypatch):
    """F03: leases are short, and no second worker takes a long job up meanwhile."""
    monkeypatch.setattr(services, "RENEW_SECONDS", 0.01)
    taken = []

    def long_job():
        for _minute in range(3):
            clock.shift(LEASE * 0.9)
            until = timezone.now() + LEASE
            begun = time.monotonic()
            while Job.objects.get().lease_until < until and time.monotonic() - begun < 5:
                pass
            taken.append(services.perform(Job.objects.get().pk))

    monkeypatch.setitem(services.HANDLERS, "test", long_job)
    job = enqueue()

    assert services.perform(job.pk) is True
    assert taken == [False] * 3


def test_a_job_that_kills_its_workers_is_given_up(sent, done, clock):
    job = enqueue()
    for _worker in range(MAX_ATTEMPTS):
        lose_the_worker(job)
    clock.shift(LEASE + timedelta(seconds=1))

    services.perform(job.pk)

    job.refresh_from_db()
    assert (job.state, done) == (State.DEAD, [])
    assert "lost 5 times" in job.last_error


class TestRelay:
    def test_what_was_never_sent_is_sent(self, sent):
        job = Job.objects.create(kind="test", key="1")

        assert services.relay() == 1
        assert sent == [job.pk]

    @pytest.mark.parametrize(
        "change",
        [
            {"run_at": timedelta(seconds=1)},
            {"published_at": -REPUBLISH_AFTER},
            {"state": State.DONE, "done_at": timedelta(0)},
            {"state": State.DEAD},
            {"state": State.RUNNING, "lease_until": timedelta(0)},
        ],
    )
    def test_what_is_not_due_is_not_sent(self, sent, change):
        now = timezone.now()
        moments = {
            name: now + value if isinstance(value, timedelta) else value
            for name, value in change.items()
        }
        Job.objects.create(kind="test", key="1", **moments)

        assert services.relay() == 0
        assert sent == []

    def test_what_was_sent_without_effect_is_sent_again(self, sent, clock):
        Job.objects.create(kind="test", key="1")
        assert services.relay() == 1
        assert services.relay() == 0
        clock.shift(REPUBLISH_AFTER + timedelta(seconds=1))

        assert services.relay() == 1
        assert len(sent) == 2

    @pytest.mark.django_db(transaction=True)
    def test_two_relays_at_once_send_each_job_once(self, sent, monkeypatch):
        for key in range(20):
            Job.objects.create(kind="test", key=key)
        # Both have chosen before either says what it sends, unless something holds them apart.
        choosing = Meeting(2).before(Job.may_be_in_the_queue.fget)
        monkeypatch.setattr(Job, "may_be_in_the_queue", property(choosing))

        assert sum(at_once(services.relay, services.relay)) == 20
        assert len(set(sent)) == len(sent) == 20


@pytest.mark.parametrize(
    "change",
    [{"state": State.DONE}, {"done_at": "2026-03-11T00:00Z"}],
)
def test_the_database_ties_the_time_to_being_done(sent, change):
    job = enqueue()

    with pytest.raises(IntegrityError, match="job_done_has_its_time"), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(**change)


def test_the_database_keeps_a_kind_and_key_once(sent):
    enqueue()

    with pytest.raises(IntegrityError, match="job_once"), transaction.atomic():
        Job.objects.create(kind="test", key="1")


def test_a_mail_goes_out_once(sent, clock, mailoutbox):
    with transaction.atomic():
        services.enqueue("mail", "1", to=["a@example.org"], subject="需要补正", body="请补充")

    services.perform_due()
    services.perform_due()

    assert [(mail.to, mail.subject) for mail in mailoutbox] == [(["a@example.org"], "需要补正")]
