"""Every kept answer is computed again; what differs is an incident."""

from collections.abc import Iterator

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import User
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.inspections import note
from audit.models import Entry, Subject
from audit.services import record
from subsidies.applications.answers import Json, differences
from subsidies.applications.models import Application, Receipt
from subsidies.incidents.models import INCIDENT_ROLES, ReceiptIncident

# Receipts read at a time: short questions, whatever goes on meanwhile.
STEP = 500


def verify_receipts() -> tuple[int, list[ReceiptIncident]]:
    """Compute every receipt again, hold it against the audit chain, and keep an incident of each
    that differs. How many were looked at, and those incidents, also the ones that somebody has
    looked into already."""
    count, found = 0, []
    for receipt, in_chain in _all_receipts():
        count += 1
        if said := [*_from_chain(receipt, in_chain), *differences(receipt)]:
            found.append(_keep(receipt, [_discreet(each) for each in said]))
    faults = [str(incident.receipt) for incident in found if incident.acknowledged_at is None]
    note(Subject.RECEIPTS, faults=faults, count=count)
    return count, found


@transaction.atomic
def acknowledge(incident: ReceiptIncident, *, reason: str, by: User) -> None:
    """Say that a person has looked into it, and what was found. A new difference of the same
    receipt opens it again."""
    incident = (
        locked(ReceiptIncident.objects.filter(pk=incident.pk))
        .select_related("receipt__application")
        .get()
    )
    application = incident.receipt.application
    if application.district_id not in by.district_ids(*INCIDENT_ROLES):
        raise NotAllowed(_("只有审计和系统管理人员可以确认。"))
    if incident.acknowledged_at is not None:
        raise StateChanged(_("这条异常已由他人确认。"))
    if not reason.strip():
        raise Refused(_("请写明查明的原因。"))
    incident.acknowledged_at, incident.acknowledged_by = timezone.now(), by
    incident.reason = reason.strip()
    incident.save(update_fields=["acknowledged_at", "acknowledged_by", "reason"])
    record(
        "receipt.acknowledged",
        about=application,
        by=by,
        receipt=incident.receipt_id,
        reason=incident.reason,
    )


def _all_receipts() -> Iterator[tuple[Receipt, str]]:
    """Each with its hash as the audit chain has it, where an act rests on it."""
    last = 0
    while step := list(Receipt.objects.filter(pk__gt=last).order_by("pk")[:STEP]):
        acts = Entry.objects.filter(
            about_type=Application._meta.label_lower,
            about_id__in={str(receipt.application_id) for receipt in step},
            data__receipt_id__in=[receipt.pk for receipt in step],
        )
        in_chain = dict(acts.values_list("data__receipt_id", "data__receipt"))
        for receipt in step:
            yield receipt, in_chain.get(receipt.pk, receipt.sha256)
        last = step[-1].pk


def _from_chain(receipt: Receipt, in_chain: str) -> list[Json]:
    """Whoever changes a receipt with its hash, and calls its engine an older one, cannot make the
    chain fit."""
    if receipt.sha256 == in_chain:
        return []
    return [{"what": "chain", "at": "", "kept": in_chain, "now": receipt.sha256}]


def _discreet(difference: Json) -> Json:
    """Without the sentences of the steps: that of the annual cap tells the fiscal contribution,
    which those who look into incidents are not shown."""
    if ".steps." not in difference.get("at", ""):
        return difference
    return {name: value for name, value in difference.items() if name not in ("kept", "now")}


@transaction.atomic
def _keep(receipt: Receipt, said: list[Json]) -> ReceiptIncident:
    incident, is_new = locked(ReceiptIncident.objects.all()).get_or_create(
        receipt=receipt, defaults={"differences": said}
    )
    if is_new or incident.differences != said:
        incident.differences = said
        incident.acknowledged_at = incident.acknowledged_by = None
        incident.reason = ""
        record(
            "receipt.differs",
            about=receipt.application,
            by=None,
            receipt=receipt.pk,
            # Where, not what: a sentence about the annual cap tells the fiscal contribution.
            places=[difference.get("at", "") for difference in said],
        )
    incident.last_seen_at = timezone.now()
    incident.save()
    return incident
