from typing import Any

from django.core.management.base import BaseCommand, CommandError

from subsidies.ledger.reconciliation import reconcile


class Command(BaseCommand):
    help = "Compare the ledger's counters with its entries; a difference freezes approvals."

    def handle(self, *args: Any, **options: Any) -> None:
        if found := reconcile():
            raise CommandError("\n".join(["Approvals are frozen:", *found]))
        self.stdout.write("The counters say what the entries say.")
