from typing import Any

from django.core.management.base import BaseCommand, CommandError

from subsidies.applications.answers import is_true
from subsidies.models import Receipt


class Command(BaseCommand):
    help = "Compute every kept answer again from its editions and facts, and compare."

    def handle(self, *args: Any, **options: Any) -> None:
        count, false = 0, 0
        for receipt in Receipt.objects.order_by("pk").iterator(chunk_size=500):
            count += 1
            if not is_true(receipt):
                false += 1
                self.stderr.write(f"receipt {receipt.pk} of {receipt.application_id} differs")
        if false:
            raise CommandError(f"{false} of {count} receipts differ.")
        self.stdout.write(f"All {count} receipts hold.")
