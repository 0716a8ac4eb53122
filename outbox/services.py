"""Putting jobs into the outbox, handing them to Celery, doing them once."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone, translation

from accounts.locks import locked
from accounts.models import User
from audit.services import record
from outbox.broker import messages_waiting
from outbox.failpoints import failpoint
from outbox.models import LEASE, MAX_ATTEMPTS, Job, JobQuerySet, LeaseLostError, State

logger = logging.getLogger(__name__)

Handler = Callable[..., None]
HANDLERS: dict[str, Handler] = {}
# Kinds whose handler gets the job first, because it hands something over (`Job.hand_over`).
AT_MOST_ONCE: set[str] = set()

# With a broker that hangs each message takes seconds to fail. After a failure, commits leave
# their jobs to the relay for a while, so that whoever causes many jobs does not wait for each.
PAUSE_AFTER_FAILURE = 5
_paused_until = 0.0

# So many messages keep workers busy until the relay comes again, which is every 5 seconds.
ENOUGH_TO_DO = 500
# No more than can be sent in those.
AT_ONCE = 500

# A lease outlives two renewals that fail.
RENEW_SECONDS = 10.0


def handler(kind: str, *, at_most_once: bool = False) -> Callable[[Handler], Handler]:
    """Register the function that does jobs of this kind. It is called with the job's arguments
    and must do the same thing twice without harm: a job may be delivered again.

    What cannot be done twice without harm is `at_most_once`: the function gets the job before
    the arguments and calls `job.hand_over()` right before. If the process dies then, or anything
    fails after which it did not call `job.take_back()`, a person decides.
    """

    def register(function: Handler) -> Handler:
        HANDLERS[kind] = function
        if at_most_once:
            AT_MOST_ONCE.add(kind)
        return function

    return register


def enqueue(kind: str, key: object, **args: Any) -> None:
    """Note a job in the current transaction; it is done after the commit.

    `key` says what it is done for: the same kind and key is done only once. Arguments are ids.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("a job belongs to the change that causes it")
    Job.objects.bulk_create([Job(kind=kind, key=str(key), args=args)], ignore_conflicts=True)
    failpoint("outbox.noted")
    transaction.on_commit(lambda: _hint(kind, str(key)))


def _hint(kind: str, key: str) -> None:
    if time.monotonic() >= _paused_until:
        publish(Job.objects.get(kind=kind, key=key))


def publish(job: Job) -> bool:
    """Tell Celery about a job. A broker that is away costs nothing: the relay tells it again."""
    from outbox.tasks import run

    failpoint("outbox.publishing")
    global _paused_until
    try:
        run.delay(job.pk)
    except run.OperationalError:
        _paused_until = time.monotonic() + PAUSE_AFTER_FAILURE
        logger.warning("broker is away, job %s waits for the relay", job.pk)
        return False
    failpoint("outbox.published")
    Job.objects.filter(pk=job.pk, state=State.QUEUED).update(published_at=timezone.now())
    return True


def relay() -> int:
    """Publish what is due; the number of jobs sent.

    A job that waits behind many others looks like one whose message was lost. Sent again for as
    long as it waits it would stand in the queue a hundred times, workers would do little but find
    out that there is nothing to do, and the queue would grow by what it is behind. So those are
    sent again only as far as workers have not enough to do.
    """
    try:
        room = ENOUGH_TO_DO - messages_waiting()
    except redis.RedisError:
        logger.warning("broker is away, the outbox waits")
        return 0
    with transaction.atomic():
        due = list(Job.objects.due().select_for_update(skip_locked=True)[:AT_ONCE])
        lost = [job for job in due if not job.may_be_in_the_queue]
        again = [job for job in due if job.may_be_in_the_queue]
        due = lost + again[: max(0, room - len(lost))]
        Job.objects.filter(pk__in=[job.pk for job in due]).update(published_at=timezone.now())
    failpoint("outbox.relaying")
    for sent, job in enumerate(due):
        if not publish(job):
            unsent = [job.pk for job in due[sent:]]
            Job.objects.filter(pk__in=unsent, state=State.QUEUED).update(published_at=None)
            return sent
    return len(due)


def perform(job_id: int) -> bool:
    """Claim a job, do it, note the outcome. False if somebody else has it or it is done."""
    with transaction.atomic():
        job = Job.objects.claimable().filter(pk=job_id).select_for_update(skip_locked=True).first()
        if job is None:
            return False
        job.state, job.lease_until = State.RUNNING, timezone.now() + LEASE
        job.attempts += 1
        job.save(update_fields=["state", "lease_until", "attempts"])
        failpoint("outbox.claiming")
    failpoint("outbox.claimed")
    try:
        if job.handed_over_at:
            raise RuntimeError("given up: the worker was lost after it had handed the job over")
        if job.attempts > MAX_ATTEMPTS:
            raise RuntimeError(f"given up: the worker was lost {MAX_ATTEMPTS} times")
        with _kept_lease(job):
            HANDLERS[job.kind](*([job] if job.kind in AT_MOST_ONCE else []), **job.args)
        failpoint("outbox.performed")
    except LeaseLostError:
        logger.warning("job %s was taken up by somebody else meanwhile", job)
        return False
    except Exception as error:
        logger.exception("job %s failed", job)
        given_up = job.attempts >= MAX_ATTEMPTS or job.handed_over_at
        job.note(
            last_error=f"{type(error).__name__}: {error}",
            state=State.DEAD if given_up else State.QUEUED,
            run_at=timezone.now() + timedelta(seconds=5 * 2**job.attempts),
            published_at=None,
        )
        return False
    is_noted = job.note(state=State.DONE, done_at=timezone.now())
    failpoint("outbox.done")
    return is_noted


@contextmanager
def _kept_lease(job: Job) -> Iterator[None]:
    """Renew the lease for as long as the job is being done and this process lives."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(RENEW_SECONDS):
            try:
                job.note(lease_until=timezone.now() + LEASE)
            except DatabaseError:
                logger.warning("the lease of job %s was not renewed", job.pk, exc_info=True)
                connection.close()
        connection.close()

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@transaction.atomic
def try_again(jobs: JobQuerySet, *, by: User) -> int:
    """Put back what was given up, after its cause was removed; how many jobs that were."""
    dead = list(locked(jobs.filter(state=State.DEAD)).order_by("pk"))
    for job in dead:
        attempts, last_error = job.attempts, job.last_error
        job.state, job.attempts = State.QUEUED, 0
        job.run_at, job.published_at = timezone.now(), None
        job.handed_over_at = None
        job.save(update_fields=["state", "attempts", "run_at", "published_at", "handed_over_at"])
        record(
            "job.tried_again",
            about=job,
            by=by,
            kind=job.kind,
            key=job.key,
            attempts=attempts,
            last_error=last_error,
        )
    return len(dead)


@transaction.atomic
def close_as_sent(jobs: JobQuerySet, *, by: User) -> int:
    """Note that what was in doubt did happen, as a person has found out; how many jobs that
    were. They are not done again."""
    doubtful = jobs.filter(state=State.DEAD, handed_over_at__isnull=False)
    found = list(locked(doubtful).order_by("pk"))
    for job in found:
        job.state, job.done_at = State.DONE, timezone.now()
        job.save(update_fields=["state", "done_at"])
        record("job.closed_as_sent", about=job, by=by, kind=job.kind, key=job.key)
    return len(found)


def leave_in_doubt(reason: str) -> int:
    """Give up what is open and cannot be done twice without harm, where nobody can tell any more
    whether it happened; how many jobs that were. A person decides on each."""
    return Job.objects.filter(
        kind__in=AT_MOST_ONCE, state__in=[State.QUEUED, State.RUNNING]
    ).update(state=State.DEAD, handed_over_at=timezone.now(), last_error=reason)


def perform_due() -> None:
    """Do everything that is due in this process, also what the jobs themselves put in.

    For commands that walk the way without a worker; a running worker may take its share.
    """
    while ids := list(Job.objects.claimable().order_by("pk").values_list("pk", flat=True)):
        for job_id in ids:
            perform(job_id)


def mail_language() -> translation.override:
    """Mails are in Chinese, whatever the person who causes them reads."""
    return translation.override(settings.LANGUAGE_CODE)
