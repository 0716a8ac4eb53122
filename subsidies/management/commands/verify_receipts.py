from typing import Any

from django.core.management.base import BaseCommand, CommandError

from subsidies.incidents.services import verify_receipts


class Command(BaseCommand):
    help = "Compute every kept answer again from its editions and facts, and compare."

    def handle(self, *args: Any, **options: Any) -> None:
        count, incidents = verify_receipts()
        for incident in incidents:
            receipt = incident.receipt
            self.stderr.write(f"receipt {receipt.pk} of {receipt.application_id} differs")
        if incidents:
            raise CommandError(f"{len(incidents)} of {count} receipts differ.")
        self.stdout.write(f"All {count} receipts hold.")
