"""What is amiss is said on one page, in the metrics, and by the readiness probe where it must."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Role
from audit.inspections import note
from audit.models import Entry, Inspection, Subject
from audit.services import record
from operations import vitals
from operations.kinds import NAMES
from operations.status import signs
from outbox.models import Job, State, Tick
from outbox.services import HANDLERS, perform
from subsidies.models import Freeze
from tests.factories import AppointmentFactory, DistrictFactory


@pytest.fixture
def administrator(db, clock, client):
    person = AppointmentFactory(role=Role.ADMINISTRATOR).user
    client.force_login(person)
    return person


@pytest.fixture
def well(db, clock, settings):
    """An installation where everything ran as it should."""
    settings.AUDIT_ANCHOR_EMAIL = ["far@example.org"]
    Tick.objects.create(name="relay the outbox", sent_at=timezone.now())
    for subject in Subject:
        note(subject, count=7)


def kinds():
    return {sign.name: sign.kind for sign in signs(vitals.take())}


def test_where_all_is_well_nothing_fails(well):
    assert set(kinds().values()) <= {"pass", "info"}


def dead_job():
    return Job.objects.create(
        kind="mail", key="file:7", state=State.DEAD, attempts=5, last_error="OSError: 不通"
    )


def late_job():
    Job.objects.create(kind="mail", key="1", run_at=timezone.now() - timedelta(seconds=61))


def lost_job():
    then = timezone.now() - timedelta(seconds=61)
    Job.objects.create(kind="mail", key="1", state=State.RUNNING, run_at=then, lease_until=then)


@pytest.mark.parametrize(
    ("name", "harm", "kind"),
    [
        ("任务队列", late_job, "fail"),
        ("任务队列", lost_job, "fail"),
        ("失败的任务", dead_job, "fail"),
        ("定时任务", lambda: Tick.objects.update(sent_at=timezone.now() - timedelta(90)), "fail"),
        ("批准", lambda: Freeze.objects.create(reason="不平"), "fail"),
        ("审计链", lambda: note(Subject.CHAIN, faults=["broken at entry 3"]), "fail"),
        ("台账对账", lambda: note(Subject.LEDGER, faults=["budget line 1"]), "fail"),
        ("备份", lambda: Inspection.objects.filter(subject="backup").delete(), "unknown"),
    ],
)
def test_what_is_amiss_is_said(well, name, harm, kind):
    assert kinds()[name] != kind

    harm()

    assert kinds()[name] == kind


@pytest.mark.parametrize("subject", [Subject.CHAIN, Subject.ANCHOR, Subject.BACKUP])
def test_a_look_that_is_too_long_ago_is_said(well, subject, clock):
    clock.shift(timedelta(hours=27))

    assert kinds()[str(subject.label)] == "warn"


def test_an_anchor_that_nobody_gets_is_said(well, settings):
    settings.AUDIT_ANCHOR_EMAIL = []
    assert kinds()["锚定邮件"] == "warn"

    AppointmentFactory(role=Role.AUDITOR, user__email="audit@example.org")

    assert kinds()["锚定邮件"] == "pass"


def test_a_full_disk_and_a_broker_that_is_away_are_said(well, settings, monkeypatch):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(vitals, "disk_free_percent", lambda: 9.9)

    assert kinds()["消息队列（Redis）"] == "fail"
    assert kinds()["磁盘"] == "fail"


def test_a_job_that_runs_or_is_not_due_yet_is_not_late(well):
    now = timezone.now()
    Job.objects.create(kind="mail", key="1", run_at=now + timedelta(hours=1))
    Job.objects.create(
        kind="mail",
        key="2",
        state=State.RUNNING,
        run_at=now - timedelta(hours=1),
        lease_until=now + timedelta(seconds=1),
    )

    assert Job.objects.waiting_since() is None
    assert vitals.take().queue == 2


def test_the_page_leads_to_what_needs_somebody(well, administrator, client):
    dead_job()

    page = client.get("/workspace/status/").content.decode()

    assert "1 项需要处理" in page
    assert 'href="/workspace/failed-jobs/"' in page
    assert 'href="/workspace/incidents/"' in page


def test_what_was_never_looked_at_is_not_said_to_be_well(well, administrator, client):
    page = client.get("/workspace/status/").content.decode()
    assert "没有需要处理的事项" in page
    Inspection.objects.filter(subject__in=[Subject.LEDGER, Subject.BACKUP]).delete()

    page = client.get("/workspace/status/").content.decode()

    assert "没有需要处理的事项" not in page
    assert "2 项尚未核对。" in page
    assert "请每天运行一次备份命令" in page


def test_in_english_its_sentences_stand_apart(well, administrator, client):
    dead_job()
    Inspection.objects.filter(subject=Subject.LEDGER).delete()
    client.cookies["django_language"] = "en"

    page = client.get("/workspace/status/").content.decode()

    assert "1 needs attention. 1 thing has not been looked at yet." in page


def test_an_administrator_has_the_ledger_reconciled_at_once(well, administrator, client, clock):
    Inspection.objects.filter(subject=Subject.LEDGER).delete()
    assert "现在对账" in client.get("/workspace/status/").content.decode()

    for _press in range(2):
        clock.shift(1)
        page = client.post("/workspace/status/reconcile/", follow=True).content.decode()
        assert "正在对账" in page
    (asked,) = Entry.objects.filter(action="ledger.reconciliation_asked")
    assert asked.actor == administrator
    perform(Job.objects.get(kind="subsidies.reconcile_now").pk)

    assert kinds()["台账对账"] == "pass"
    assert "正在对账" not in client.get("/workspace/status/").content.decode()


def test_only_an_administrator_asks_for_it(well, client):
    client.force_login(AppointmentFactory(role=Role.AUDITOR).user)

    assert "现在对账" not in client.get("/workspace/status/").content.decode()
    assert client.post("/workspace/status/reconcile/").status_code == 403


def test_a_mail_that_may_have_gone_out_says_so(administrator, client):
    """F18: a person decides whether it is sent again."""
    dead_job()
    assert "可能已发出" not in client.get("/workspace/failed-jobs/").content.decode()
    Job.objects.update(handed_over_at=timezone.now())

    page = client.get("/workspace/failed-jobs/").content.decode()

    assert "可能已发出，请核对后决定是否重发。" in page


def test_a_failed_job_is_shown_and_tried_again(administrator, client):
    job = dead_job()

    page = client.get("/workspace/failed-jobs/").content.decode()
    assert "发送邮件" in page
    assert "file:7" in page
    assert "OSError: 不通" in page

    client.post(f"/workspace/failed-jobs/{job.pk}/again/")

    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.QUEUED, 0)
    entry = Entry.objects.about(job).get()
    assert (entry.actor, entry.action) == (administrator, "job.tried_again")


def test_a_mail_that_went_out_is_closed_and_not_sent_again(administrator, client):
    job = dead_job()
    url = f"/workspace/failed-jobs/{job.pk}/sent/"
    assert url not in client.get("/workspace/failed-jobs/").content.decode()
    assert "没有改动" in client.post(url, follow=True).content.decode()
    Job.objects.update(handed_over_at=timezone.now())

    page = client.get("/workspace/failed-jobs/").content.decode()
    told = client.post(url, follow=True).content.decode()

    assert url in page
    assert "不再发送" in told
    job.refresh_from_db()
    assert (job.state, job.done_at) == (State.DONE, timezone.now())
    entry = Entry.objects.about(job).get()
    assert (entry.actor, entry.action) == (administrator, "job.closed_as_sent")


def test_a_job_that_failed_no_more_is_not_put_back_twice(administrator, client):
    job = dead_job()
    url = f"/workspace/failed-jobs/{job.pk}/again/"
    client.post(url)

    answer = client.post(url, follow=True)

    assert "没有再次排队" in answer.content.decode()
    assert Entry.objects.about(job).count() == 1


def test_auditors_look_and_do_not_try_again(db, clock, client):
    job = dead_job()
    client.force_login(AppointmentFactory(role=Role.AUDITOR).user)

    assert "再试一次" not in client.get("/workspace/failed-jobs/").content.decode()
    assert client.get("/workspace/status/").status_code == 200
    assert client.post(f"/workspace/failed-jobs/{job.pk}/again/").status_code == 403
    assert client.post(f"/workspace/failed-jobs/{job.pk}/sent/").status_code == 403


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.LEAD, Role.FINANCE, Role.POLICY_OFFICER])
def test_other_roles_are_refused(db, clock, client, role):
    client.force_login(AppointmentFactory(role=role).user)

    assert client.get("/workspace/status/").status_code == 403
    assert client.get("/workspace/failed-jobs/").status_code == 403


def test_every_kind_of_job_has_a_name():
    assert set(HANDLERS) - {"test"} == set(NAMES)


class TestMetrics:
    @pytest.fixture
    def token(self, settings, well):
        settings.METRICS_TOKEN = "of this installation"
        return {"Authorization": "Bearer of this installation"}

    def test_they_count_what_is_amiss(self, token, client):
        dead_job()
        late_job()
        record("test.done", about=DistrictFactory(), by=None)
        note(Subject.CHAIN, faults=["broken at entry 3"])

        lines = client.get("/metrics", headers=token).content.decode().splitlines()

        assert "subsidies_outbox_dead_jobs 1.0" in lines
        assert "subsidies_outbox_open_jobs 1.0" in lines
        assert "subsidies_outbox_oldest_job_seconds 61.0" in lines
        assert "subsidies_approvals_frozen 0.0" in lines
        assert 'subsidies_inspection_faults{of="chain"} 1.0' in lines
        assert 'subsidies_age_seconds{of="beat"} 0.0' in lines
        assert any(line.startswith("django_http_requests_total_by_method") for line in lines)

    def test_they_are_for_whoever_brings_the_token(self, token, client):
        assert client.get("/metrics").status_code == 403
        wrong = {"Authorization": "Bearer of another"}
        assert client.get("/metrics", headers=wrong).status_code == 403

    def test_without_a_token_they_are_for_nobody(self, well, client):
        assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
