"""What no chain can show by itself, an anchor outside shows: a tail cut together with the head, a
chain rewritten as a whole (T02)."""

import random
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

import audit.anchors
from accounts.models import Role
from audit.anchors import Anchor, drop_anchor, first_broken_anchor, read_lines
from audit.models import GENESIS, Entry, Head, Inspection
from audit.services import first_broken_entry, record
from audit.tasks import drop_anchor as drop_anchor_task
from audit.tasks import verify_audit
from audit.verification import verify_chain
from outbox.models import Job
from tests.factories import AppointmentFactory, DistrictFactory, UserFactory
from tests.threads import Meeting, at_once

LENGTH = 24
STEP = 4


@pytest.fixture
def anchors(db, settings, tmp_path) -> Path:
    settings.AUDIT_ANCHOR_FILE = str(tmp_path / "outside" / "anchors.txt")
    settings.SEAL_KEY = "kept outside the database"
    return Path(settings.AUDIT_ANCHOR_FILE)


@pytest.fixture
def chain(anchors, clock):
    """Two dozen acts, an hour between any two, and an anchor after every fourth."""
    district, person = DistrictFactory(), UserFactory()
    for number in range(1, LENGTH + 1):
        record("test.done", about=district, by=person, number=number)
        if number % STEP == 0:
            drop_anchor()
        clock.shift(3600)


def tamper(*statements):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SET LOCAL session_replication_role = origin")


def rewrite_from(seq, change):
    """What a superuser can do who knows the code: change the entries from `seq` on and compute
    every hash anew, and the head."""
    entries = list(Entry.objects.order_by("seq"))
    kept, changed = entries[: seq - 1], change(entries[seq - 1 :])
    tamper("DELETE FROM audit_entry")
    previous = GENESIS
    for number, entry in enumerate([*kept, *changed], start=1):
        entry.seq, entry.previous_hash = number, previous
        previous = entry.hash = entry.computed_hash()
        entry.save(force_insert=True)
    Head.objects.update(seq=len(kept) + len(changed), hash=previous)


def edited(entries):
    entries[0].action = "test.undone"
    return entries


def without_first(entries):
    return entries[1:]


def with_another(entries):
    forged = Entry(**{field.attname: getattr(entries[0], field.attname) for field in fields()})
    forged.action = "test.forged"
    return [forged, *entries]


def swapped(entries):
    return [entries[1], entries[0], *entries[2:]]


def fields():
    return Entry._meta.concrete_fields


SEQUENCES = sorted(random.Random(20260311).sample(range(2, LENGTH), 12))


@pytest.mark.parametrize("seq", SEQUENCES)
@pytest.mark.parametrize("change", [edited, without_first, with_another, swapped])
def test_a_chain_rewritten_as_a_whole_is_found_between_two_anchors(chain, anchors, change, seq):
    """T02: edit, delete, insert, swap, each with every later hash and the head made to fit."""
    rewrite_from(seq, change)
    assert first_broken_entry() is None

    found = first_broken_anchor(read_lines(anchors))

    kept = (seq - 1) // STEP * STEP
    if change is without_first and kept + STEP == LENGTH:
        # The last anchor saw an entry that is no more.
        assert f"止于第 {LENGTH - 1} 条" in found
    else:
        assert f"第 {kept + 1} 至 {kept + STEP} 条被改写" in found


@pytest.mark.parametrize("seq", SEQUENCES)
def test_a_tail_cut_together_with_the_head_is_found(chain, anchors, seq):
    """T02: cut."""
    last = Entry.objects.get(seq=seq - 1)
    tamper(f"DELETE FROM audit_entry WHERE seq >= {seq}")
    Head.objects.update(seq=last.seq, hash=last.hash)
    assert first_broken_entry() is None

    found = first_broken_anchor(read_lines(anchors))

    seen = (seq + STEP - 1) // STEP * STEP
    assert f"止于第 {seq - 1} 条" in found
    assert f"见过第 {seen} 条" in found


@pytest.mark.parametrize("seq", SEQUENCES)
@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit_entry SET data = '{{}}' WHERE seq = {seq}", 0),
        ("DELETE FROM audit_entry WHERE seq = {seq}", 0),
        ("DELETE FROM audit_entry WHERE seq >= {seq}", 0),
    ],
)
def test_a_plain_change_is_named_by_the_chain_itself(chain, anchors, statement, broken, seq):
    """T02: edit, delete, cut without a new head."""
    tamper(statement.format(seq=seq))

    assert verify_chain()[0].startswith(f"审计链在第 {seq + broken} 条断开")


def test_an_untouched_chain_keeps_every_anchor(chain, anchors):
    lines = read_lines(anchors)

    assert len(lines) == LENGTH / STEP
    assert first_broken_anchor([*lines, ""]) == ""
    assert verify_chain() == []
    assert Inspection.objects.get(subject="chain").count == LENGTH


def test_an_anchor_that_was_touched_is_named(chain, anchors):
    """T02: whoever rewrites the chain cannot rewrite its anchors without the key."""
    lines = read_lines(anchors)
    forged = Anchor("2026-03-11T10:00:00+08:00", STEP, "0" * 64)

    for line in (forged.text + " " + "0" * 64, lines[1][:-1], lines[1].replace(" 8 ", " 9 "), "x"):
        assert "第 2 个锚被改动" in first_broken_anchor([lines[0], line, *lines[2:]])
    assert "第 2 个锚的次序不对" in first_broken_anchor([lines[1], lines[0]])


def test_an_anchor_sealed_with_another_key_is_not_believed(chain, anchors, settings):
    settings.SEAL_KEY = "another"

    assert "第 1 个锚被改动" in first_broken_anchor(read_lines(anchors))


def test_an_anchor_is_dropped_only_where_the_head_moved(chain, anchors, clock):
    before = anchors.read_text()

    drop_anchor_task()

    assert anchors.read_text() == before
    assert Inspection.objects.get(subject="anchor").count == LENGTH
    record("test.done", about=DistrictFactory(), by=None)
    drop_anchor_task()
    assert read_lines(anchors)[-1].split()[:2] == ["2026-03-12T10:00:00+08:00", str(LENGTH + 1)]


def test_two_at_once_write_one_line_for_one_head(transactional_db, anchors, monkeypatch):
    """By hand beside beat: whoever comes second sees the line of the first."""
    with transaction.atomic():
        record("test.done", about=DistrictFactory(), by=None)
    meeting = Meeting(2)
    monkeypatch.setattr(audit.anchors, "_append", meeting.before(audit.anchors._append))

    at_once(drop_anchor, drop_anchor)

    assert len(read_lines(anchors)) == 1


def test_a_line_that_was_cut_off_does_not_spoil_the_next(chain, anchors):
    lines = read_lines(anchors)
    anchors.write_text("\n".join([*lines, lines[-1][:40]]))
    record("test.done", about=DistrictFactory(), by=None)

    drop_anchor()

    assert Anchor.read(read_lines(anchors)[-1]).seq == LENGTH + 1
    assert len(read_lines(anchors)) == len(lines) + 2


def test_without_any_act_there_is_nothing_to_anchor(anchors, capsys):
    call_command("anchor_audit")

    assert "no act to anchor" in capsys.readouterr().out
    assert not anchors.exists()


def test_auditors_get_the_anchor_by_mail_once_a_day(anchors, clock):
    auditor = AppointmentFactory(role=Role.AUDITOR, user__email="audit@example.org").user
    AppointmentFactory(role=Role.FINANCE, user__email="finance@example.org")
    record("test.done", about=DistrictFactory(), by=auditor)
    for _hour in range(3):
        drop_anchor()
        clock.shift(3600)

    (mail,) = Job.objects.filter(kind="mail")
    assert mail.args["to"] == ["audit@example.org"]
    assert mail.args["body"].splitlines()[-1] == read_lines(anchors)[0]
    clock.shift(86400)
    drop_anchor()
    assert Job.objects.filter(kind="mail").count() == 2


def test_the_mail_goes_where_the_installation_says(anchors, settings):
    settings.AUDIT_ANCHOR_EMAIL = ["far@example.org"]
    record("test.done", about=DistrictFactory(), by=None)

    call_command("anchor_audit")

    assert Job.objects.get(kind="mail").args["to"] == ["far@example.org"]


def test_the_command_verifies_against_the_lines_of_the_mails(chain, anchors, tmp_path, capsys):
    mails = tmp_path / "mails.txt"
    mails.write_text("\n".join(read_lines(anchors)[::2]))
    rewrite_from(10, edited)

    with pytest.raises(CommandError, match="第 5 至 12 条被改写"):
        call_command("verify_audit", "--anchor", str(mails))
    with pytest.raises(CommandError, match="no file"):
        call_command("verify_audit", "--anchor", str(tmp_path / "nothing"))


@pytest.mark.parametrize("cut", [0, 4])
def test_anchors_that_are_gone_are_missed_and_not_hidden_by_the_next(chain, anchors, cut):
    """Whoever rewrites the chain and takes the file away, or its end, is found out."""
    rest = read_lines(anchors)[:cut]
    anchors.unlink()
    if rest:
        anchors.write_text("\n".join(rest) + "\n\n")
    rewrite_from(cut * STEP + 1, edited)
    record("test.done", about=DistrictFactory(), by=None)

    fault = f"锚文件止于第 {cut * STEP} 条，而第 {LENGTH} 条已锚定过"

    with pytest.raises(CommandError, match=fault):
        call_command("anchor_audit")

    assert (read_lines(anchors) if anchors.exists() else []) == [*rest, *[""] * bool(rest)]
    row = Inspection.objects.get(subject="anchor")
    assert (row.faults, row.count) == (1, LENGTH)
    assert [text.split("：")[0] for text in verify_chain()] == [fault]

    call_command("anchor_audit", "--anew")

    assert verify_chain() == []
    assert Inspection.objects.get(subject="anchor").faults == 0


def test_the_night_looks_at_the_anchors_too(chain, anchors, caplog):
    rewrite_from(10, edited)

    verify_audit()

    assert "第 9 至 12 条被改写" in caplog.text
    row = Inspection.objects.get(subject="chain")
    assert row.faults == 1
    assert "被改写" in row.first_fault
