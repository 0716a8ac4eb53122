from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from operations.roles import grant_roles


class Command(BaseCommand):
    help = (
        "Give the database roles of application and auditor what they need and no more; as the "
        "tables' owner, after every migrate."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--app", default="subsidies_app", help="who serves (%(default)s)")
        parser.add_argument(
            "--auditor", default="subsidies_auditor", help="who only reads (%(default)s)"
        )

    def handle(self, *args: Any, app: str, auditor: str, **options: Any) -> None:
        password = settings.APP_ROLE_PASSWORD
        kept = grant_roles(app=app, auditor=auditor, app_password=password)
        self.stdout.write(f"{app} adds to, and never changes: {', '.join(kept)}.")
        self.stdout.write(f"{auditor} reads.")
        self.stdout.write(
            f"{app} signs in with APP_ROLE_PASSWORD."
            if password
            else f"{app} has the password it had: set APP_ROLE_PASSWORD to give it one."
        )
