"""A kept answer that does not come out the same is an incident until a person has looked."""

import logging

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Role
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.models import Entry, Inspection
from reviews.services import finance_department
from subsidies.applications.answers import hash_of
from subsidies.incidents import services
from subsidies.models import Receipt, ReceiptIncident
from subsidies.tasks import verify_receipts
from tests import domain
from tests.factories import AppointmentFactory


@pytest.fixture
def receipts(company, budget):
    domain.approved(company)
    return list(Receipt.objects.order_by("pk"))


@pytest.fixture
def auditor(company):
    return domain.official(finance_department(company.district), Role.AUDITOR)


def tamper(statement):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)
        cursor.execute("SET LOCAL session_replication_role = origin")


def change_amount(receipt):
    """The kept amount is another, and the hash was made to fit."""
    receipt.answer["claims"][0]["payable"] = "99999.00"
    fitting = hash_of(receipt)
    tamper(
        "UPDATE subsidies_receipt SET sha256 = "
        f"'{fitting}', answer = jsonb_set(answer, '{{claims,0,payable}}', '\"99999.00\"')"
        f" WHERE id = {receipt.pk}"
    )


@pytest.fixture
def incident(receipts):
    change_amount(receipts[0])
    services.verify_receipts()
    return ReceiptIncident.objects.get()


def test_where_all_hold_there_is_no_incident(receipts):
    count, found = services.verify_receipts()

    assert (count, found) == (len(receipts), [])
    row = Inspection.objects.get(subject="receipts")
    assert (row.count, row.faults) == (len(receipts), 0)


def test_every_receipt_is_looked_at_in_steps_of_any_length(receipts, monkeypatch):
    monkeypatch.setattr(services, "STEP", 2)

    assert services.verify_receipts()[0] == len(receipts)


def test_another_amount_is_an_incident_that_says_where_and_what(incident, receipts):
    assert incident.receipt == receipts[0]
    kept = receipts[0].sha256
    incident.receipt.refresh_from_db()
    assert incident.differences == [
        {"what": "chain", "at": "", "kept": kept, "now": incident.receipt.sha256},
        {"what": "answer", "at": "claims.0.payable", "kept": '"99999.00"', "now": '"10000.00"'},
    ]
    entry = Entry.objects.about(receipts[0].application).get(action="receipt.differs")
    assert entry.data["receipt"] == receipts[0].pk
    assert Inspection.objects.get(subject="receipts").faults == 1


def test_a_receipt_that_was_changed_is_told_by_its_hash(receipts):
    tamper(f"UPDATE subsidies_receipt SET answer = '{{}}' WHERE id = {receipts[0].pk}")

    services.verify_receipts()

    (difference,) = ReceiptIncident.objects.get().differences
    assert (difference["what"], difference["kept"]) == ("hash", receipts[0].sha256)


def test_a_receipt_made_to_fit_an_older_engine_is_told_by_the_audit_chain(
    receipts, auditor, client
):
    """Nothing computes it again, and its own hash fits: only the act that rests on it does not."""
    receipt = receipts[-1]
    kept = receipt.sha256
    receipt.engine = "0"
    receipt.answer["claims"][0]["payable"] = "99999.00"
    fitting = hash_of(receipt)
    tamper(
        f"UPDATE subsidies_receipt SET engine = '0', sha256 = '{fitting}',"
        " answer = jsonb_set(answer, '{claims,0,payable}', '\"99999.00\"')"
        f" WHERE id = {receipt.pk}"
    )

    services.verify_receipts()

    incident = ReceiptIncident.objects.get()
    assert incident.receipt == receipt
    assert incident.differences == [{"what": "chain", "at": "", "kept": kept, "now": fitting}]
    client.force_login(auditor)
    assert "与审计链留存的不符" in client.get(incident.get_absolute_url()).content.decode()


def test_an_edition_that_is_gone_is_named(receipts):
    receipt = receipts[0]
    receipt.editions[0] = "0" * 64
    fitting = hash_of(receipt)
    tamper(
        f"UPDATE subsidies_receipt SET sha256 = '{fitting}',"
        f" editions = jsonb_set(editions, '{{0}}', '\"{'0' * 64}\"') WHERE id = {receipt.pk}"
    )

    services.verify_receipts()

    difference = ReceiptIncident.objects.get().differences[-1]
    assert (difference["what"], difference["kept"]) == ("editions", "0" * 64)


def test_a_difference_seen_again_is_one_incident_and_one_entry(incident, clock):
    clock.shift(86400)

    services.verify_receipts()

    again = ReceiptIncident.objects.get()
    assert (again.found_at, again.last_seen_at) == (incident.found_at, timezone.now())
    assert Entry.objects.filter(action="receipt.differs").count() == 1


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR])
def test_an_incident_is_acknowledged_with_a_reason(incident, company, role):
    person = domain.official(finance_department(company.district), role)

    services.acknowledge(incident, reason=" 恢复备份时改动，以现在为准 ", by=person)

    incident.refresh_from_db()
    assert (incident.acknowledged_by, incident.reason) == (person, "恢复备份时改动，以现在为准")
    entry = Entry.objects.get(action="receipt.acknowledged")
    assert (entry.actor, entry.data["reason"]) == (person, incident.reason)


def test_without_a_reason_it_stays_open(incident, auditor):
    with pytest.raises(Refused, match="原因"):
        services.acknowledge(incident, reason="  ", by=auditor)


def test_nobody_else_acknowledges_it(incident, company):
    finance = domain.official(finance_department(company.district), Role.FINANCE)
    elsewhere = AppointmentFactory(role=Role.AUDITOR).user

    for person in (finance, elsewhere):
        with pytest.raises(NotAllowed):
            services.acknowledge(incident, reason="查明", by=person)


def test_it_is_acknowledged_once(incident, auditor):
    services.acknowledge(incident, reason="查明", by=auditor)

    with pytest.raises(StateChanged):
        services.acknowledge(incident, reason="再查", by=auditor)


def test_what_was_acknowledged_alarms_no_more_until_it_differs_otherwise(
    incident, receipts, auditor, caplog
):
    services.acknowledge(incident, reason="查明", by=auditor)
    caplog.clear()
    verify_receipts()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert Inspection.objects.get(subject="receipts").faults == 0
    with pytest.raises(CommandError, match="1 of"):
        call_command("verify_receipts")

    tamper(f"UPDATE subsidies_receipt SET answer = '{{}}' WHERE id = {receipts[0].pk}")
    verify_receipts()

    incident.refresh_from_db()
    assert (incident.acknowledged_at, incident.reason) == (None, "")
    assert Inspection.objects.get(subject="receipts").faults == 1


@pytest.mark.parametrize("change", [{"reason": "x"}, {"acknowledged_at": "2026-03-11T00:00Z"}])
def test_the_database_ties_the_reason_to_a_person(incident, change):
    with pytest.raises(IntegrityError, match="incident_is_ack"), transaction.atomic():
        ReceiptIncident.objects.update(**change)


class TestPages:
    def test_the_list_and_the_page_say_what_differs(self, incident, auditor, client):
        client.force_login(auditor)

        page = client.get("/workspace/incidents/")
        assert "等待查明" in page.content.decode()
        assert incident.receipt.application.number in page.content.decode()
        detail = client.get(incident.get_absolute_url()).content.decode()
        assert "claims.0.payable" in detail
        assert "99999.00" in detail
        assert "10000.00" in detail

    def test_a_reason_is_taken_on_the_page(self, incident, auditor, client):
        client.force_login(auditor)
        url = f"{incident.get_absolute_url()}acknowledge/"

        empty = client.post(url, {"reason": " "})
        taken = client.post(url, {"reason": "已查明"}, follow=True)
        late = client.post(url, {"reason": "晚了一步"})

        assert empty.status_code == 422
        assert "请写明查明的原因" in empty.content.decode()
        assert "已确认" in taken.content.decode()
        assert late.status_code == 409

    def test_another_districts_incident_is_not_there(self, incident, client):
        client.force_login(AppointmentFactory(role=Role.AUDITOR).user)

        assert client.get(incident.get_absolute_url()).status_code == 404
        assert "没有凭据异常" in client.get("/workspace/incidents/").content.decode()

    @pytest.mark.parametrize("role", [Role.REVIEWER, Role.LEAD, Role.FINANCE, Role.POLICY_OFFICER])
    def test_other_roles_are_refused(self, incident, company, client, role):
        client.force_login(
            AppointmentFactory(department=finance_department(company.district), role=role).user
        )

        assert client.get("/workspace/incidents/").status_code == 403
        assert client.get(incident.get_absolute_url()).status_code == 403
        assert client.post(f"{incident.get_absolute_url()}acknowledge/").status_code == 403
