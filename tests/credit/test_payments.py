"""Money stops for an entry that came after the approval: when a batch is made, approved, handed
to the bank and noted as paid."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from accounts.models import Department, Role
from accounts.refusals import Refused, StateChanged
from disbursements import services
from disbursements.models import Batch, BatchStatus
from reviews import credit
from subsidies.applications.enums import Reason
from subsidies.ledger.models import AwardStatus
from subsidies.models import Award, LedgerEntry
from tests import domain
from tests.credit.conftest import FINANCE, INDUSTRY, fined, listed, person


@pytest.fixture
def award(company, budget):
    return domain.notified_award(company)


@pytest.fixture
def maker(world):
    return person(FINANCE, Role.FINANCE)


@pytest.fixture
def second(world):
    return person(FINANCE, Role.FINANCE, 2)


@pytest.fixture
def draft(award, maker):
    return services.make_batch(award.district, [award], by=maker)


@pytest.fixture
def approved(draft, second):
    return services.approve_batch(draft, by=second)


STEPS = {
    "make": lambda batch, award, by: services.make_batch(award.district, [award], by=by),
    "approve": lambda batch, award, by: services.approve_batch(batch, by=by),
    "pay": lambda batch, award, by: services.mark_paid(batch, on=domain.TODAY, by=by),
}
BEFORE = {"make": "award", "approve": "draft", "pay": "approved"}
STATES = {
    "make": AwardStatus.NOTIFIED,
    "approve": AwardStatus.SCHEDULED,
    "pay": AwardStatus.SCHEDULED,
}


@pytest.mark.parametrize("make", [listed, fined])
@pytest.mark.parametrize("step", STEPS)
def test_an_entry_stops_every_step_naming_company_document_and_clause(
    request, company, award, second, step, make
):
    batch = request.getfixturevalue(BEFORE[step])
    entry = make(company)

    with pytest.raises(Refused) as refusal:
        STEPS[step](batch, award, second)

    told = refusal.value.messages[1]
    assert company.name in told
    assert entry.number in told
    assert "九（二）" in told
    assert Award.objects.get().status == STATES[step]
    assert not LedgerEntry.objects.filter(kind="pay").exists()
    kept = award.claim.application.receipts.filter(reason=Reason.PAYMENT).latest("pk")
    assert kept.credit[0]["entry"] == entry.pk


@pytest.mark.parametrize("step", STEPS)
def test_what_was_repaired_ran_out_or_was_judged_stops_nothing(
    request, company, award, second, step
):
    batch = request.getfixturevalue(BEFORE[step])
    listed(company, repaired_on=domain.TODAY)
    listed(company, number="2号", listed_on=date(2026, 1, 1), valid_until=date(2026, 3, 10))
    case = domain.case_of(award.claim.application)
    entry = fined(company)
    credit.judge(case, entry, matters=False, text="无关", by=person(INDUSTRY, Role.REVIEWER))

    assert STEPS[step](batch, award, second)


def test_an_entry_from_after_the_banks_day_came_too_late(company, approved, second, clock):
    clock.shift(timedelta(days=1))
    listed(company, listed_on=domain.TODAY + timedelta(days=1))

    paid = services.mark_paid(approved, on=domain.TODAY, by=second)

    assert paid.status == BatchStatus.PAID


def test_a_held_batch_can_be_undone_though_it_was_approved(company, approved, award, second):
    with pytest.raises(StateChanged):
        services.cancel_batch(approved, by=second)
    listed(company)

    services.cancel_batch(approved, by=second)

    assert Batch.objects.get().status == BatchStatus.CANCELLED
    assert Award.objects.get().status == AwardStatus.NOTIFIED


def test_the_list_of_a_held_batch_does_not_leave_the_house(client, company, approved, second):
    client.force_login(second)
    url = reverse("batch_download", args=[approved.pk])
    assert client.get(url).status_code == 200
    listed(company)

    refused = client.get(url)

    assert refused.status_code == 409
    assert "甬税〔2026〕7号" in refused.content.decode()


def test_the_page_of_a_held_batch_says_so_and_offers_to_undo_it(client, company, approved, second):
    listed(company)
    client.force_login(second)

    shown = client.get(approved.get_absolute_url()).content.decode()

    assert "有的款项现在不能拨付" in shown
    assert "通知银行停止支付" in shown
    assert "确认作废" in shown
    assert "下载拨付清单" not in shown
    assert Department.objects.get(code=FINANCE).is_finance
