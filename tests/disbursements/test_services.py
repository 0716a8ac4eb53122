"""Payment batches: two people, each award once, checked again before money leaves."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import product

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.locks import locked
from accounts.models import Department, District, Role
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.models import Entry
from companies.models import BankAccount, CreditEntry
from disbursements import services
from disbursements.models import NEXT_BATCH_STATUSES, Batch, BatchStatus, PaymentLine
from outbox.models import Job
from reviews.services import finance_department
from subsidies.ledger import services as ledger
from subsidies.ledger.models import REACHED, AwardStatus
from subsidies.ledger.reconciliation import differences
from subsidies.models import Award, BudgetLine, Freeze, LedgerEntry
from tests import domain
from tests.factories import (
    AppointmentFactory,
    BankAccountFactory,
    BudgetLineFactory,
    MemberFactory,
)
from tests.ledger.granting import grant
from tests.threads import Meeting, at_once


@pytest.fixture
def district(world):
    return District.objects.get(code="330205")


@pytest.fixture
def finance(district):
    return finance_department(district)


@pytest.fixture
def maker(finance):
    return domain.official(finance, Role.FINANCE, 1)


@pytest.fixture
def second(finance):
    return domain.official(finance, Role.FINANCE, 2)


def award_of(company, *claims):
    """A granted award whose notice is out."""
    (award,) = grant(domain.filed(company, *claims))
    return ledger.move_award(award, AwardStatus.NOTIFIED)


@pytest.fixture
def award(company, budget):
    return award_of(company)


@pytest.fixture
def batch(district, award, maker):
    return services.make_batch(district, [award], by=maker)


@pytest.fixture
def ready(batch, second):
    return services.approve_batch(batch, by=second)


def status_of(award):
    return Award.objects.get(pk=award.pk).status


def change_account(company):
    company.accounts.update(is_current=False)
    return BankAccountFactory(company=company)


def test_a_batch_takes_the_account_as_it_is_now(batch, award, company):
    account, line = company.current_account, batch.lines.get()

    assert (line.payee, line.bank, line.account, line.cnaps, line.uscc) == (
        account.holder,
        account.bank,
        account.number,
        account.cnaps,
        company.uscc,
    )
    assert line.amount == batch.total == award.amount
    assert batch.number == "2026-03-B1"
    assert status_of(award) == AwardStatus.SCHEDULED


@pytest.mark.parametrize(
    "status",
    [status for status in AwardStatus if status not in ("notified", "payment_failed")],
)
def test_only_awards_that_wait_for_payment_are_listed(district, award, maker, status):
    paid_on = "'2026-03-11'" if status in REACHED else "NULL"
    domain.execute(
        "SET LOCAL session_replication_role = replica;"
        f"UPDATE subsidies_award SET status = '{status}', paid_on = {paid_on};"
        "SET LOCAL session_replication_role = origin"
    )

    with pytest.raises(Refused, match=str(AwardStatus(status).label)):
        services.make_batch(district, [award], by=maker)
    assert not Batch.objects.exists()


def test_every_company_that_cannot_be_paid_is_named(district, award, company, maker):
    other = award_of(domain.company_with_everything())
    BankAccount.objects.update(is_current=False)

    with pytest.raises(Refused) as refusal:
        services.make_batch(district, [award, other], by=maker)

    assert {message.split(" ")[0] for message in refusal.value.messages} == {
        company.name,
        other.company.name,
    }


def test_a_batch_of_nothing_is_refused(district, maker):
    with pytest.raises(Refused, match="至少选择一笔"):
        services.make_batch(district, [], by=maker)


def test_another_districts_awards_are_not_listed(award):
    elsewhere = District.objects.get(code="330212")
    officer = domain.official(finance_department(elsewhere), Role.FINANCE)

    with pytest.raises(Refused, match="至少选择一笔"):
        services.make_batch(elsewhere, [award], by=officer)
    assert status_of(award) == AwardStatus.NOTIFIED


def test_an_award_stands_in_one_batch(district, batch, award, second):
    with pytest.raises(Refused, match="不能列入批次"):
        services.make_batch(district, [award], by=second)


def test_the_database_keeps_an_award_on_one_live_line(district, batch, award, second):
    other = Batch.objects.create(district=district, number="x", made_by=second)
    line = PaymentLine.objects.get()
    line.pk, line.batch = None, other

    with pytest.raises(IntegrityError, match="one_live_line"), transaction.atomic():
        line.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_two_batches_at_once_do_not_both_take_an_award(district, award, maker, second):
    results = at_once(
        *(lambda by=by: services.make_batch(district, [award], by=by) for by in (maker, second) * 2)
    )

    assert sorted(type(result).__name__ for result in results) == ["Batch"] + ["Refused"] * 3
    assert PaymentLine.objects.count() == Batch.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_locks_the_unique_line_keeps_an_award_in_one_batch(
    district, award, maker, second, monkeypatch
):
    for module in (services, ledger):
        monkeypatch.setattr(module, "locked", lambda rows: rows)
    meeting = Meeting(2)
    monkeypatch.setattr(services.NumberSeries, "next", _numbers(meeting))

    results = at_once(
        lambda: services.make_batch(district, [award], by=maker),
        lambda: services.make_batch(district, [award], by=second),
    )

    assert meeting.held
    assert sorted(type(result).__name__ for result in results) == ["Batch", "StateChanged"]
    assert PaymentLine.objects.count() == Batch.objects.count() == 1


def _numbers(meeting):
    """Numbers without their lock, given after all have chosen their awards."""
    numbers = iter(range(1, 10))

    def following(*_args):
        meeting.wait()
        return next(numbers)

    return following


def test_whoever_made_a_batch_does_not_approve_it(batch, maker):
    with pytest.raises(NotAllowed, match="须由另一人复核"):
        services.approve_batch(batch, by=maker)

    batch.refresh_from_db()
    assert batch.status == BatchStatus.DRAFT


def test_the_database_wants_a_second_person_too(ready, maker):
    with pytest.raises(IntegrityError, match="second_person"), transaction.atomic():
        Batch.objects.filter(pk=ready.pk).update(approved_by=maker)


@pytest.mark.parametrize(
    ("fixture", "change"),
    [
        ("batch", {"status": "approved"}),
        ("ready", {"status": "paid"}),
        ("batch", {"status": "draft", "paid_on": domain.TODAY}),
    ],
)
def test_the_database_ties_a_batchs_status_to_its_people(request, fixture, change):
    batch = request.getfixturevalue(fixture)

    with pytest.raises(IntegrityError, match="status_has_its_people"), transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(**change)


@pytest.mark.parametrize(("source", "target"), [*product(BatchStatus, repeat=2)])
def test_the_database_draws_a_batchs_arrows_and_no_others(ready, second, source, target):
    people = {"paid_by": second, "paid_on": domain.TODAY}
    put = {"status": source, **(people if source == BatchStatus.PAID else {})}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        Batch.objects.update(**put)
        cursor.execute("SET LOCAL session_replication_role = origin")
    change = {"status": target, **(people if target == BatchStatus.PAID else {"paid_on": None})}

    if source == target or target in NEXT_BATCH_STATUSES.get(source, ()):
        assert Batch.objects.update(**change) == 1
    else:
        with (
            pytest.raises(domain.REFUSED_BY_TRIGGER, match="is no arrow"),
            transaction.atomic(),
        ):
            Batch.objects.update(**change)


def test_the_database_deletes_no_batch(district, maker):
    Batch.objects.create(district=district, number="x", made_by=maker)

    with pytest.raises(domain.REFUSED_BY_TRIGGER, match="Cannot delete"):
        domain.execute("DELETE FROM disbursements_batch")


ACTS = {
    "make": lambda batch, by: services.make_batch(batch.district, [], by=by),
    "approve": lambda batch, by: services.approve_batch(batch, by=by),
    "cancel": lambda batch, by: services.cancel_batch(batch, by=by),
    "pay": lambda batch, by: services.mark_paid(batch, on=domain.TODAY, by=by),
}


@pytest.mark.parametrize("act", ACTS)
def test_only_the_districts_finance_officers_handle_payments(batch, finance, act):
    elsewhere = finance_department(District.objects.get(code="330212"))
    others = [
        AppointmentFactory(department=department, role=role).user
        for department in (finance, elsewhere)
        for role in Role
        if (department, role) != (finance, Role.FINANCE)
    ]

    for person in others:
        with pytest.raises(NotAllowed, match="只有财政人员"):
            ACTS[act](batch, person)


@pytest.mark.parametrize("status", BatchStatus)
@pytest.mark.parametrize("act", ["approve", "cancel", "pay"])
def test_each_act_wants_its_status(batch, second, act, status):
    if status in (BatchStatus.APPROVED, BatchStatus.PAID):
        services.approve_batch(batch, by=second)
    if status == BatchStatus.PAID:
        services.mark_paid(batch, on=domain.TODAY, by=second)
    if status == BatchStatus.CANCELLED:
        services.cancel_batch(batch, by=second)
    wanted = BatchStatus.APPROVED if act == "pay" else BatchStatus.DRAFT

    if status == wanted:
        ACTS[act](batch, second)
    else:
        with pytest.raises(StateChanged, match="状态已变化"):
            ACTS[act](batch, second)
        assert Batch.objects.get().status == status


def test_a_credit_entry_that_was_listed_after_approval_blocks_the_payment(
    batch, award, company, second
):
    CreditEntry.objects.create(company=company, title="欠税", listed_on=domain.TODAY)

    with pytest.raises(Refused) as refusal:
        services.approve_batch(batch, by=second)

    assert company.name in refusal.value.messages[1]
    assert "九（二）" in refusal.value.messages[1]
    assert Batch.objects.get().status == BatchStatus.DRAFT


def test_a_credit_entry_that_was_repaired_does_not_block(batch, company, second):
    CreditEntry.objects.create(
        company=company, title="欠税", listed_on=date(2026, 1, 1), repaired_on=domain.TODAY
    )

    assert services.approve_batch(batch, by=second).status == BatchStatus.APPROVED


def test_a_figure_that_changed_after_approval_does_not_block(batch, company, second):
    company.figures.exclude(measure="fiscal_contribution").update(value=0)

    assert services.approve_batch(batch, by=second).status == BatchStatus.APPROVED


@pytest.mark.parametrize(
    "change", [change_account, lambda company: company.accounts.all().delete()]
)
def test_a_changed_account_blocks_the_payment(batch, company, second, change):
    change(company)

    with pytest.raises(Refused, match="收款账户在制单后变更过"):
        services.approve_batch(batch, by=second)


def test_every_line_that_may_not_be_paid_is_named(district, award, company, maker, second):
    other = award_of(domain.company_with_everything())
    batch = services.make_batch(district, [award, other], by=maker)
    for each in (company, other.company):
        change_account(each)

    with pytest.raises(Refused) as refusal:
        services.approve_batch(batch, by=second)

    assert len(refusal.value.messages) == 3


def test_the_check_before_payment_is_kept(ready, award):
    receipt = award.claim.application.receipts.get(reason="payment")

    assert receipt.answer["claims"][0]["payable"] == str(award.amount)


def test_a_frozen_ledger_stops_making_and_approving_and_not_what_the_bank_did(
    district, company, batch, award, maker, second, monkeypatch
):
    """The freeze comes while they wait for their locks."""
    other = award_of(domain.company_with_everything())
    monkeypatch.setattr(services, "locked", frozen_meanwhile)
    with pytest.raises(Refused, match="已暂停"), transaction.atomic():
        services.make_batch(district, [other], by=maker)
    with pytest.raises(Refused, match="已暂停"), transaction.atomic():
        services.approve_batch(batch, by=second)
    monkeypatch.undo()
    services.approve_batch(batch, by=second)
    Freeze.objects.create(reason="计数不符")

    services.mark_paid(batch, on=domain.TODAY, by=maker)
    services.fail_line(batch.lines.get(), reason="销户", by=maker)

    assert status_of(award) == AwardStatus.PAYMENT_FAILED


def frozen_meanwhile(rows):
    Freeze.objects.get_or_create(lifted_at=None, defaults={"reason": "计数不符"})
    return locked(rows)


def test_a_cancelled_batch_frees_its_awards(district, batch, award, maker, company):
    services.cancel_batch(batch, by=maker)
    assert status_of(award) == AwardStatus.NOTIFIED
    account = change_account(company)

    again = services.make_batch(district, [award], by=maker)

    assert again.lines.get().account == account.number
    assert again.number == "2026-03-B2"


def test_a_paid_batch_pays_every_award_once(district, award, maker, second):
    awards = [award, *(award_of(domain.company_with_everything()) for _company in range(2))]
    batch = services.make_batch(district, awards, by=maker)
    services.approve_batch(batch, by=second)

    services.mark_paid(batch, on=domain.TODAY, by=maker)
    with pytest.raises(StateChanged):
        services.mark_paid(batch, on=domain.TODAY, by=maker)

    assert {(row.status, row.paid_on) for row in Award.objects.all()} == {("paid", domain.TODAY)}
    assert LedgerEntry.objects.filter(kind="pay").count() == 3
    assert BudgetLine.objects.get().paid == Decimal("30000.00")
    assert Job.objects.filter(kind="mail", key__contains="paid:").count() == 3
    assert differences() == []


@pytest.mark.parametrize(
    ("days", "allowed"),
    [(-1, False), (0, True), (1, True), (2, True), (3, False)],
)
def test_the_day_of_payment_lies_between_approval_and_today(ready, maker, clock, days, allowed):
    clock.shift(timedelta(days=2))
    on = domain.TODAY + timedelta(days=days)

    if allowed:
        assert services.mark_paid(ready, on=on, by=maker).paid_on == on
    else:
        with pytest.raises(Refused, match="应在复核之日和今天之间"):
            services.mark_paid(ready, on=on, by=maker)
        assert not LedgerEntry.objects.filter(kind="pay").exists()


@pytest.mark.parametrize(
    "statement",
    [
        *(
            f"UPDATE disbursements_paymentline SET {column} = {column}"
            for column in ("payee", "uscc", "bank", "account", "cnaps", "amount", "award_id")
        ),
        "DELETE FROM disbursements_paymentline",
    ],
)
def test_the_database_keeps_payees_and_amounts_as_they_were_listed(batch, statement):
    with pytest.raises(domain.REFUSED_BY_TRIGGER):
        domain.execute(statement)


def test_every_act_on_a_batch_is_recorded_with_its_person(ready, maker, second):
    services.mark_paid(ready, on=domain.TODAY, by=second)

    assert list(Entry.objects.about(ready).values_list("action", "actor")) == [
        ("batch.made", maker.pk),
        ("batch.approved", second.pk),
        ("batch.paid", second.pk),
    ]


@pytest.mark.django_db(transaction=True)
def test_paying_a_batch_and_granting_do_not_wait_for_each_other_in_a_ring(
    district, company, maker, second, monkeypatch
):
    """A batch with awards on two budget lines, and a grant to the first one's company that
    draws on the second line."""
    department = Department.objects.get(district=district, short_name="区经信局")
    BudgetLineFactory(department=department, item_code=domain.ALONE)
    BudgetLineFactory(department=department, item_code=domain.LADDER)
    ladder = domain.claim(domain.LADDER, "factory-district")
    awards = sorted(
        [award_of(company), award_of(domain.company_with_everything(), ladder)],
        key=lambda award: award.pk,
    )
    batch = services.make_batch(district, awards, by=maker)
    services.approve_batch(batch, by=second)
    first, last = awards
    claim = domain.claim(last.item_code, last.level_code, event_date=domain.EVENT)
    application = domain.filed(first.company, claim)
    meeting = Meeting(2)
    pay, lock_year = ledger.pay, ledger._locked_company_year

    def paying(award, **given):
        if award.pk == last.pk:
            meeting.wait()
        return pay(award, **given)

    def locking_the_year(*args):
        meeting.wait()
        return lock_year(*args)

    monkeypatch.setattr(ledger, "pay", paying)
    monkeypatch.setattr(ledger, "_locked_company_year", locking_the_year)

    paid, granted = at_once(
        lambda: services.mark_paid(batch, on=timezone.localdate(), by=maker),
        lambda: grant(application),
    )

    assert not meeting.held
    assert paid.status == BatchStatus.PAID
    assert len(granted) == 1


def belongs_to_the_payee(person, award):
    MemberFactory(user=person, company=award.company)
    return person


@pytest.mark.parametrize("act", ["make", "approve", "cancel", "pay"])
def test_nobody_pays_a_company_they_belong_to(district, award, maker, second, act):
    if act == "make":
        with pytest.raises(NotAllowed, match="须由另一人办理"):
            services.make_batch(district, [award], by=belongs_to_the_payee(maker, award))
        return
    batch = services.make_batch(district, [award], by=maker)
    if act == "pay":
        services.approve_batch(batch, by=second)
    belongs_to_the_payee(second, award)
    acts = {
        "approve": lambda: services.approve_batch(batch, by=second),
        "cancel": lambda: services.cancel_batch(batch, by=second),
        "pay": lambda: services.mark_paid(batch, on=domain.TODAY, by=second),
    }

    with pytest.raises(NotAllowed, match="须由另一人办理"):
        acts[act]()


def test_the_database_too_refuses_a_line_made_by_the_payee(district, award, maker):
    batch = Batch.objects.create(district=district, number="B1", made_by=maker)
    belongs_to_the_payee(maker, award)

    with (
        pytest.raises(domain.REFUSED_BY_TRIGGER, match="nobody pays what they have a part in"),
        transaction.atomic(),
    ):
        PaymentLine.objects.create(
            batch=batch, award=award, payee="x", uscc="x", bank="x", account="1", amount=1
        )


def test_the_database_too_refuses_an_approval_by_the_payee(batch, award, second):
    belongs_to_the_payee(second, award)

    with (
        pytest.raises(domain.REFUSED_BY_TRIGGER, match="nobody pays what they have a part in"),
        transaction.atomic(),
    ):
        Batch.objects.filter(pk=batch.pk).update(approved_by=second)


def test_a_check_that_stopped_a_payment_is_kept(batch, award, second):
    CreditEntry.objects.create(company=award.company, title="欠税", listed_on=domain.TODAY)

    with pytest.raises(Refused):
        services.approve_batch(batch, by=second)

    assert award.claim.application.latest_receipt.reason == "payment"


def test_nobody_is_paid_under_another_name(award, maker):
    company = award.company
    company.name = "改了名的企业"
    company.save(update_fields=["name"])

    with pytest.raises(Refused, match="户名"):
        services.make_batch(award.district, [award], by=maker)
