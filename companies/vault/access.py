"""Who may read a file: asked again at each download, and by every page that offers one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from accounts.models import User
from companies.models import Company, StoredFile
from companies.vault.models import ScanState


@dataclass(frozen=True)
class Use:
    """Where a file is used: the name of the place, and its address."""

    label: str
    url: str


class Holder(Protocol):
    """A room further on whose things hold files."""

    def files_seen_by(self, user: User) -> QuerySet[StoredFile]:
        """The files that the person sees through what holds them."""

    def uses_in(self, company: Company) -> Iterable[tuple[UUID, Use]]:
        """Where the company's files are used."""


# Rooms that hold files add themselves when the applications are loaded.
HOLDERS: list[Holder] = []


def visible_to(user: User) -> QuerySet[StoredFile]:
    """The files of one's companies, and those of what one may see."""
    seen = Q(company__in=Company.objects.of_person(user))
    for holder in HOLDERS:
        seen |= Q(pk__in=holder.files_seen_by(user).values("pk"))
    return StoredFile.objects.filter(seen)


def is_own(file: StoredFile, user: User) -> bool:
    if file.company is None:
        return file.uploaded_by_id == user.pk
    return file.company.has_member(user)


def may_open(file: StoredFile, user: User) -> bool:
    """Whether the content may be handed out. What is not known to be clean stays with those who
    gave it; what is known to be infected goes to nobody."""
    if file.scan_state == ScanState.INFECTED:
        return False
    return is_clean_enough(file) or is_own(file, user)


def is_clean_enough(file: StoredFile) -> bool:
    """Clean, or not looked at where the installation does not insist on it. A file that waits
    for the scanner is not clean yet, whatever the installation says."""
    return file.scan_state == ScanState.CLEAN or (
        file.scan_state == ScanState.UNSCANNED and not settings.REQUIRE_SCAN
    )


def uses_in(company: Company) -> dict[UUID, list[Use]]:
    """Where each of the company's files is used."""
    uses: dict[UUID, list[Use]] = {}
    for holder in HOLDERS:
        for file, use in holder.uses_in(company):
            # One place may hold a file twice, as two of its materials.
            if use not in uses.setdefault(file, []):
                uses[file].append(use)
    return uses
