"""F01, F02: at whichever named point a process ends between an approval and its payment, whoever
asks again gets it done, once."""

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail
from django.urls import reverse

from audit.models import Entry
from audit.services import first_broken_entry
from disbursements.models import Batch, BatchStatus, PaymentLine
from outbox import failpoints
from outbox.models import LEASE, Job, State
from outbox.services import perform, relay
from outbox.tasks import run
from reviews.models import Notice, StageKind
from subsidies.ledger.models import AwardStatus
from subsidies.ledger.reconciliation import differences
from subsidies.models import Award, LedgerEntry
from tests import domain
from tests.conftest import FreshClient
from tests.domain import TODAY

ROOMS = ("accounts", "audit", "companies", "config", "disbursements", "outbox", "reviews")
POINTS = sorted(
    {
        name
        for room in (*ROOMS, "subsidies")
        for file in Path(settings.BASE_DIR, room).rglob("*.py")
        for name in re.findall(r'failpoint\("([\w.]+)"\)', file.read_text())
    }
)


class PowerCut(BaseException):
    """The end of a process: nothing catches it, nothing more is noted."""


@pytest.fixture
def cuts(monkeypatch):
    """Cuts the power at a point once; the list of where it was cut."""
    done = []

    def plan(point):
        def cut(_name):
            failpoints._CHANCES.clear()
            done.append(point)
            raise PowerCut

        monkeypatch.setitem(failpoints._CHANCES, point, 1.0)
        monkeypatch.setattr(failpoints, "_end", cut)
        return done

    yield plan
    failpoints._CHANCES.clear()


@pytest.fixture
def broker(monkeypatch):
    """What was published and not yet delivered."""
    published = []
    monkeypatch.setattr(run, "delay", published.append)
    return published


def test_there_are_at_least_thirty_points():
    assert len(POINTS) >= 30


@pytest.mark.parametrize("point", POINTS)
def test_a_process_that_ends_anywhere_costs_and_doubles_nothing(
    point, cuts, broker, clock, company, budget, maker, second, django_capture_on_commit_callbacks
):
    application = domain.at_stage(StageKind.APPROVAL, company)
    (task,) = domain.open_tasks(application)
    done = cuts(point)

    def press(person, url, **form):
        """Send a form until it is answered; each time the same, as a browser does."""
        client = FreshClient()
        client.force_login(person)
        form["submission"] = f"00000000-0000-4000-8000-{Entry.objects.count():012}"
        for _time in range(2):
            try:
                with django_capture_on_commit_callbacks(execute=True):
                    answer = client.post(url, form)
                break
            except PowerCut:
                pass
        assert answer.status_code == 302
        return answer

    def let_workers_work():
        for _time in range(10):
            clock.shift(LEASE + timedelta(seconds=30))
            try:
                relay()
                while broker:
                    with django_capture_on_commit_callbacks(execute=True):
                        perform(broker.pop())
            except PowerCut:
                pass

    press(
        domain.someone_fresh(task),
        reverse("case_decide", args=[task.case_id]),
        task=task.pk,
        revision=application.revision,
        verdict="agree",
        text="",
    )
    let_workers_work()
    award = Award.objects.get()
    press(maker, reverse("batch_create"), award=award.pk, confirmed="1")
    batch = Batch.objects.get()
    press(second, reverse("batch_approve", args=[batch.pk]))
    press(maker, reverse("batch_pay", args=[batch.pk]), on=TODAY)
    let_workers_work()

    assert done == [point]
    award.refresh_from_db()
    batch.refresh_from_db()
    assert (award.status, batch.status) == (AwardStatus.PAID, BatchStatus.PAID)
    assert [entry.kind for entry in LedgerEntry.objects.order_by("pk")] == [
        "reserve",
        "grant",
        "pay",
    ]
    assert PaymentLine.objects.get().award == award
    assert Path(Notice.objects.get().pdf.path).exists()
    acts = Counter(Entry.objects.values_list("action", flat=True))
    for act in ("case.approval.agree", "batch.made", "batch.approved", "batch.paid"):
        assert acts[act] == 1
    in_doubt = Job.objects.exclude(state=State.DONE)
    assert in_doubt.count() == point.startswith("mail.")
    assert max(Counter((sent.to[0], sent.subject) for sent in mail.outbox).values()) == 1
    assert len(mail.outbox) + in_doubt.count() >= Job.objects.filter(kind="mail").count()
    assert differences() == []
    assert first_broken_entry() is None
