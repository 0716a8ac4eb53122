"""The licence that comes with a registration belongs to no company yet: who sees it."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from companies.models import Company, Registration, StoredFile
from companies.vault.access import Use


class Licences:
    """The registrations' side of `companies.vault.access.Holder`."""

    def files_seen_by(self, user: User) -> QuerySet[StoredFile]:
        held = Registration.objects.visible_to(user)
        return StoredFile.objects.filter(pk__in=held.values("licence"))

    def uses_in(self, company: Company) -> Iterable[tuple[UUID, Use]]:
        """None: once it is confirmed, the licence is the company's like any other file."""
        return ()
