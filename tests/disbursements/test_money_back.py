"""Money that does not stay with the company: sent back by the bank, or asked back by finance."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import District, Role
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.models import Entry
from disbursements import services
from disbursements.models import BatchStatus, Clawback, ClawbackStatus, PaymentLine
from outbox.models import Job
from reviews.services import finance_department
from subsidies.applications.answers import question_about
from subsidies.ledger import services as ledger
from subsidies.ledger.models import AwardStatus
from subsidies.ledger.reconciliation import differences
from subsidies.models import Award, BudgetLine, CompanyYear, LedgerEntry
from tests import domain
from tests.factories import MemberFactory
from tests.ledger.granting import grant

AMOUNT = Decimal("10000.00")
PART = Decimal("4000.00")


@pytest.fixture
def people(world):
    finance = finance_department(District.objects.get(code="330205"))
    return [domain.official(finance, Role.FINANCE, number) for number in (1, 2, 3)]


def award_of(company):
    (award,) = grant(domain.filed(company))
    return ledger.move_award(award, AwardStatus.NOTIFIED)


def sent(awards, people):
    batch = services.make_batch(awards[0].district, awards, by=people[0])
    return services.approve_batch(batch, by=people[1])


@pytest.fixture
def award(company, budget):
    return award_of(company)


@pytest.fixture
def approved(award, people):
    return sent([award], people)


@pytest.fixture
def paid(approved, people):
    return services.mark_paid(approved, on=domain.TODAY, by=people[0])


@pytest.fixture
def demanded(paid, award, people):
    return services.demand_return(award, AMOUNT, reason="发票作废", by=people[0])


@pytest.fixture
def confirmed(demanded, people):
    return services.confirm_return(demanded, by=people[1])


def fail(batch, people, reason="账号户名不符"):
    return services.fail_line(batch.lines.get(), reason=reason, by=people[0])


def kinds():
    return list(LedgerEntry.objects.values_list("kind", flat=True))


def counters():
    line, year = BudgetLine.objects.get(), CompanyYear.objects.get()
    return (line.granted, line.paid, year.granted)


class TestBankReturn:
    def test_money_that_came_back_is_due_again(self, paid, award, people):
        line = fail(paid, people)

        award.refresh_from_db()
        assert (award.status, award.paid_on) == (AwardStatus.PAYMENT_FAILED, None)
        assert (line.is_live, line.failure, line.failed_by) == (False, "账号户名不符", people[0])
        assert kinds()[-2:] == ["pay", "fail"]
        assert counters() == (AMOUNT, 0, AMOUNT)
        assert differences() == []
        assert Entry.objects.filter(action="payment.failed").count() == 1

    def test_a_line_that_the_bank_could_not_pay_moves_no_money(self, approved, award, people):
        fail(approved, people)

        award.refresh_from_db()
        assert award.status == AwardStatus.PAYMENT_FAILED
        assert kinds() == ["reserve", "grant"]
        assert differences() == []

    def test_the_company_is_told_to_look_at_its_account(self, paid, people):
        fail(paid, people)

        job = Job.objects.filter(kind="mail", key__contains="failed:").get()
        assert "账号户名不符" in job.args["body"]
        assert "核对收款账户" in job.args["body"]

    def test_the_award_may_be_put_into_another_batch_and_paid(self, paid, award, people):
        fail(paid, people)

        award.refresh_from_db()
        again = services.mark_paid(sent([award], people), on=domain.TODAY, by=people[0])

        assert again.lines.get().award == award
        assert kinds()[-3:] == ["pay", "fail", "pay"]
        assert counters() == (AMOUNT, AMOUNT, AMOUNT)
        assert differences() == []

    def test_the_company_is_told_of_the_second_payment_too(self, paid, award, people):
        fail(paid, people)
        award.refresh_from_db()

        services.mark_paid(sent([award], people), on=domain.TODAY, by=people[0])

        told = Job.objects.filter(kind="mail", key__contains=":paid:")
        assert [job.args["subject"].split("：")[0] for job in told] == ["已拨付"] * 2

    def test_the_rest_of_the_batch_is_paid_without_it(self, award, people):
        other = award_of(domain.company_with_everything())
        batch = sent([award, other], people)
        services.fail_line(batch.lines.get(award=award), reason="销户", by=people[0])

        services.mark_paid(batch, on=domain.TODAY, by=people[0])

        statuses = dict(Award.objects.values_list("pk", "status"))
        assert statuses == {award.pk: AwardStatus.PAYMENT_FAILED, other.pk: AwardStatus.PAID}
        assert Entry.objects.get(action="batch.paid").data["total"] == "10000.00"
        assert differences() == []

    def test_a_batch_without_any_line_left_is_void(self, approved, people):
        fail(approved, people)

        approved.refresh_from_db()
        assert approved.status == BatchStatus.CANCELLED

    def test_a_line_fails_once(self, paid, people):
        fail(paid, people)

        with pytest.raises(StateChanged, match="已经不在本批次"):
            fail(paid, people)

    def test_a_line_of_a_draft_does_not_fail(self, award, people):
        batch = services.make_batch(award.district, [award], by=people[0])

        with pytest.raises(StateChanged):
            fail(batch, people)

    def test_nobody_fails_a_line_of_their_own_company(self, paid, award, people):
        MemberFactory(company=award.company, user=people[0])

        with pytest.raises(NotAllowed):
            fail(paid, people)

    def test_the_database_keeps_who_and_why(self, paid):
        with pytest.raises(IntegrityError, match="failed_has_person"), transaction.atomic():
            PaymentLine.objects.update(failure="x")


class TestClawback:
    def test_one_demands_and_another_confirms(self, demanded, award, people):
        with pytest.raises(NotAllowed, match="须由另一人确认"):
            services.confirm_return(demanded, by=people[0])

        services.confirm_return(demanded, by=people[1])

        award.refresh_from_db()
        assert award.status == AwardStatus.CLAWBACK
        job = Job.objects.get(kind="mail", key__contains="clawback:")
        assert "应退 10,000.00 元" in job.args["body"]
        assert "发票作废" in job.args["body"]
        assert "何时退清，请向区财政局询问" in job.args["body"]
        assert differences() == []

    def test_the_database_wants_a_second_person(self, demanded, people):
        with pytest.raises(IntegrityError, match="second_person"), transaction.atomic():
            Clawback.objects.update(
                status="confirmed", confirmed_by=people[0], confirmed_at=demanded.demanded_at
            )

    def test_what_came_back_frees_budget_and_year_and_leaves_no_award(
        self, confirmed, award, people
    ):
        services.receive_return(confirmed, AMOUNT, by=people[2])

        award.refresh_from_db()
        confirmed.refresh_from_db()
        assert (award.status, award.net) == (AwardStatus.RETURNED, 0)
        assert confirmed.status == ClawbackStatus.DONE
        assert counters() == (0, 0, 0)
        assert kinds()[-1] == "return"
        assert question_about(award.company, [], year=2025, found=[])["history"] == []
        assert differences() == []

    def test_a_part_leaves_the_award_with_the_rest(self, paid, award, people):
        clawback = services.demand_return(award, PART, reason="多算", by=people[0])
        services.confirm_return(clawback, by=people[1])
        services.receive_return(clawback, Decimal("1500.00"), by=people[2])
        assert Award.objects.get().status == AwardStatus.CLAWBACK
        services.receive_return(clawback, Decimal("2500.00"), by=people[2])

        award.refresh_from_db()
        assert (award.status, award.net) == (AwardStatus.PAID, AMOUNT - PART)
        assert counters() == (AMOUNT - PART,) * 3
        (entry,) = question_about(award.company, [], year=2025, found=[])["history"]
        assert entry["amount"] == "6000.00"
        assert differences() == []

    @pytest.mark.parametrize("amount", ["0.00", "10000.01"])
    def test_no_more_is_taken_back_than_is_owed(self, confirmed, people, amount):
        with pytest.raises(Refused, match="还应退"):
            services.receive_return(confirmed, Decimal(amount), by=people[0])

    @pytest.mark.parametrize("amount", ["0.00", "10000.01"])
    def test_no_more_is_demanded_than_the_company_has(self, paid, award, people, amount):
        with pytest.raises(Refused, match="不超过企业现有的"):
            services.demand_return(award, Decimal(amount), reason="x", by=people[0])

    def test_only_what_was_paid_is_demanded_and_once_at_a_time(self, approved, award, people):
        with pytest.raises(StateChanged, match="已拨付"):
            services.demand_return(award, AMOUNT, reason="x", by=people[0])
        services.mark_paid(approved, on=domain.TODAY, by=people[0])
        services.demand_return(award, PART, reason="x", by=people[0])

        with pytest.raises(StateChanged, match="已经有一件"):
            services.demand_return(award, PART, reason="x", by=people[0])

    def test_the_database_keeps_one_open_demand_of_an_award(self, demanded, award, people):
        with pytest.raises(IntegrityError, match="one_open_clawback"), transaction.atomic():
            Clawback.objects.create(award=award, amount=PART, reason="x", demanded_by=people[0])

    def test_a_demand_that_nobody_confirmed_may_be_dropped(self, demanded, people):
        services.drop_return(demanded, by=people[0])

        assert Award.objects.get().status == AwardStatus.PAID
        with pytest.raises(StateChanged, match="已撤销"):
            services.confirm_return(demanded, by=people[1])

    def test_a_confirmed_one_is_not_dropped(self, confirmed, people):
        with pytest.raises(StateChanged, match="追回中"):
            services.drop_return(confirmed, by=people[0])

    def test_the_database_keeps_the_demand_as_it_was_made(self, demanded):
        with pytest.raises(domain.REFUSED_BY_TRIGGER):
            domain.execute("UPDATE disbursements_clawback SET amount = 1")
        with pytest.raises(domain.REFUSED_BY_TRIGGER):
            domain.execute("DELETE FROM disbursements_clawback")

    def test_nobody_decides_on_their_own_company(self, demanded, award, people):
        MemberFactory(company=award.company, user=people[1])

        with pytest.raises(NotAllowed):
            services.confirm_return(demanded, by=people[1])

    def test_the_ledger_takes_back_only_what_is_asked_back(self, paid, award, people):
        with pytest.raises(StateChanged):
            ledger.take_back(award, PART, by=people[0])


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["grant", "send", "pay", "fail", "demand", "return", "cancel"]),
        st.integers(0, 1),
        st.integers(1, 1_200_000).map(lambda fen: Decimal(fen) / 100),
    ),
    max_size=14,
)


def test_whatever_goes_out_and_comes_back_the_past_stays_and_the_sums_hold(world, budget, people):
    """M03: random grants, payments, failures and clawbacks. Entries are only added, counters are
    their sums, and money that came back is free once."""
    applications = [domain.filed(domain.company_with_everything()) for _n in "ab"]

    def act(kind, application, amount):
        if kind == "grant":
            (award,) = grant(application, str(min(amount, AMOUNT)))
            ledger.move_award(award, AwardStatus.NOTIFIED)
            return
        award = Award.objects.filter(claim__application=application).first()
        if award is None:
            return
        line = award.payment_lines.filter(is_live=True).first()
        match kind:
            case "send":
                sent([award], people)
            case "pay" if line:
                services.mark_paid(line.batch, on=domain.TODAY, by=people[0])
            case "fail" if line:
                services.fail_line(line, reason="退汇", by=people[0])
            case "demand":
                clawback = services.demand_return(award, amount, reason="x", by=people[0])
                services.confirm_return(clawback, by=people[1])
            case "return" if clawback := award.clawbacks.open().first():
                services.receive_return(clawback, amount, by=people[2])
            case "cancel":
                ledger.cancel(award, by=people[0])

    @settings(
        max_examples=10,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(ACTS)
    def hold(acts):
        with transaction.atomic():
            past = []
            for kind, place, amount in acts:
                try:
                    with transaction.atomic():
                        act(kind, applications[place], amount)
                except (Refused, IntegrityError):
                    assert list(LedgerEntry.objects.values_list()) == past
                entries = list(LedgerEntry.objects.values_list())
                assert entries[: len(past)] == past
                past = entries
                assert differences() == []
            standing = sum(award.net for award in Award.objects.standing())
            assert BudgetLine.objects.get().granted == standing
            assert sum(year.granted for year in CompanyYear.objects.all()) == standing
            transaction.set_rollback(True)

    hold()


def test_the_acts_on_a_clawback_are_shown_to_the_districts_auditors(confirmed, people):
    district = people[0].appointments.get().department.district

    acts = Entry.objects.about(confirmed)

    assert {act.district for act in acts} == {district}
    assert acts.count() == 2
