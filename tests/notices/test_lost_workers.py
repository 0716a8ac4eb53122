"""A notice is rendered once and stands in one file, whoever dies meanwhile (F02, F14, F17)."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from companies.vault.services import sweep_orphans
from outbox.models import LEASE, MAX_ATTEMPTS, Job, State
from outbox.services import perform
from reviews.notices import services
from subsidies.ledger.models import AwardStatus


class Killed(BaseException):
    """As after `kill -9`, nothing more is noted."""


@pytest.fixture
def job(notice):
    return Job.objects.get(kind="reviews.render_notice", key=str(notice.pk))


def files(settings):
    return [path for path in Path(settings.MEDIA_ROOT, "notices").rglob("*") if path.is_file()]


@pytest.mark.parametrize("moment", ["notice.rendered", "notice.written"])
def test_a_worker_that_is_killed_leaves_nothing_behind(
    job, notice, clock, settings, monkeypatch, moment
):
    def die(name):
        if name == moment:
            raise Killed

    monkeypatch.setattr(services, "failpoint", die)
    with pytest.raises(Killed):
        perform(job.pk)
    monkeypatch.undo()
    notice.refresh_from_db()
    assert not notice.rendered_at
    clock.shift(LEASE + timedelta(seconds=1))

    assert perform(job.pk) is True

    notice.refresh_from_db()
    assert Path(notice.pdf.path).exists()
    old = (timezone.now() - timedelta(days=2)).timestamp()
    for path in files(settings):
        os.utime(path, (old, old))
    assert sweep_orphans() == (moment == "notice.written")
    assert files(settings) == [Path(notice.pdf.path)]


def test_the_file_is_on_disk_before_its_row(job, notice, monkeypatch):
    """A power cut after the commit leaves no row whose file is empty."""
    brought, sync = [], os.fsync

    def fsync(descriptor):
        notice.refresh_from_db()
        brought.append((os.fstat(descriptor).st_ino, notice.rendered_at))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)

    assert perform(job.pk) is True

    notice.refresh_from_db()
    assert brought == [(os.stat(notice.pdf.path).st_ino, None)]


def test_a_notice_that_cannot_be_rendered_is_given_up_and_the_award_stands(
    job, notice, clock, monkeypatch
):
    def render_pdf(notice):
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(services, "render_pdf", render_pdf)
    for _attempt in range(MAX_ATTEMPTS):
        job.refresh_from_db()
        clock.move_to(job.run_at)
        assert perform(job.pk) is False

    job.refresh_from_db()
    notice.award.refresh_from_db()
    assert (job.state, notice.award.status) == (State.DEAD, AwardStatus.GRANTED)


def test_a_job_that_hangs_is_ended_before_it_would_be_delivered_again(settings):
    soft, hard = settings.CELERY_TASK_SOFT_TIME_LIMIT, settings.CELERY_TASK_TIME_LIMIT
    visibility = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    assert soft < hard < visibility
