"""The whole chain and its anchors, for the night and for whoever asks."""

from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from audit.anchors import first_broken_anchor, lost_anchors, read_lines
from audit.inspections import note
from audit.models import Head, Subject
from audit.services import first_broken_entry


def verify_chain(anchors: Iterable[str] | None = None) -> list[str]:
    """What is wrong with the chain: one line each for anchors that are gone, for the first broken
    entry and for the first broken anchor. The anchors are those of AUDIT_ANCHOR_FILE unless others
    are given, line by line."""
    faults = []
    if anchors is None:
        anchors = lines = read_lines(Path(settings.AUDIT_ANCHOR_FILE))
        if lost := lost_anchors(lines):
            faults.append(lost)
    if broken := first_broken_entry():
        faults.append(
            _("审计链在第 %(seq)d 条断开：这一条被改动、缺失，或与前一条不衔接") % {"seq": broken}
        )
    if unkept := first_broken_anchor(anchors):
        faults.append(unkept)
    head = Head.objects.filter(pk=1).first() or Head()
    note(Subject.CHAIN, faults=faults, count=head.seq)
    return faults
