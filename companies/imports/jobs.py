"""What is done about a table after the commit."""

from companies.imports import services
from companies.imports.models import Import
from outbox.services import handler


@handler("companies.check_import")
def check_import(run: str) -> None:
    services.check_import(Import.objects.select_related("district").get(pk=run))


@handler("companies.write_import")
def write_import(run: str) -> None:
    services.write_import(Import.objects.select_related("district").get(pk=run))
