"""What is done about files after the commit."""

from companies.models import StoredFile
from companies.vault import services
from outbox.services import handler


@handler("companies.examine_file")
def examine_file(file: str) -> None:
    services.examine_file(StoredFile.objects.get(pk=file))
