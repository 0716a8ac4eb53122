"""What the database itself refuses, said once for every room that asks for it."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

import pgtrigger
from django.db.models import TextChoices

Status = TypeVar("Status", bound=TextChoices)


def append_only(message: str) -> list[pgtrigger.Trigger]:
    """Rows are added and never changed, deleted or emptied; `message` is what TRUNCATE is told."""
    return [
        pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        not_emptied(message),
    ]


def not_emptied(message: str, *, name: str = "no_truncate") -> pgtrigger.Trigger:
    """Row triggers, and so pgtrigger.Protect, do not see a TRUNCATE."""
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func=f"RAISE EXCEPTION '{message}';",
    )


def status_arrows(
    name: str, what: str, arrows: Mapping[Status, Iterable[Status]]
) -> pgtrigger.Trigger:
    """A `status` moves along these arrows only, also for whoever writes past the services."""
    allowed = ", ".join(
        f"'{source.value}>{target.value}'"
        for source, targets in arrows.items()
        for target in sorted(targets)
    )
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.UpdateOf("status"),
        condition=pgtrigger.Q(old__status__df=pgtrigger.F("new__status")),
        func=(
            f"IF (OLD.status || '>' || NEW.status) NOT IN ({allowed})"
            f" THEN RAISE EXCEPTION '{what}: % to % is no arrow',"
            " OLD.status, NEW.status; END IF; RETURN NEW;"
        ),
    )
