"""Entries and awards: what is written once, and what the counters say about it."""

from decimal import Decimal
from itertools import permutations, product

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.refusals import Refused, StateChanged
from subsidies.ledger import reconciliation, services
from subsidies.ledger.models import (
    ACCOUNTS,
    NEXT_AWARD_STATUSES,
    REACHED,
    Account,
    AwardStatus,
    EntryKind,
)
from subsidies.ledger.reconciliation import differences
from subsidies.models import Award, BudgetLine, CompanyYear, LedgerEntry, PolicyDocument
from tests import domain
from tests.factories import BudgetLineFactory, PastAwardFactory, UserFactory
from tests.ledger.granting import entries_of, grant

PAIRS = [pair for pair in product(AwardStatus, AwardStatus) if pair[0] != pair[1]]


@pytest.fixture
def award(company, budget):
    return grant(domain.filed(company))[0]


def put(award, status):
    """Bring an award to a status past services and triggers."""
    paid_on = "'2026-03-11'" if status in REACHED else "NULL"
    domain.execute(
        "SET LOCAL session_replication_role = replica;"
        f"UPDATE subsidies_award SET status = '{status}', paid_on = {paid_on};"
        "SET LOCAL session_replication_role = origin"
    )
    award.refresh_from_db()


def test_what_is_held_granted_and_paid_are_entries_between_accounts(award):
    by = UserFactory()
    services.move_award(award, AwardStatus.NOTIFIED)
    services.move_award(award, AwardStatus.SCHEDULED)
    services.pay(award, on=domain.TODAY, by=by)

    entries = LedgerEntry.objects.values_list("kind", "credit", "debit", "amount", "by")
    assert list(entries) == [
        ("reserve", "budget", "reserved", award.amount, award.granted_by_id),
        ("grant", "reserved", "granted", award.amount, award.granted_by_id),
        ("pay", "granted", "paid", award.amount, by.pk),
    ]


def test_a_release_goes_back_to_the_budget(award):
    services.cancel(award, by=UserFactory())

    entry = LedgerEntry.objects.last()
    assert (entry.kind, entry.credit, entry.debit) == ("release", "granted", "budget")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE subsidies_ledgerentry SET amount = amount + 1",
        "UPDATE subsidies_ledgerentry SET at = now()",
        "DELETE FROM subsidies_ledgerentry",
        "TRUNCATE subsidies_ledgerentry",
        "DELETE FROM subsidies_award",
        "TRUNCATE subsidies_award CASCADE",
        "TRUNCATE subsidies_budgetline CASCADE",
        "TRUNCATE subsidies_companyyear CASCADE",
        *(
            f"UPDATE subsidies_award SET {column} = {value}"
            for column, value in {
                "amount": "amount + 0.01",
                "policy_year": "2024",
                "claim_id": "NULL",
                "company_id": "company_id",
                "district_id": "district_id",
                "budget_line_id": "NULL",
                "item_code": "'jb24-12'",
                "level_code": "'x'",
                "subject": "'x'",
                "counts_to_cap": "false",
                "granted_at": "now()",
                "granted_by_id": "NULL",
            }.items()
        ),
    ],
)
def test_the_database_keeps_entries_and_awards_as_they_are(award, statement):
    with pytest.raises(domain.REFUSED_BY_TRIGGER):
        domain.execute(statement)

    amounts = [row.amount for row in (Award.objects.get(), *LedgerEntry.objects.all())]
    assert amounts == [award.amount] * 3


def test_an_award_of_before_the_system_is_held_fast_too(company):
    PastAwardFactory(company=company)

    with pytest.raises(domain.REFUSED_BY_TRIGGER):
        domain.execute("DELETE FROM subsidies_award")


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_the_services_draw_an_awards_arrows_and_no_others(award, source, target):
    put(award, source)
    by = UserFactory()
    BudgetLine.objects.update(paid=award.amount if source in REACHED else 0)
    acts = {
        AwardStatus.PAYMENT_FAILED: lambda: services.fail(award, by=by),
        AwardStatus.CANCELLED: lambda: services.cancel(award, by=by),
        AwardStatus.PAID: lambda: (
            services.move_award(award, target)
            if source == AwardStatus.CLAWBACK
            else services.pay(award, on=domain.TODAY, by=by)
        ),
    }
    act = acts.get(target, lambda: services.move_award(award, target))

    if target in NEXT_AWARD_STATUSES[source]:
        act()
        assert Award.objects.get().status == target
    else:
        with pytest.raises(StateChanged, match="状态已变化"):
            act()
        assert Award.objects.get().status == source


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_the_database_draws_an_awards_arrows_and_no_others(award, source, target):
    put(award, source)
    columns = {"status": target, "paid_on": domain.TODAY if target in REACHED else None}

    if target in NEXT_AWARD_STATUSES[source]:
        Award.objects.update(**columns)
    else:
        with (
            pytest.raises(domain.REFUSED_BY_TRIGGER, match="is no arrow"),
            transaction.atomic(),
        ):
            Award.objects.update(**columns)


def test_the_database_grants_a_claim_once(award):
    twin = Award.objects.get()
    twin.pk = None

    with pytest.raises(IntegrityError, match="claim_id"), transaction.atomic():
        twin.save(force_insert=True)


def test_the_database_grants_an_award_once(award):
    entry = LedgerEntry.objects.get(kind="grant")
    entry.pk = None

    with pytest.raises(IntegrityError, match="one_grant_an_award"), transaction.atomic():
        entry.save(force_insert=True)


@pytest.mark.parametrize("kind", EntryKind)
def test_the_database_ties_each_kind_of_entry_to_its_accounts(award, kind):
    entry = LedgerEntry.objects.get(kind="grant")
    # Its own grant would stand in the way of another.
    domain.execute(
        "SET LOCAL session_replication_role = replica; DELETE FROM subsidies_ledgerentry;"
        "SET LOCAL session_replication_role = origin"
    )
    taken = set()
    for credit, debit in permutations(Account, 2):
        entry.pk, entry.kind, entry.credit, entry.debit = None, kind, credit, debit
        try:
            with transaction.atomic():
                entry.save(force_insert=True)
                transaction.set_rollback(True)
        except IntegrityError:
            continue
        taken.add((credit, debit))

    assert taken == set(ACCOUNTS[kind])


@pytest.mark.parametrize(
    "change",
    [{"paid": Decimal("-0.01")}, {"paid": Decimal("10000.01")}, {"total": Decimal("9999.99")}],
)
def test_the_database_keeps_paid_within_granted_within_the_budget(award, change):
    with pytest.raises(IntegrityError, match="budget_not_overdrawn"), transaction.atomic():
        BudgetLine.objects.update(**change)


@pytest.mark.parametrize("counter", ["capped", "uncapped"])
def test_the_database_keeps_a_companys_counters_from_falling_below_zero(award, counter):
    with pytest.raises(IntegrityError, match="not_negative"), transaction.atomic():
        CompanyYear.objects.update(**{counter: Decimal("-0.01")})


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["grant", "cancel", "schedule", "pay"]),
        st.integers(0, 4),
        st.integers(1, 12_000_00).map(lambda fen: Decimal(fen) / 100),
    ),
    max_size=10,
)


def check_counters():
    for line in BudgetLine.objects.all():
        assert (line.granted, line.paid) == entries_of(line.entries.all())
        assert 0 <= line.paid <= line.granted <= line.total - line.reserved
    for year in CompanyYear.objects.all():
        assert year.granted == entries_of(year.entries.all())[0]
        assert year.capped == 0 or year.capped <= year.cap
    assert differences() == []


def test_counters_are_the_sum_of_entries_whatever_happens(world, monkeypatch):
    """Grants, cancellations and payments in any order, on tight budgets and a tight cap; without
    batches, so that nothing is compared with these."""
    monkeypatch.setattr(reconciliation, "COMPARISONS", [])
    BudgetLineFactory(total=Decimal("25000.00"))
    BudgetLineFactory(document=PolicyDocument.objects.get(code="jb22"), total=Decimal("150000.00"))
    companies = [domain.company_with_everything(fiscal_contribution="15000.00") for _n in "ab"]
    applications = [
        domain.filed(company, claim)
        for company in companies
        for claim in (domain.claim(), domain.claim(domain.LADDER, "factory-district"))
    ]
    applications.append(domain.filed(companies[0], domain.claim("jb22-1b")))
    by = UserFactory()

    def move(kind, application, amount):
        if kind == "grant":
            grant(application, str(amount))
            return
        award = Award.objects.filter(claim__application=application).first()
        if award is None:
            return
        match kind:
            case "cancel":
                services.cancel(award, by=by)
            case "schedule":
                services.move_award(award, AwardStatus.NOTIFIED)
                services.move_award(award, AwardStatus.SCHEDULED)
            case "pay":
                services.pay(award, on=domain.TODAY, by=by)

    @settings(
        max_examples=10,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(MOVES)
    def hold(moves):
        with transaction.atomic():
            for kind, place, amount in moves:
                before = LedgerEntry.objects.count()
                try:
                    with transaction.atomic():
                        move(kind, applications[place], amount)
                except (Refused, IntegrityError):
                    assert LedgerEntry.objects.count() == before
                check_counters()
            transaction.set_rollback(True)

    hold()
    assert connection.in_atomic_block
