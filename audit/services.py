"""Writing into the chain and checking it."""

from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone, translation

from accounts.models import User
from audit.models import GENESIS, HASHED, Entry, Head, hash_of, plain
from outbox.failpoints import failpoint

# What a thing without a district of its own may be a part of.
HOLDERS = ("company", "department", "document", "award")
# Entries read at a time when the chain is verified.
STEP = 10_000


def record(
    action: str,
    *,
    about: models.Model,
    by: User | None,
    on_behalf_of: User | None = None,
    **data: Any,
) -> Entry:
    """Add an act to the chain, in the transaction that does it.

    Call it after all other locks are taken: the head row is the last lock of every transaction.
    `by` is None for what the system does by itself. Whoever acts as a stand-in is named together
    with the person `on_behalf_of` whom it was done (`User.principal`).
    """
    connection = transaction.get_connection()
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an act is recorded in its own transaction")
    name = ""
    if by:
        with translation.override(settings.LANGUAGE_CODE):
            name = by.signature(on_behalf_of)
    if on_behalf_of:
        data["on_behalf_of"] = on_behalf_of.pk
    Head.objects.bulk_create([Head(pk=1)], ignore_conflicts=True)
    head = Head.objects.select_for_update().get(pk=1)
    entry = Entry(
        seq=head.seq + 1,
        at=timezone.now(),
        district_id=_district_of(about),
        actor=by,
        actor_name=name,
        action=action,
        about_type=about._meta.label_lower,
        about_id=str(about.pk),
        data=plain(data),
        previous_hash=head.hash,
    )
    entry.hash = entry.computed_hash()
    entry.save(force_insert=True)
    head.seq, head.hash = entry.seq, entry.hash
    head.save(update_fields=["seq", "hash"])
    failpoint("audit.recorded")
    return entry


def _district_of(about: models.Model) -> int | None:
    """The district that a thing belongs to: its own, or that of what it is a part of."""
    for holder in (about, *(getattr(about, name, None) for name in HOLDERS)):
        if (district := getattr(holder, "district_id", None)) is not None:
            return int(district)
    return None


def first_broken_entry() -> int | None:
    """The number of the first entry that was changed, is missing or does not follow the one
    before it; None if the chain is whole. The end is compared with the head.

    Acts may go on meanwhile: the chain is read in short steps, up to wherever its head then is.
    """
    seq, last_hash = 0, GENESIS
    while True:
        step = Entry.objects.filter(seq__gt=seq).order_by("seq").values_list("hash", *HASHED)[:STEP]
        for found_hash, *fields in step:
            if fields[0] != seq + 1 or fields[-1] != last_hash or found_hash != hash_of(*fields):
                return seq + 1
            seq, last_hash = fields[0], found_hash
        # Without entries there is no head yet; one that was deleted is a fault as well.
        head = Head.objects.filter(pk=1).first() or Head()
        if (head.seq, head.hash) == (seq, last_hash):
            return None
        if not Entry.objects.filter(seq__gt=seq).exists():
            return seq + 1
