from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.locks import locked
from accounts.models import Role, User
from subsidies.ledger import reconciliation
from subsidies.models import Freeze

ROLES = (Role.FINANCE, Role.ADMINISTRATOR)


class Command(BaseCommand):
    help = "Let approvals go on after a difference in the ledger was understood and corrected."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--by", required=True, metavar="USERNAME", help="who answers for it")
        parser.add_argument("--reason", required=True, metavar="TEXT", help="what was found")

    @transaction.atomic
    def handle(self, *args: Any, by: str, reason: str, **options: Any) -> None:
        if not reason.strip():
            raise CommandError("Give the reason: what the difference was and how it was mended.")
        person = User.objects.filter(username=by).first()
        if person is None:
            raise CommandError(f"There is nobody with the username {by}.")
        if not person.has_role(*ROLES):
            raise CommandError(f"{by} is today neither finance nor administrator of a district.")
        freeze = locked(Freeze.objects.filter(lifted_at__isnull=True)).first()
        if freeze is None:
            raise CommandError("Approvals are not frozen.")
        if found := reconciliation.differences():
            raise CommandError(
                "\n".join(["Counters and entries still differ; correct them first:", *found])
            )
        reconciliation.lift(
            freeze, reason=reason.strip(), by=person, on_behalf_of=person.principal(*ROLES)
        )
        self.stdout.write(f"Approvals go on. They were frozen for:\n{freeze.reason}")
