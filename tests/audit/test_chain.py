"""The audit chain: written with the act, never changed, and broken where somebody changed it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from accounts.models import District, Role
from audit import services
from audit.models import GENESIS, Entry, Head, hash_of
from audit.services import first_broken_entry, record
from reviews.services import finance_department
from subsidies.models import Edition
from tests import domain
from tests.factories import CompanyFactory, DistrictFactory, UserFactory, YearlyFigureFactory
from tests.threads import at_once

LENGTH = 7


@pytest.fixture
def chain(db):
    """Seven acts of one person about one thing."""
    district, person = DistrictFactory(), UserFactory()
    for number in range(1, LENGTH + 1):
        record("test.done", about=district, by=person, number=number, text="甲“乙”\n", sum="0.10")


def tamper(*statements):
    """What a superuser can do who walks past the triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.mark.django_db(transaction=True)
def test_an_act_outside_a_transaction_is_refused():
    with pytest.raises(transaction.TransactionManagementError, match="in its own transaction"):
        record("test.done", about=DistrictFactory(), by=None)

    assert not Entry.objects.exists()
    assert not Head.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_act_that_is_rolled_back_leaves_no_entry():
    district = DistrictFactory()

    def act():
        with transaction.atomic():
            record("test.done", about=district, by=None)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        act()
    with transaction.atomic():
        record("test.done", about=district, by=None)

    assert list(Entry.objects.values_list("seq", "previous_hash")) == [(1, GENESIS)]
    assert first_broken_entry() is None


@pytest.mark.django_db(transaction=True)
def test_acts_at_once_stand_one_after_the_other():
    district = DistrictFactory()

    def act():
        with transaction.atomic():
            return record("test.done", about=district, by=None).seq

    assert sorted(at_once(*[act] * 8)) == list(range(1, 9))
    assert first_broken_entry() is None


def test_an_untouched_chain_is_whole(chain):
    assert first_broken_entry() is None
    assert Head.objects.get().seq == LENGTH


@pytest.mark.parametrize("length", [1, 2, 3, LENGTH, LENGTH + 1])
def test_a_chain_is_read_in_steps_of_any_length(chain, monkeypatch, length):
    monkeypatch.setattr(services, "STEP", length)
    assert first_broken_entry() is None

    tamper(f"DELETE FROM audit_entry WHERE seq = {LENGTH}")
    assert first_broken_entry() == LENGTH


def test_acts_that_go_on_while_it_is_verified_do_not_break_it(chain, monkeypatch):
    def busy_hash_of(*fields):
        if fields[0] in (1, LENGTH):
            record("test.meanwhile", about=District.objects.get(), by=None)
        return hash_of(*fields)

    monkeypatch.setattr(services, "hash_of", busy_hash_of)

    assert first_broken_entry() is None
    assert Head.objects.get().seq == LENGTH + 2


def test_an_empty_chain_is_whole(db):
    assert first_broken_entry() is None


def test_an_entry_names_who_did_what_to_which_thing(db, clock):
    district, person = DistrictFactory(), UserFactory(name="陈立")

    record("test.done", about=district, by=person, day=domain.TODAY, sum=Decimal("0.10"))

    entry = Entry.objects.about(district).get()
    assert (entry.actor, entry.actor_name, entry.action) == (person, "陈立", "test.done")
    assert (entry.about_type, entry.about_id) == ("accounts.district", str(district.pk))
    assert entry.data == {"day": "2026-03-11", "sum": "0.10"}
    assert entry.at == datetime(2026, 3, 11, 2, tzinfo=UTC)


def test_what_the_system_does_by_itself_has_no_person(db):
    record("test.done", about=DistrictFactory(), by=None)

    entry = Entry.objects.get()
    assert (entry.actor, entry.actor_name) == (None, "")


def test_a_hash_can_be_computed_again_from_what_was_stored(chain):
    for entry in Entry.objects.all():
        assert entry.hash == entry.computed_hash()


@pytest.mark.parametrize("seq", range(1, LENGTH + 1))
@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'",
        "actor_id = NULL",
        "actor_name = actor_name || 'x'",
        "action = 'test.undone'",
        "about_type = 'accounts.user'",
        "about_id = '0'",
        """data = data || '{"number": 0}'""",
        "data = '{}'",
        "previous_hash = repeat('0', 63) || '1'",
        "hash = repeat('0', 63) || '1'",
    ],
)
def test_an_edited_entry_is_found(chain, seq, change):
    tamper(f"UPDATE audit_entry SET {change} WHERE seq = {seq}")

    assert first_broken_entry() == seq


def rewrite(entries, previous=GENESIS):
    """Write entries anew, each with a right hash behind the one before; the last one's hash."""
    tamper("DELETE FROM audit_entry")
    for entry in entries:
        entry.previous_hash = previous
        previous = entry.hash = entry.computed_hash()
        entry.save(force_insert=True)
    return previous


@pytest.mark.parametrize("seq", range(1, LENGTH + 1))
def test_an_entry_edited_together_with_its_hash_is_found_by_what_follows(chain, seq):
    entry = Entry.objects.get(seq=seq)
    entry.action = "test.undone"

    tamper(
        f"UPDATE audit_entry SET action = '{entry.action}', hash = '{entry.computed_hash()}'"
        f" WHERE seq = {seq}"
    )

    assert first_broken_entry() == seq + 1


@pytest.mark.parametrize("seq", range(1, LENGTH + 1))
def test_a_chain_rewritten_with_its_head_is_found_where_a_number_is_left_out(chain, seq):
    entries = list(Entry.objects.order_by("seq"))
    for entry in entries[seq - 1 :]:
        entry.seq += 1
    last = rewrite(entries)
    Head.objects.update(seq=LENGTH + 1, hash=last)

    assert first_broken_entry() == seq


@pytest.mark.parametrize("seq", range(1, LENGTH + 1))
def test_a_deleted_entry_is_found(chain, seq):
    tamper(f"DELETE FROM audit_entry WHERE seq = {seq}")

    assert first_broken_entry() == seq


@pytest.mark.parametrize("seq", range(2, LENGTH + 1))
def test_a_tail_that_was_cut_is_found(chain, seq):
    tamper(f"DELETE FROM audit_entry WHERE seq >= {seq}")

    assert first_broken_entry() == seq


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("DELETE FROM audit_entry", 1),
        ("DELETE FROM audit_head", LENGTH + 1),
        ("UPDATE audit_head SET seq = seq + 1", LENGTH + 1),
        ("UPDATE audit_head SET hash = repeat('0', 64)", LENGTH + 1),
    ],
)
def test_a_chain_that_does_not_end_at_its_head_is_found(chain, statement, broken):
    tamper(statement)

    assert first_broken_entry() == broken


@pytest.mark.parametrize("seq", range(1, LENGTH + 2))
def test_an_inserted_entry_is_found(chain, seq):
    """An entry with a right hash of its own, the later ones moved on by one."""
    before = Entry.objects.filter(seq=seq - 1).first()
    forged = Entry.objects.order_by("seq").last()
    forged.seq = seq
    forged.action = "test.forged"
    forged.previous_hash = before.hash if before else GENESIS
    forged.hash = forged.computed_hash()
    tamper(
        f"UPDATE audit_entry SET seq = seq + 1000 WHERE seq >= {seq}",
        f"UPDATE audit_entry SET seq = seq - 999 WHERE seq > {seq}",
    )
    forged.save(force_insert=True)

    # Nothing is wrong with the entry itself: the one after it, or the head, does not follow.
    assert first_broken_entry() == seq + 1


@pytest.mark.parametrize("seq", range(1, LENGTH))
def test_two_swapped_entries_are_found(chain, seq):
    tamper(
        f"UPDATE audit_entry SET seq = 1000 WHERE seq = {seq}",
        f"UPDATE audit_entry SET seq = {seq} WHERE seq = {seq + 1}",
        f"UPDATE audit_entry SET seq = {seq + 1} WHERE seq = 1000",
    )

    assert first_broken_entry() == seq


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET action = 'x'",
        "UPDATE audit_entry SET action = action",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_entry WHERE seq = 7",
        "TRUNCATE audit_entry",
        "TRUNCATE audit_entry CASCADE",
    ],
)
def test_the_database_keeps_entries_as_they_are(chain, statement):
    with pytest.raises(domain.REFUSED_BY_TRIGGER):
        domain.execute(statement)

    assert first_broken_entry() is None


def test_the_command_says_that_the_chain_is_whole(chain, capsys):
    call_command("verify_audit")

    assert capsys.readouterr().out == "The audit chain is whole: 7 entries.\n"


def test_the_command_fails_and_names_the_broken_entry(chain):
    tamper("UPDATE audit_entry SET action = 'x' WHERE seq = 4")

    with pytest.raises(CommandError, match="在第 4 条断开"):
        call_command("verify_audit")


def test_a_whole_way_leaves_a_whole_chain(company, budget):
    application = domain.approved(company)

    assert first_broken_entry() is None
    acts = Entry.objects.about(application).values_list("action", flat=True)
    assert [act for act in acts if act.startswith("case.")] == [
        "case.acceptance.agree",
        "case.review.agree",
        "case.determination.agree",
        "case.finance.agree",
        "case.approval.agree",
    ]
    assert not Entry.objects.filter(actor=None, action__startswith="case.").exists()


def test_an_act_belongs_to_the_district_of_what_it_is_about(world):
    company, edition = CompanyFactory(), Edition.objects.get(name="jb24-2024-05-01")
    figure = YearlyFigureFactory(company=company, year=2025, measure="revenue", value="1.00")
    with transaction.atomic():
        entries = [record("test.done", about=thing, by=None) for thing in (company, figure)]
        of_edition = record("test.done", about=edition, by=None)
        of_person = record("test.done", about=UserFactory(), by=None)

    assert {entry.district_id for entry in entries} == {company.district_id}
    assert of_edition.district_id == edition.document.district_id
    assert of_person.district_id is None


def test_an_auditor_sees_no_other_districts_acts(world):
    own, other = District.objects.get(code="330205"), District.objects.get(code="330212")
    auditor = domain.official(finance_department(own), Role.AUDITOR)
    with transaction.atomic():
        mine = record("test.done", about=CompanyFactory(district=own), by=None)
        record("test.done", about=CompanyFactory(district=other), by=None)

    assert list(Entry.objects.visible_to(auditor).filter(action="test.done")) == [mine]
