"""That the checker of a chaos run sees what it is there to see."""

import threading
from decimal import Decimal
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from django.db import transaction

from accounts.models import Role
from audit.anchors import drop_anchor
from audit.models import Entry
from audit.services import record
from chaos import checker, clients
from chaos.clients import Answer, Approver, Finance, History, Outcome, Reply, Work
from chaos.faults import Progress
from chaos.world import World
from companies.vault.services import FOLDERS
from disbursements import services
from outbox.models import Job
from reviews.models import Notice, Opinion, StageKind, Verdict
from reviews.notices import services as notices
from reviews.services import finance_department
from subsidies.ledger.settlement import settle
from subsidies.models import Award, CompanyYear
from tests import domain
from tests.domain import TODAY

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


@pytest.fixture
def paid(batch):
    payer = domain.official(finance_department(batch.district), Role.FINANCE, 3)
    return services.mark_paid(batch, on=TODAY, by=payer)


def told(history, act, path, location, who="1:0"):
    history.note(Answer(0.0, who, act, path, 302, 0.1, location))


def told_all(history):
    """Each client was told of what it did."""
    for act, about, person in checker._deeds():
        page = f"{clients.PAGES[act]}{about}/"
        asked = f"/finance/lines/{about}/fail/" if act == "fail" else f"{page}{act}/"
        told(history, act, asked, page, who=f"{person}:0")


def made(*awards) -> World:
    """A world with caps and budgets that are just enough for these awards."""
    caps: dict[int, Decimal] = {}
    budgets: dict[int, Decimal] = {}
    for award in awards:
        caps[award.company_id] = caps.get(award.company_id, Decimal(0)) + award.amount
        budgets[award.budget_line_id] = budgets.get(award.budget_line_id, Decimal(0)) + award.amount
    return World([], [], TODAY, caps, budgets)


def faults(history, var: Path, name, world=None):
    (var / "mail").mkdir(exist_ok=True)
    log = var / "postgres" / "log"
    log.parent.mkdir(exist_ok=True)
    log.touch()
    found = checker.findings(history, var, world or made())
    (finding,) = [each for each in found if each.name == name]
    return finding.faults


def past_the_triggers(statement: str) -> None:
    domain.execute(
        f"SET LOCAL session_replication_role = replica; {statement};"
        "SET LOCAL session_replication_role = origin"
    )


class TestCeilings:
    """I1. What the product itself holds to be the cap is not asked."""

    @pytest.fixture
    def award(self, approved):
        return Award.objects.get()

    def test_a_cap_that_is_met_to_the_fen_is_not_passed(self, award):
        assert checker.overshoot(made(award)) == 0

    def test_a_fen_above_the_cap_of_the_world_is_noticed(self, award):
        world = made(award)
        world.caps[award.company_id] -= Decimal("0.01")

        assert CompanyYear.objects.get().cap > award.amount
        assert checker.overshoot(world) == Decimal("0.01")

    def test_a_fen_above_the_budget_of_the_world_is_noticed(self, award):
        world = made(award)
        world.budgets[award.budget_line_id] -= Decimal("0.01")

        assert checker.overshoot(world) == Decimal("0.01")

    @pytest.mark.parametrize("counts_to_cap", [True, False])
    def test_what_was_granted_before_uses_the_cap_up(self, award, counts_to_cap):
        carried = Award.objects.create(
            district=award.district,
            company=award.company,
            item_code=award.item_code,
            level_code=award.level_code,
            policy_year=award.policy_year,
            amount=Decimal("0.01"),
            counts_to_cap=counts_to_cap,
            status="paid",
            paid_on=TODAY,
            granted_at=award.granted_at,
        )

        assert carried.claim is None
        assert checker.overshoot(made(award)) == Decimal("0.01")

    def test_what_is_not_capped_may_pass_the_cap_afterwards(self, award):
        past_the_triggers("UPDATE subsidies_award SET counts_to_cap = false")
        world = made(award)
        world.caps[award.company_id] = Decimal(0)

        assert checker.overshoot(world) == 0


def test_a_batch_that_a_client_was_told_of_and_that_is_gone_is_noticed(db, history, tmp_path):
    page = f"/finance/batches/{uuid4()}/"
    told(history, "make batch", "/finance/batches/new/", page)
    for act in ("approve", "pay"):
        told(history, act, f"{page}{act}/", page)

    assert len(faults(history, tmp_path, "I3")) == 3


def test_a_batch_is_what_clients_were_told(batch, history, tmp_path):
    told_all(history)
    assert faults(history, tmp_path, "I3") == []

    page = batch.get_absolute_url()
    told(history, "pay", f"{page}pay/", page)
    (fault,) = faults(history, tmp_path, "I3")
    assert fault == f"pay {batch.pk}: 1 was told that it is done"


@pytest.mark.parametrize("act", ["fail", "settle"])
def test_a_payment_that_came_back_and_a_settlement_are_what_clients_were_told(
    act, paid, history, tmp_path
):
    line = paid.lines.get()
    if act == "fail":
        services.fail_line(line, reason="户名不符", by=paid.paid_by)
    else:
        settle(line.award.company, line.award.district, 2025, by=paid.made_by)
    (fault,) = [fault for fault in faults(history, tmp_path, "I3") if fault.startswith(act)]
    assert "was not told so" in fault

    told_all(history)
    assert faults(history, tmp_path, "I3") == []


def test_every_yes_is_held_against_the_database_also_one_before_the_last_answer(
    db, history, tmp_path
):
    told(history, "agree", f"{CASE_PAGE}decide/", CASE_PAGE)
    history.note(Outcome("1:0", "agree", CASE, "refused"))

    assert len(faults(history, tmp_path, "I3")) == 1


def test_the_way_to_the_sign_in_page_is_no_yes(db, history, tmp_path):
    told(history, "agree", f"{CASE_PAGE}decide/", f"/signin/?next={CASE_PAGE}")

    assert faults(history, tmp_path, "I3") == []


def test_a_yes_that_is_in_the_database_is_not_lost(approved, history, tmp_path):
    told_all(history)
    assert faults(history, tmp_path, "I3") == []

    page = f"/workspace/cases/{domain.case_of(approved).pk}/"
    told(history, "agree", f"{page}decide/", page, who="0:0")
    assert len(faults(history, tmp_path, "I3")) == 1


def test_an_approval_that_a_client_was_refused_is_noticed(approved, history, tmp_path):
    opinion = Opinion.objects.get(task__stage__kind=StageKind.APPROVAL)
    who = f"{opinion.person_id}:0"
    action = f"/workspace/cases/{opinion.case_id}/decide/"
    history.note(Answer(0.0, who, "agree", action, 422, 0.1))
    history.note(Outcome(who, "agree", str(opinion.case_id), "refused"))

    (fault,) = faults(history, tmp_path, "I3")

    assert fault.endswith(f"done, and {opinion.person_id} was not told so")


def test_a_decision_is_not_taken_for_another_one(approved, history, tmp_path):
    opinion = Opinion.objects.get(task__stage__kind=StageKind.APPROVAL)
    page = f"/workspace/cases/{opinion.case_id}/"
    told(history, "reject", f"{page}decide/", page, who=f"{opinion.person_id}:0")

    assert len(faults(history, tmp_path, "I3")) == 2


def test_an_approval_without_an_award_is_noticed(company, budget, history, tmp_path):
    application = domain.at_stage(StageKind.APPROVAL, company, domain.investment("12345678.90"))
    (task,) = domain.open_tasks(application)
    Opinion.objects.create(
        case=task.case,
        task=task,
        round=task.round,
        person=domain.someone_fresh(task),
        verdict=Verdict.AGREE,
    )
    told_all(history)

    (fault,) = faults(history, tmp_path, "I3")

    assert fault.endswith("was told that it is approved, and there is no award")
    assert any("without an opinion" in fault for fault in faults(history, tmp_path, "I7"))


def test_an_award_of_what_was_not_approved_is_noticed(approved, history, tmp_path):
    past_the_triggers("UPDATE subsidies_application SET status = 'in_review', closed_at = NULL")

    assert f"award {Award.objects.get().pk}: its application was not approved" in faults(
        history, tmp_path, "I4"
    )


def test_a_case_that_nobody_decided_is_still_open(company, budget, history, tmp_path):
    application = domain.at_stage(StageKind.APPROVAL, company, domain.investment("12345678.90"))
    case = str(domain.case_of(application).pk)
    history.note(Outcome("1:0", "agree", case, "no longer open"))
    assert len(faults(history, tmp_path, "I3")) == 1

    (task,) = domain.open_tasks(application)
    domain.decide(task, Verdict.RETURN)
    told_all(history)
    assert faults(history, tmp_path, "I3") == []


def test_what_was_begun_and_has_no_outcome_is_noticed(db, history, tmp_path):
    """As where the thread of a client died."""
    history.begin("agree")

    assert faults(history, tmp_path, "answers") == ["agree: begun 1 times, 0 outcomes"]


def test_a_client_that_died_before_it_began_anything_is_noticed(
    db, history, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(threading, "excepthook", history.note_death)
    finance = Finance([Broken()] * 3, Random(1), Progress(1, None), history, "2026-03-11")

    finance.start()
    finance.join()

    assert faults(history, tmp_path, "answers") == ["Finance died: RuntimeError('broken')"]


@pytest.mark.parametrize("status", [302, 400, 403, 404])
def test_an_answer_that_finance_did_not_expect_is_noticed(db, history, tmp_path, status):
    finance = Finance([Always(status)] * 3, Random(1), Progress(1, None), history, "2026-03-11")

    finance._until_answered(finance._maker, "/finance/batches/new/", [], "make batch")

    (fault,) = faults(history, tmp_path, "answers")
    assert f"unexpected {status}" in fault


def test_finance_that_gives_up_is_noticed(db, history, tmp_path, monkeypatch):
    monkeypatch.setattr(clients, "PATIENCE_SECONDS", 0)
    finance = Finance([Always(None)] * 3, Random(1), Progress(1, None), history, "2026-03-11")

    finance._until_answered(finance._maker, "/finance/batches/new/", [], "make batch")

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


@pytest.mark.parametrize("other", [None, 503])
def test_a_refusal_is_no_answer_while_another_press_has_none(history, other):
    """What had no answer may be done: the same form is sent until somebody says so."""
    browser = Replies([422, other])
    approver = Approver(browser, [], Random(1), Progress(1, None), history)
    approver._random.random = lambda: 0.0

    assert approver._press("/", [], "agree").status == other

    browser.statuses = [302, other]
    assert approver._press("/", [], "agree").status == 302


class Replies:
    """A browser that gets one reply after the other."""

    who = "1:0"

    def __init__(self, statuses):
        self.statuses = statuses

    def post(self, path, fields, *, act):
        return Reply(self.statuses.pop(), "", "")


class Broken:
    def get(self, path):
        raise RuntimeError("broken")


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


def test_what_the_company_is_not_told_of_is_noticed(rendered):
    assert list(checker._told()) == []

    Job.objects.filter(kind="mail", key__contains=":notice:").delete()
    Job.objects.filter(kind="mail", key__endswith=":approved").delete()

    assert [fault.rpartition(": ")[2] for fault in checker._told()] == [
        "1 × approved, told 0 times",
        "1 × notice, told 0 times",
    ]


def test_a_payment_of_which_the_company_is_told_twice_is_noticed(paid):
    assert [fault for fault in checker._told() if "paid" in fault] == []

    job = Job.objects.get(key__contains=":paid:")
    Job.objects.create(kind="mail", key=f"{job.key}0")

    (fault,) = [fault for fault in checker._told() if "paid" in fault]
    assert "1 × paid, told 2 times" in fault


class TestPayments:
    """I4: a batch that was paid is what its awards, lines and entries say."""

    def test_what_was_paid_holds(self, paid):
        assert list(checker._payments()) == []

    def test_a_batch_that_was_not_paid_holds(self, batch):
        assert list(checker._payments()) == []

    def test_what_came_back_holds_and_what_was_paid_again(self, paid):
        line = paid.lines.get()
        services.fail_line(line, reason="户名不符", by=paid.paid_by)
        assert list(checker._payments()) == []

        again = services.make_batch(paid.district, [line.award], by=paid.made_by)
        services.approve_batch(again, by=paid.approved_by)
        services.mark_paid(again, on=TODAY, by=paid.paid_by)
        assert list(checker._payments()) == []

    def test_a_batch_that_is_paid_in_name_only_is_noticed(self, batch):
        batch.status, batch.paid_on, batch.paid_by = "paid", TODAY, batch.made_by
        batch.save()

        found = list(checker._payments())

        award = batch.lines.get().award_id
        assert f"batch {batch} was paid, and award {award} is scheduled" in found
        assert any("entries say nothing" in fault for fault in found)

    def test_a_line_of_another_amount_is_noticed(self, paid):
        past_the_triggers("UPDATE disbursements_paymentline SET amount = amount - 0.01")

        of_award, in_entries = checker._payments()

        assert "740740.72 for award" in of_award
        assert in_entries.endswith("entries say 740740.73")

    def test_an_award_that_was_paid_twice_is_noticed(self, paid):
        past_the_triggers(
            "INSERT INTO subsidies_ledgerentry"
            " (award_id, budget_line_id, company_year_id, kind, credit, debit, amount, at, by_id)"
            " SELECT award_id, budget_line_id, company_year_id, kind, credit, debit, amount, at,"
            " by_id FROM subsidies_ledgerentry WHERE kind = 'pay'"
        )

        (fault,) = checker._payments()

        assert fault.endswith("entries say 740740.73, 740740.73")

    def test_an_award_that_was_paid_in_no_batch_is_noticed(self, paid):
        past_the_triggers("UPDATE disbursements_paymentline SET is_live = false")

        (fault,) = checker._payments()

        assert fault.endswith("was paid in no batch")

    def test_an_award_that_waits_in_no_batch_is_noticed(self, batch):
        past_the_triggers("UPDATE disbursements_paymentline SET is_live = false")

        (fault,) = checker._payments()

        assert "waits in no batch" in fault


def test_a_fire_in_which_nothing_was_paid_is_noticed(db, history, tmp_path):
    assert faults(history, tmp_path, "finance") == [
        "no batches made",
        "no batches approved",
        "no batches paid",
        "no lines paid",
    ]


def test_a_fire_in_which_something_was_paid_holds(paid, history, tmp_path):
    assert faults(history, tmp_path, "finance") == []
    assert checker.finance() == {
        "batches made": 1,
        "batches approved": 1,
        "batches paid": 1,
        "lines paid": 1,
        "lines sent back": 0,
        "years settled": 0,
    }


def test_a_batchs_acts_are_those_of_its_state_each_by_its_person(batch):
    assert list(checker._unrecorded()) == []

    for person in (batch.made_by, batch.approved_by):
        record("batch.paid", about=batch, by=person)

    assert sorted(checker._unrecorded()) == [
        f"batch.paid of {batch.pk} by {person}: 1 acts of 0"
        for person in sorted([batch.made_by_id, batch.approved_by_id])
    ]


def test_an_act_of_somebody_else_is_noticed(batch):
    past_the_triggers(
        f"UPDATE audit_entry SET actor_id = {batch.made_by_id} WHERE action = 'batch.approved'"
    )

    assert len(list(checker._unrecorded())) == 2


def test_a_chain_that_was_cut_is_noticed_by_its_anchors(batch, history, tmp_path, settings):
    settings.AUDIT_ANCHOR_FILE = str(tmp_path / "anchors.txt")
    assert faults(history, tmp_path, "I5") == ["no anchor was dropped"]
    drop_anchor()
    assert faults(history, tmp_path, "I5") == []

    last = Entry.objects.order_by("-seq")[0]
    past_the_triggers(
        f"DELETE FROM audit_entry WHERE seq = {last.seq};"
        f"UPDATE audit_head SET seq = {last.seq - 1}, hash = '{last.previous_hash}'"
    )

    assert len(faults(history, tmp_path, "I5")) == 1
