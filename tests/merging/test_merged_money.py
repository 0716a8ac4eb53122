"""Money of two rows that became one company: what is settled, who may touch it, where it goes."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Role
from accounts.refusals import NotAllowed, Refused
from companies.figures import correct_figure
from companies.merging import services as merging
from companies.models import Incident, Merge
from companies.profile.access import sees_contribution
from disbursements import services
from disbursements.models import Batch, PaymentLine
from reviews import screening
from reviews.models import Alert, Case
from reviews.people import is_outsider
from reviews.services import finance_department
from subsidies.ledger import services as ledger
from subsidies.ledger.models import AwardStatus, CompanyYear
from subsidies.ledger.reconciliation import differences
from subsidies.ledger.settlement import settle
from subsidies.models import Adjustment
from tests import domain
from tests.credit.conftest import listed
from tests.factories import MemberFactory, PastAwardFactory


@pytest.fixture
def people(company):
    finance = finance_department(company.district)
    return [domain.official(finance, Role.FINANCE, number) for number in (1, 2)]


def batch_of(award, people):
    batch = services.make_batch(award.district, [award], by=people[0])
    return services.approve_batch(batch, by=people[1])


def paid(company, people):
    """An award of 10,000 yuan that reached the company, and its batch."""
    award = domain.notified_award(company)
    batch = services.mark_paid(batch_of(award, people), on=timezone.localdate(), by=people[0])
    award.refresh_from_db()
    return award, batch


@pytest.fixture
def sent(other, budget, people):
    """What the row was paid before it was merged."""
    return paid(other, people)


@pytest.fixture
def merged(company, other, keeper, sent):
    merging.merge(company, other, by=keeper)
    other.refresh_from_db()
    return other


class TestSettling:
    def test_a_settlement_sees_the_claims_of_all_rows_once(self, company, other, keeper, people):
        PastAwardFactory(company=other, amount=Decimal("7000.00"))
        first, _batch = paid(other, people)
        merging.merge(company, other, by=keeper)
        second = domain.notified_award(company, domain.claim("jb24-12"))

        settlement = settle(company, company.district, 2025, by=None)

        assert [line.award for line in settlement.lines.all()] == [first, second]
        assert settlement.carried == Decimal("7000.00")
        # What the ledger leaves for the company and what the settlement says are one.
        year = CompanyYear.objects.get(company=company, year=2025)
        granted = sum(line.granted for line in settlement.lines.all())
        assert year.carried + year.granted == granted + settlement.carried
        assert not Adjustment.objects.exists()

    def test_what_the_merged_row_was_paid_too_much_is_asked_back(self, company, merged, people):
        figure = company.figures.filter(measure="fiscal_contribution")
        figure.update(value=Decimal("4000.00"))

        settle(company, company.district, 2025, by=None)

        adjustment = Adjustment.objects.get()
        assert (adjustment.award.company, adjustment.amount) == (merged, Decimal("6000.00"))

    def test_a_merged_row_is_not_settled_by_itself(self, company, merged):
        with pytest.raises(Refused, match=f"已并入 {company}"):
            settle(merged, merged.district, 2025, by=None)

    def test_its_figure_is_not_corrected_for_no_settlement_reads_it(self, merged, people):
        figure = merged.figures.get(measure="fiscal_contribution")

        with pytest.raises(Refused, match="已并入"):
            correct_figure(
                figure, value=Decimal(1), as_of=domain.TODAY, reason="清算", by=people[0]
            )

    def test_nothing_is_added_to_its_awards(self, merged, sent, people):
        award, batch = sent
        services.fail_line(batch.lines.get(), reason="销户", by=people[0])

        with pytest.raises(Refused, match="另行申请"):
            ledger.adjust(award, Decimal("0.01"), by=people[0])
        ledger.adjust(award, Decimal("-0.01"), by=people[0])
        assert differences() == []


class TestStrangers:
    """Somebody of the merged row, whose membership went over to the row that stays."""

    @pytest.fixture
    def due(self, other, budget, keeper, company, people):
        """Paid to the merged row and sent back by the bank afterwards."""
        award, batch = paid(other, people)
        MemberFactory(company=other, user=people[1])
        merging.merge(company, other, by=keeper)
        services.fail_line(batch.lines.get(), reason="销户", by=people[0])
        award.refresh_from_db()
        return award

    def test_they_pay_nothing_of_it(self, due, people):
        assert not due.company.members.filter(user=people[1]).exists()

        with pytest.raises(NotAllowed, match="须由另一人办理"):
            services.make_batch(due.district, [due], by=people[1])

    def test_nor_past_the_service(self, due, people):
        batch = Batch.objects.create(district=due.district, number="X", made_by=people[1])
        line = PaymentLine(batch=batch, award=due, payee="A", account="1", amount=1)

        with pytest.raises(domain.REFUSED_BY_TRIGGER), transaction.atomic():
            line.save()

    def test_they_see_none_of_its_cases_and_judge_none(self, due, people):
        case = domain.case_of(due.claim.application)

        assert case not in Case.objects.visible_to(people[1])
        assert case in Case.objects.visible_to(people[0])
        assert not is_outsider(case, people[1])

    def test_to_its_people_it_is_their_own(self, company, other, keeper, world):
        person = domain.clerk_of(other)
        merging.merge(company, other, by=keeper)
        other.refresh_from_db()

        assert other.has_member(person)
        assert sees_contribution(person, other)


class TestSentBack:
    def test_what_the_bank_sends_back_is_paid_to_the_row_that_stays(
        self, company, merged, sent, people
    ):
        award, batch = sent
        services.fail_line(batch.lines.get(), reason="销户", by=people[0])
        account = company.current_account

        again = services.mark_paid(batch_of(award, people), on=timezone.localdate(), by=people[0])

        line = again.lines.get()
        assert (line.account, line.payee, line.uscc) == (
            account.number,
            company.name,
            company.uscc,
        )
        award.refresh_from_db()
        assert award.status == AwardStatus.PAID
        assert differences() == []

    def test_what_was_paid_again_since_keeps_the_rows_together(
        self, company, merged, sent, people, keeper, clock
    ):
        award, batch = sent
        clock.shift(timedelta(minutes=1))
        services.fail_line(batch.lines.get(), reason="销户", by=people[0])
        services.mark_paid(batch_of(award, people), on=timezone.localdate(), by=people[0])

        with pytest.raises(Refused, match="已经拨付"):
            merging.undo(Merge.objects.get(), by=keeper)

        merged.refresh_from_db()
        assert merged.merged_into == company

    @pytest.mark.parametrize("entry", ["before", "after"])
    def test_it_is_held_for_what_stands_against_the_row_that_stays(
        self, company, other, keeper, sent, people, entry
    ):
        award, batch = sent
        if entry == "before":
            listed(other)
        merging.merge(company, other, by=keeper)
        services.fail_line(batch.lines.get(), reason="销户", by=people[0])
        if entry == "after":
            listed(company)

        with pytest.raises(Refused, match="甬税〔2026〕7号"):
            batch_of(award, people)

    def test_an_entry_of_the_row_that_stays_is_screened_for(self, company, merged, sent, people):
        _award, batch = sent
        services.fail_line(batch.lines.get(), reason="销户", by=people[0])
        listed(company)

        screening.screen_next("run", district=None, company=company.pk)

        assert "甬税〔2026〕7号" in Alert.objects.get().changes[0]["text"]

    def test_an_incident_of_the_row_that_stays_holds_it_too(self, company, merged, sent, people):
        award, batch = sent
        services.fail_line(batch.lines.get(), reason="销户", by=people[0])
        Incident.objects.create(company=company, kind="safety", date=award.claim.event_date)

        with pytest.raises(Refused, match="安全生产"):
            batch_of(award, people)
