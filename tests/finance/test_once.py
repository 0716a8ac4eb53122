"""What moves money is done once, however often its form arrives."""

import re
import uuid
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import Submission
from audit.models import Entry
from companies.models import CreditEntry
from disbursements import services
from disbursements.models import Batch, BatchStatus, Clawback, PaymentLine
from reviews.models import StageKind
from subsidies.models import Award, LedgerEntry, Receipt
from tests import domain
from tests.conftest import FreshClient
from tests.domain import TODAY, at_stage, case_of, company_with_everything
from tests.threads import at_once

KEY = str(uuid.UUID(int=7))


@pytest.fixture
def batch(awards, maker) -> Batch:
    return services.make_batch(awards[0].district, awards, by=maker)


@pytest.fixture
def paid_line(batch, maker, second) -> PaymentLine:
    services.approve_batch(batch, by=second)
    services.mark_paid(batch, on=TODAY, by=maker)
    return batch.lines.order_by("pk")[0]


def keys(awards):
    return [str(award.pk) for award in awards]


def signed_in(user) -> FreshClient:
    client = FreshClient()
    client.force_login(user)
    return client


def test_the_same_form_again_gets_the_same_answer_and_does_nothing(client, awards, maker):
    """C12: a second click, or a browser that tries again after a timeout."""
    client.force_login(maker)
    form = {"award": keys(awards), "confirmed": "1", "submission": KEY}

    answers = [client.post(reverse("batch_create"), form) for _time in range(3)]

    assert {answer.url for answer in answers} == {Batch.objects.get().get_absolute_url()}
    assert "已生成" in client.get(answers[0].url).content.decode()
    assert PaymentLine.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_the_same_form_at_the_same_moment_is_done_once(awards, maker):
    """C07: of eight at once one makes the batch, and all are led to it."""
    clients = [signed_in(maker) for _number in range(8)]
    form = {"award": keys(awards), "confirmed": "1", "submission": KEY}

    answers = at_once(
        *(lambda each=each: each.post(reverse("batch_create"), form) for each in clients)
    )

    assert [answer.status_code for answer in answers] == [302] * 8
    assert {answer.url for answer in answers} == {Batch.objects.get().get_absolute_url()}
    assert Entry.objects.filter(action="batch.made").count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_approval_sent_twice_at_once_grants_once(world):
    """C07 for the approval: one award, one notice, and both are told the same."""
    application = at_stage(StageKind.APPROVAL, company_with_everything())
    (task,) = domain.open_tasks(application)
    by = domain.someone_fresh(task)
    url = reverse("case_decide", args=[case_of(application).pk])
    form = {
        "task": task.pk,
        "revision": application.revision,
        "verdict": "agree",
        "text": "",
        "submission": KEY,
    }

    answers = at_once(
        *(lambda each=each: each.post(url, form) for each in map(signed_in, [by] * 4))
    )

    assert [answer.status_code for answer in answers] == [302] * 4
    assert Award.objects.count() == 1
    assert LedgerEntry.objects.filter(kind="grant").count() == 1


def test_the_same_key_with_other_contents_is_refused_and_writes_nothing(client, paid_line, maker):
    """C08"""
    client.force_login(maker)
    url = reverse("line_claw_back", args=[paid_line.pk])
    form = {"amount": "100", "reason": "多算", "submission": KEY}
    assert client.post(url, form).status_code == 302
    entries = Entry.objects.count()

    answer = client.post(url, {**form, "amount": "200"})

    assert answer.status_code == 422
    assert "内容和上次不同，这次没有办理" in answer.content.decode()
    assert Clawback.objects.get().amount == Decimal("100.00")
    assert Entry.objects.count() == entries


def test_the_same_key_for_another_thing_is_refused(client, batch, awards, maker):
    client.force_login(maker)
    form = {"submission": KEY}
    assert client.post(reverse("batch_cancel", args=[batch.pk]), form).status_code == 302
    other = services.make_batch(batch.district, awards, by=maker)

    assert client.post(reverse("batch_cancel", args=[other.pk]), form).status_code == 422
    other.refresh_from_db()
    assert other.status == BatchStatus.DRAFT


def test_a_captured_form_does_nothing_after_signing_out_or_the_next_day(
    client, clock, batch, second
):
    """C09"""
    url = reverse("batch_approve", args=[batch.pk])
    client.force_login(second)
    assert client.post(url, {"submission": KEY}).status_code == 302
    clock.shift(24 * 60 * 60)

    client.force_login(second)
    answer = client.post(url, {"submission": KEY})
    assert (answer.status_code, answer.url) == (302, batch.get_absolute_url())
    client.logout()
    assert "login" in client.post(url, {"submission": KEY}).url
    assert Entry.objects.filter(action="batch.approved").count() == 1


def test_another_persons_key_is_their_own(client, batch, maker, second):
    Submission.objects.create(actor=maker, key=KEY, route="/", sha256="x")
    client.force_login(second)

    assert client.post(
        reverse("batch_approve", args=[batch.pk]), {"submission": KEY}
    ).status_code == (302)


@pytest.mark.parametrize("form", [{"submission": ""}, {"submission": "x"}])
def test_without_a_key_nothing_is_done(batch, second, form):
    answer = signed_in(second).post(reverse("batch_approve", args=[batch.pk]), form)

    assert answer.status_code == 422
    assert "刷新后再提交" in answer.content.decode()
    batch.refresh_from_db()
    assert batch.status == BatchStatus.DRAFT


def test_what_was_refused_may_be_sent_again_under_its_key(client, batch, maker, second):
    """The refusal's receipts stay, the key does not."""
    company = batch.lines.order_by("pk")[0].award.company
    listed = CreditEntry.objects.create(company=company, title="失信", listed_on=TODAY)
    client.force_login(second)
    url = reverse("batch_approve", args=[batch.pk])
    receipts = Receipt.objects.filter(reason="payment").count()

    assert client.post(url, {"submission": KEY}).status_code == 422
    assert Receipt.objects.filter(reason="payment").count() > receipts
    assert not Submission.objects.exists()

    listed.repaired_on = TODAY
    listed.save()
    assert client.post(url, {"submission": KEY}).status_code == 302


def test_every_form_that_moves_money_carries_a_key(client, paid_line, maker, second, awards):
    clawback = services.demand_return(paid_line.award, Decimal("1.00"), reason="x", by=maker)
    draft = services.make_batch(
        awards[0].district, [domain.notified_award(company_with_everything())], by=maker
    )
    case = case_of(at_stage(StageKind.FINANCE, company_with_everything()))
    client.force_login(second)
    for page, acts in (
        (paid_line, ["line_fail"]),
        (clawback, ["clawback_confirm", "clawback_drop"]),
        (draft, ["batch_approve", "batch_cancel"]),
        (case, ["case_decide"]),
    ):
        text = client.get(page.get_absolute_url()).content.decode()
        for act in acts:
            action = reverse(act, args=[page.pk])
            form = re.search(rf'<form[^>]*action="{action}".*?</form>', text, re.DOTALL)
            assert form, act
            assert 'name="submission"' in form[0], act
