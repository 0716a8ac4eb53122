"""That the checker of a chaos run sees what it is there to see."""

from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from django.db import transaction

from accounts.models import Role
from audit.services import record
from chaos import checker, clients
from chaos.clients import Answer, Approver, Finance, History, Outcome, Reply, Work
from chaos.faults import Progress
from companies.vault.services import FOLDERS
from disbursements import services
from outbox.models import Job
from reviews.models import Notice, Opinion, StageKind
from reviews.notices import services as notices
from reviews.services import finance_department
from tests import domain

CASE = str(uuid4())
CASE_PAGE = f"/workspace/cases/{CASE}/"


@pytest.fixture
def history(tmp_path) -> History:
    return History(tmp_path / "history.jsonl")


@pytest.fixture
def approved(company, budget):
    return domain.approved(company, domain.investment("12345678.90"))


@pytest.fixture
def batch(company, budget):
    award = domain.notified_award(company, domain.investment("12345678.90"))
    department = finance_department(award.district)
    maker, second = (domain.official(department, Role.FINANCE, number) for number in (1, 2))
    batch = services.make_batch(award.district, [award], by=maker)
    return services.approve_batch(batch, by=second)


def told(history, act, path, location, who="1:0"):
    history.note(Answer(0.0, who, act, path, 302, 0.1, location))


def faults(history, var: Path, name):
    (var / "mail").mkdir(exist_ok=True)
    log = var / "postgres" / "log"
    log.parent.mkdir(exist_ok=True)
    log.touch()
    (finding,) = [each for each in checker.findings(history, var) if each.name == name]
    return finding.faults


def test_a_batch_that_a_client_was_told_of_and_that_is_gone_is_noticed(db, history, tmp_path):
    for act in ("make batch", "approve", "pay"):
        told(history, act, "/finance/batches/new/", f"/finance/batches/{uuid4()}/")

    assert len(faults(history, tmp_path, "I3")) == 3


def test_a_batch_is_what_clients_were_told(batch, history, tmp_path):
    page = batch.get_absolute_url()
    told(history, "make batch", "/finance/batches/new/", page)
    told(history, "approve", f"{page}approve/", page)
    assert faults(history, tmp_path, "I3") == []

    told(history, "pay", f"{page}pay/", page)
    (fault,) = faults(history, tmp_path, "I3")
    assert "pay was told done" in fault


def test_every_yes_is_held_against_the_database_also_one_before_the_last_answer(
    db, history, tmp_path
):
    told(history, "decide", f"{CASE_PAGE}decide/", CASE_PAGE)
    history.note(Outcome("1:0", "decide", CASE, "refused"))

    assert len(faults(history, tmp_path, "I3")) == 1


def test_the_way_to_the_sign_in_page_is_no_yes(db, history, tmp_path):
    told(history, "decide", f"{CASE_PAGE}decide/", f"/signin/?next={CASE_PAGE}")

    assert faults(history, tmp_path, "I3") == []


def test_a_yes_that_is_in_the_database_is_not_lost(approved, history, tmp_path):
    opinion = Opinion.objects.get(task__stage__kind=StageKind.APPROVAL)
    page = f"/workspace/cases/{opinion.case_id}/"
    told(history, "decide", f"{page}decide/", page, who=f"{opinion.person_id}:0")
    assert faults(history, tmp_path, "I3") == []

    told(history, "decide", f"{page}decide/", page, who="0:0")
    assert len(faults(history, tmp_path, "I3")) == 1


def test_what_was_begun_and_has_no_outcome_is_noticed(db, history, tmp_path):
    """As where the thread of a client died."""
    history.begin("decide")

    assert faults(history, tmp_path, "answers") == ["decide: begun 1 times, 0 outcomes"]


@pytest.mark.parametrize("status", [302, 400, 403, 404])
def test_an_answer_that_finance_did_not_expect_is_noticed(db, history, tmp_path, status):
    finance = Finance([Always(status)] * 3, Random(1), Progress(1, None), history, "2026-03-11")

    finance._until_answered(finance._maker, "/finance/batches/new/", [], "make batch", "")

    (fault,) = faults(history, tmp_path, "answers")
    assert f"unexpected {status}" in fault


def test_finance_that_gives_up_is_noticed(db, history, tmp_path, monkeypatch):
    monkeypatch.setattr(clients, "PATIENCE_SECONDS", 0)
    finance = Finance([Always(None)] * 3, Random(1), Progress(1, None), history, "2026-03-11")

    finance._until_answered(finance._maker, "/finance/batches/new/", [], "make batch", "")

    (fault,) = faults(history, tmp_path, "answers")
    assert "gave up" in fault


def test_an_official_who_is_sent_to_the_sign_in_page_did_not_approve(history, monkeypatch):
    monkeypatch.setattr(clients, "READS", 0)
    work = Work(CASE, task=1, revision=1, approvers=(1,))
    approver = Approver(Always(302), [work], Random(2), Progress(1, None), history)
    approver._token = ("csrfmiddlewaretoken", "1")

    approver.run()

    (outcome,) = history.outcomes
    assert outcome.said == "unexpected 302"


class Always:
    """A browser that gets the same answer to whatever it sends."""

    who = "1:0"

    def __init__(self, status):
        self._reply = Reply(status, "", "/signin/")

    def post(self, path, fields, *, act):
        return self._reply


def test_deadlocks_are_counted_over_all_crashes(db, history, tmp_path):
    assert faults(history, tmp_path, "C02") == []

    (tmp_path / "postgres" / "log").write_text(
        "2026-03-11 ERROR:  deadlock detected\nLOG:  server process was terminated by signal 9\n"
        "2026-03-11 ERROR:  deadlock detected\n"
    )

    assert faults(history, tmp_path, "C02") == ["2 deadlocks"]


@pytest.fixture
def rendered(approved):
    notice = Notice.objects.get(award__claim__application=approved)
    with transaction.atomic():
        notices.render(str(notice.pk))
    notice.refresh_from_db()
    return notice


def test_a_notices_file_without_a_row_is_left_to_the_sweeper(rendered, settings):
    assert set() == checker.orphans()
    left = Path(rendered.pdf.path).with_name("left.pdf")
    left.touch()

    (orphan,) = checker.orphans()

    assert orphan == left.relative_to(settings.MEDIA_ROOT).as_posix()
    assert not FOLDERS["notices"](orphan)
    assert list(checker._notices()) == []

    (left.parent / "deeper").mkdir()
    left.rename(left.parent / "deeper" / "left.pdf")
    (fault,) = checker._notices()
    assert "nothing sweeps it" in fault


def test_a_notice_of_which_the_company_is_not_told_is_noticed(rendered):
    Job.objects.filter(kind="mail").delete()

    (fault,) = checker._notices()

    assert "is told of it 0 times" in fault


def test_a_batchs_acts_are_those_of_its_state(batch):
    assert list(checker._unrecorded_batches()) == []

    for _time in range(2):
        record("batch.paid", about=batch, by=batch.made_by)

    assert list(checker._unrecorded_batches()) == [f"batch.paid of batch {batch.pk}: 2 acts"]
