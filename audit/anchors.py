"""The head of the chain, kept outside the database. Whoever may rewrite the whole chain, or cut
its end and set the head back, is found out by the lines that were written before."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Appointment, Role
from audit.inspections import note
from audit.models import Entry, Head, Inspection, Subject
from audit.seals import is_sealed, seal
from outbox.services import enqueue

# Any number, the same for everybody who writes anchors.
LOCK = 7_316_052_905


@dataclass(frozen=True)
class Anchor:
    """The chain's last entry at some time: one line of the file and of the mail."""

    at: str
    seq: int
    hash: str

    @property
    def text(self) -> str:
        return f"{self.at} {self.seq} {self.hash}"

    @property
    def line(self) -> str:
        return f"{self.text} {seal(self.text)}"

    @classmethod
    def read(cls, line: str) -> "Anchor | None":
        """None where the line was changed or sealed with another key."""
        try:
            at, seq, digest, found = line.split()
            anchor = cls(datetime.fromisoformat(at).isoformat(), int(seq), digest)
        except ValueError:
            return None
        return anchor if is_sealed(anchor.text, found) else None


@transaction.atomic
def drop_anchor(*, anew: bool = False) -> Anchor | None:
    """Write the head to AUDIT_ANCHOR_FILE, unless it is the last line already, and mail it once a
    day. A file that has lost anchors gets no line that would hide the loss, unless it is begun
    `anew`. None while there is no act yet."""
    _wait_for_others()
    head = Head.objects.filter(pk=1).first()
    if head is None:
        return None
    anchor = Anchor(timezone.localtime().isoformat(timespec="seconds"), head.seq, head.hash)
    path = Path(settings.AUDIT_ANCHOR_FILE)
    lines = read_lines(path)
    lost = "" if anew else lost_anchors(lines)
    last = _last(lines)
    if not lost and (last is None or (last.seq, last.hash) != (anchor.seq, anchor.hash)):
        _append(path, anchor.line)
    _mail(anchor)
    if lost:
        note(Subject.ANCHOR, faults=[lost], count=_anchored())
    else:
        note(Subject.ANCHOR, count=anchor.seq)
    return anchor


def _wait_for_others() -> None:
    """Of two at once the second reads the head when the first has written its line: lines stand
    in the order of the chain."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def read_lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def lost_anchors(lines: Sequence[str]) -> str:
    """What the file no longer has although it was written there; empty where it has all. Whoever
    takes the file away and leaves the database is found out by this, whoever changes both by the
    mails."""
    last = _last(lines)
    kept, written = last.seq if last else 0, _anchored()
    if kept >= written:
        return ""
    return _(
        "锚文件止于第 %(kept)d 条，而第 %(written)d 条已锚定过：文件被删除、截短，或换了位置"
    ) % {"kept": kept, "written": written}


def _last(lines: Sequence[str]) -> Anchor | None:
    return next(filter(None, map(Anchor.read, reversed(lines))), None)


def _anchored() -> int:
    """Up to which entry the file has had anchors."""
    row = Inspection.objects.filter(subject=Subject.ANCHOR).first()
    return row.count if row else 0


def first_broken_anchor(lines: Iterable[str]) -> str:
    """What the first line says that the chain does not keep, with the entries between which it
    was touched; empty where the chain keeps all of them."""
    kept = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        anchor = Anchor.read(line)
        if anchor is None:
            return _("第 %(n)d 个锚被改动，或用另一把密钥封签") % {"n": number}
        if anchor.seq < kept:
            return _("第 %(n)d 个锚的次序不对") % {"n": number}
        found = Entry.objects.filter(seq=anchor.seq).values_list("hash", flat=True).first()
        if found is None:
            last = Entry.objects.order_by("seq").values_list("seq", flat=True).last() or 0
            return _("审计链止于第 %(last)d 条，%(at)s 的锚见过第 %(seq)d 条") % {
                "last": last,
                "at": anchor.at,
                "seq": anchor.seq,
            }
        if found != anchor.hash:
            return _("审计链第 %(first)d 至 %(seq)d 条被改写，与 %(at)s 的锚不符") % {
                "first": kept + 1,
                "seq": anchor.seq,
                "at": anchor.at,
            }
        kept = anchor.seq
    return ""


def _append(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # What a full disk cut off does not spoil the line after it.
    text = path.read_text() if path.exists() else ""
    begin = "" if text.endswith("\n") or not text else "\n"
    with path.open("a") as file:
        file.write(f"{begin}{line}\n")
        file.flush()
        os.fsync(file.fileno())


def recipients() -> list[str]:
    """Who gets the anchor by mail."""
    return settings.AUDIT_ANCHOR_EMAIL or _auditors()


def _mail(anchor: Anchor) -> None:
    if to := recipients():
        enqueue(
            "mail",
            f"anchor:{timezone.localdate()}",
            to=to,
            subject=_("审计链锚定：第 %(seq)d 条") % {"seq": anchor.seq},
            body=_(
                "请保存本邮件。下面一行是审计链此刻的末条：时间、序号、哈希值和封签。"
                "以后把各封邮件中的这一行按时间顺序存成文件，运行 "
                "manage.py verify_audit --anchor 文件名，可以发现被截断或整体改写的链。"
            )
            + f"\n\n{anchor.line}\n",
        )


def _auditors() -> list[str]:
    appointments = Appointment.objects.on(timezone.localdate()).of_roles([Role.AUDITOR])
    people = appointments.filter(user__is_active=True).exclude(user__email="")
    return sorted(set(people.values_list("user__email", flat=True)))
