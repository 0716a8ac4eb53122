"""A batch whose list was downloaded may be at the bank: its awards are set free, and may be paid
again, only on the bank's word that it has not paid."""

import pytest
from django.urls import reverse

from accounts.models import Role
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.models import Entry
from companies.models import CreditEntry
from disbursements import services
from disbursements.models import Batch, BatchStatus
from subsidies.ledger.models import AwardStatus
from subsidies.models import Award
from tests.domain import TODAY
from tests.factories import AppointmentFactory, StandInFactory
from tests.workspace.conftest import FINANCE, person

WORD = "市行营业部王某，3 月 11 日 15 时电话：没有付，文件已撤回"
STATED = {"is_unpaid": "on", "unpaid": WORD}


@pytest.fixture
def approved(awards, maker, second) -> Batch:
    batch = services.make_batch(awards[0].district, awards, by=maker)
    return services.approve_batch(batch, by=second)


@pytest.fixture
def out(approved, second) -> Batch:
    """Downloaded by who approved it, then held by a credit entry."""
    services.hand_out_list(approved, by=second)
    hold(approved)
    return approved


def hold(batch):
    company = batch.lines.first().award.company
    CreditEntry.objects.create(company=company, title="失信", listed_on=TODAY)


def status_of(batch):
    return Batch.objects.get(pk=batch.pk).status


def test_a_batch_whose_list_is_out_is_cancelled_on_the_banks_word_only(out, maker):
    with pytest.raises(Refused, match="请与银行确认没有付款"):
        services.cancel_batch(out, by=maker)
    assert status_of(out) == BatchStatus.APPROVED

    services.cancel_batch(out, unpaid=WORD, by=maker)

    assert {award.status for award in Award.objects.all()} == {AwardStatus.NOTIFIED}
    assert Entry.objects.get(action="batch.cancelled").data["unpaid"] == WORD


def test_whoever_has_the_list_does_not_cancel_the_batch(out, second):
    with pytest.raises(NotAllowed, match="您下载过本批次的拨付清单"):
        services.cancel_batch(out, unpaid=WORD, by=second)

    assert status_of(out) == BatchStatus.APPROVED


@pytest.mark.parametrize("taken_by", ["deputy", "principal"])
def test_nor_does_who_stands_in_for_them_or_lets_them_stand_in(approved, maker, taken_by):
    """A person and whoever they stand in for count as one."""
    principal = person(FINANCE, Role.FINANCE, 3)
    office = principal.appointments.get()
    deputy = AppointmentFactory(department=office.department).user
    StandInFactory(appointment=office, deputy=deputy)
    taker, other = (deputy, principal) if taken_by == "deputy" else (principal, deputy)
    services.hand_out_list(approved, by=taker)
    hold(approved)

    with pytest.raises(NotAllowed, match="您下载过"):
        services.cancel_batch(approved, unpaid=WORD, by=other)
    assert services.cancel_batch(approved, unpaid=WORD, by=maker)


def test_a_list_that_nobody_took_asks_for_no_word(approved, maker):
    hold(approved)

    assert services.cancel_batch(approved, by=maker).status == BatchStatus.CANCELLED


def test_no_list_is_handed_out_of_a_batch_that_was_cancelled_meanwhile(approved, maker, second):
    hold(approved)
    services.cancel_batch(approved, by=maker)
    seen_before = approved

    with pytest.raises(StateChanged, match="批次复核后才能下载"):
        services.hand_out_list(seen_before, by=second)


def test_the_form_says_what_is_at_stake_and_keeps_what_was_typed(client, out, maker):
    client.force_login(maker)
    url = reverse("batch_cancel", args=[out.pk])
    page = client.get(out.get_absolute_url()).content.decode()
    assert "重新列入就会付两次" in page
    assert 'name="is_unpaid"' in page

    unticked = client.post(url, {"unpaid": WORD})
    unsaid = client.post(url, {"is_unpaid": "on"})

    assert unticked.status_code == unsaid.status_code == 422
    assert "请先与银行确认没有付款，再打勾" in unticked.content.decode()
    assert f'value="{WORD}"' in unticked.content.decode()
    assert "请写明与银行的哪一位、何时确认的" in unsaid.content.decode()
    assert status_of(out) == BatchStatus.APPROVED
    assert client.post(url, STATED).status_code == 302
    assert status_of(out) == BatchStatus.CANCELLED


def test_the_page_of_a_list_that_nobody_took_has_no_such_form(client, approved, maker):
    hold(approved)
    client.force_login(maker)

    page = client.get(approved.get_absolute_url()).content.decode()

    assert "确认作废" in page
    assert "is_unpaid" not in page


def test_whoever_has_the_list_reads_that_another_person_cancels(client, out, second):
    client.force_login(second)

    page = client.get(out.get_absolute_url()).content.decode()

    assert "由没有下载过的另一人与银行确认" in page
    assert "确认作废" not in page
    refused = client.post(reverse("batch_cancel", args=[out.pk]), STATED)
    assert refused.status_code == 403
    assert status_of(out) == BatchStatus.APPROVED
