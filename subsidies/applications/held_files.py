"""What applications hold of the companies' files: who sees them there, and where they are used."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from companies.models import Company, StoredFile
from companies.vault.access import Use
from subsidies.applications.models import Application, Attachment


class Attachments:
    """The applications' side of `companies.vault.access.Holder`."""

    def files_seen_by(self, user: User) -> QuerySet[StoredFile]:
        held = Attachment.objects.filter(application__in=Application.objects.visible_to(user))
        return StoredFile.objects.filter(pk__in=held.values("file"))

    def uses_in(self, company: Company) -> Iterable[tuple[UUID, Use]]:
        held = Attachment.objects.filter(application__company__in=company.rows()).select_related(
            "application__item"
        )
        for attachment in held.order_by("-added_at"):
            application = attachment.application
            view = "application_edit" if application.is_editable else "application_detail"
            yield (
                attachment.file_id,
                Use(
                    f"{application.number or _('草稿')} {application.item.title}",
                    reverse(view, args=[application.pk]),
                ),
            )
