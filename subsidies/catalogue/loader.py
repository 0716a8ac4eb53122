"""From the folder of editions to the database: idempotent, and never over a published edition."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from django.db import transaction
from django.utils import timezone

from accounts.models import Department, District
from audit.services import record
from subsidies.catalogue.compiler import Body, compile_edition, yuan
from subsidies.catalogue.files import CatalogueFiles, EditionFile
from subsidies.catalogue.models import (
    Edition,
    Item,
    ItemDepartment,
    Level,
    PolicyDocument,
)


class Outcome(Enum):
    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of one edition of the folder."""

    edition: EditionFile
    outcome: Outcome


@transaction.atomic
def load_catalogue(files: CatalogueFiles) -> list[Loaded]:
    """Bring departments and editions into the database; all of it, or nothing where a
    published edition would have to change."""
    # This locks the districts' rows, so two loads at the same moment come one after the other.
    departments = _load_departments(files.districts)
    loaded = [Loaded(edition, _load_edition(edition, departments)) for edition in files.editions]
    if any(row.outcome is Outcome.REFUSED for row in loaded):
        transaction.set_rollback(True)
    return loaded


def _load_departments(districts: Sequence[Body]) -> dict[str, dict[str, Department]]:
    """The departments of each district, by the name that the documents use."""
    departments: dict[str, dict[str, Department]] = {}
    for row in districts:
        district, _ = District.objects.update_or_create(
            code=row["code"],
            defaults={"name": row["name"], "short_name": row["short_name"]},
        )
        departments[district.name] = {
            department["short_name"]: Department.objects.update_or_create(
                district=district,
                code=department["code"],
                defaults={
                    "name": department["name"],
                    "short_name": department["short_name"],
                    "is_finance": department.get("finance", False),
                },
            )[0]
            for department in row["departments"]
        }
    return departments


def _load_edition(
    edition: EditionFile, departments: Mapping[str, Mapping[str, Department]]
) -> Outcome:
    present = Edition.objects.filter(name=edition.name).first()
    if present and present.is_published:
        return Outcome.UNCHANGED if present.sha256 == edition.sha256 else Outcome.REFUSED
    if present:
        present.delete()
    head = edition.body["document"]
    document, _ = PolicyDocument.objects.update_or_create(
        code=head["code"],
        defaults={
            "district": District.objects.get(name=head["district"]),
            "title": head["title"],
            "issuer": head["issuer"],
            "number": head.get("number", ""),
            "level": head["level"],
        },
    )
    row = Edition.objects.create(
        document=document,
        name=edition.name,
        in_force_from=edition.body.get("in_force_from"),
        body=edition.body,
        sha256=edition.sha256,
    )
    _create_items(row, departments[head["district"]])
    # Published last: a published edition takes no more items.
    row.status = Edition.Status.PUBLISHED
    row.published_at = timezone.now()
    row.save(update_fields=["status", "published_at"])
    record("edition.published", about=row, by=None, edition=row.name, sha256=row.sha256)
    return Outcome.PUBLISHED


def _create_items(edition: Edition, departments: Mapping[str, Department]) -> None:
    bodies = edition.body["items"]
    items = Item.objects.bulk_create(
        Item(
            edition=edition,
            code=body["code"],
            clause=body["clause"],
            title=body["title"],
            summary=body["summary"],
            formula=body["formula"],
            order=order,
        )
        for order, body in enumerate(bodies)
    )
    compiled = compile_edition(edition.body, edition.sha256)[1]
    pairs = list(zip(items, bodies, strict=True))
    ItemDepartment.objects.bulk_create(
        row for item, body in pairs for row in _item_departments(item, body, departments)
    )
    Level.objects.bulk_create(
        Level(
            item=item,
            code=level["code"],
            title=level["title"],
            hint=level.get("hint", ""),
            amount=yuan(amount) if (amount := level.get("amount", body.get("amount"))) else None,
            rate=level.get("rate", body.get("rate", "")),
            ceiling=compiled[item.code].levels[level["code"]].ceiling,
            order=order,
        )
        for item, body in pairs
        for order, level in enumerate(body["levels"])
    )


def _item_departments(
    item: Item, body: Body, departments: Mapping[str, Department]
) -> Iterator[ItemDepartment]:
    for role in ItemDepartment.Role:
        for position, name in enumerate(body.get(role, ())):
            yield ItemDepartment(
                item=item, department=departments[name], role=role, position=position
            )
