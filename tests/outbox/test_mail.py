"""F18: a mail goes out at most once, whatever the mail server does and whoever dies meanwhile."""

from email import message_from_string

import pytest
from django.db import transaction
from django.utils import timezone

from audit.models import Entry
from outbox import mail, services
from outbox.models import LEASE, Job, State
from outbox.tasks import run
from tests.factories import UserFactory
from tests.outbox.smtp import mail_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings, monkeypatch, clock):
    monkeypatch.setattr(run, "delay", lambda pk: None)
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        settings.EMAIL_TIMEOUT = 0.2
        yield server


def enqueue():
    with transaction.atomic():
        services.enqueue("mail", "1", to=["a@example.org"], subject="需要补正", body="请补充")
    return Job.objects.get(kind="mail")


def test_a_mail_carries_the_number_of_its_job(server):
    job = enqueue()

    assert services.perform(job.pk)

    (sent,) = server.accepted
    assert message_from_string(sent)["Message-ID"] == mail.message_id(job)


@pytest.mark.parametrize(
    ("when", "answer"),
    [
        ("greeting", "421 busy"),
        ("greeting", None),
        ("MAIL", "451 later"),
        ("RCPT", "450 mailbox busy"),
        ("DATA", "451 later"),
        ("mail", "452 no room"),
        ("mail", "550 no"),
    ],
)
def test_what_the_server_refused_is_sent_again_later(server, clock, when, answer):
    job = enqueue()
    server.answers = {when: answer}

    assert services.perform(job.pk) is False

    job.refresh_from_db()
    assert (job.state, job.handed_over_at) == (State.QUEUED, None)
    server.answers = {}
    clock.move_to(job.run_at)
    assert services.perform(job.pk) is True
    assert len(server.accepted) == 1


def test_a_server_that_is_away_has_seen_nothing(server, settings):
    job = enqueue()
    server.server_close()

    services.perform(job.pk)

    job.refresh_from_db()
    assert (job.state, job.handed_over_at) == (State.QUEUED, None)


def test_a_server_that_takes_the_mail_and_is_gone_is_not_sent_it_again(server, clock):
    job = enqueue()
    server.answers = {"accepted": None}

    assert services.perform(job.pk) is False

    job.refresh_from_db()
    assert (job.state, job.handed_over_at) == (State.DEAD, timezone.now())
    clock.shift(86400)
    assert services.relay() == 0
    assert services.perform(job.pk) is False
    assert len(server.accepted) == 1


def test_a_server_that_ends_the_conversation_after_its_yes_has_the_mail(server):
    job = enqueue()
    server.answers = {"QUIT": None}

    assert services.perform(job.pk) is True
    assert len(server.accepted) == 1


@pytest.mark.parametrize("moment", ["mail.handing_over", "mail.handed_over"])
def test_a_mail_whose_worker_died_is_left_to_a_person(server, clock, monkeypatch, moment):
    class Died(BaseException):
        """As after `kill -9`, nothing more is noted."""

    def die(name):
        if name == moment:
            raise Died

    job = enqueue()
    monkeypatch.setattr(mail, "failpoint", die)
    with pytest.raises(Died):
        services.perform(job.pk)
    sent = len(server.accepted)
    monkeypatch.undo()
    clock.shift(LEASE * 2)

    assert services.perform(job.pk) is False

    job.refresh_from_db()
    assert (job.state, len(server.accepted)) == (State.DEAD, sent)
    assert job.handed_over_at


def test_a_person_may_decide_to_send_it_again(server, clock):
    job = enqueue()
    server.answers = {"accepted": None}
    services.perform(job.pk)
    server.answers = {}

    assert services.try_again(Job.objects.filter(pk=job.pk), by=UserFactory()) == 1

    assert services.perform(job.pk) is True
    first, second = (message_from_string(sent)["Message-ID"] for sent in server.accepted)
    assert first == second
    assert Entry.objects.filter(action="job.tried_again").exists()


def test_a_worker_that_stood_still_for_longer_than_its_lease_sends_nothing(
    server, clock, monkeypatch
):
    """As after SIGSTOP, or in a virtual machine that was held: it does not know how late it is."""
    job = enqueue()
    connect = mail.get_connection

    def wake_late():
        monkeypatch.undo()
        monkeypatch.setattr(run, "delay", lambda pk: None)
        clock.shift(LEASE * 2)
        assert services.perform(job.pk) is True
        return connect()

    monkeypatch.setattr(mail, "get_connection", wake_late)
    assert services.perform(job.pk) is False

    assert len(server.accepted) == 1
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.DONE, 2)
