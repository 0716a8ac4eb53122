import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from demo.district import APPLICATIONS, SEED, make_district, summary
from demo.people import PASSWORD, SIGN_INS


class Command(BaseCommand):
    help = "Make the demo district: made-up companies, people and months of applications."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=SEED)
        parser.add_argument(
            "--applications", type=int, default=APPLICATIONS, help="about how many to make"
        )

    def handle(self, *args: Any, seed: int, applications: int, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(_("演示区的密码是公开的：只有 DEMO=1 的环境才能生成。"))
        started = time.monotonic()
        if not make_district(applications, seed):
            self.stdout.write(_("演示区已经有了，没有改动。"))
            return
        seconds = time.monotonic() - started
        self.stdout.write(_("演示区已生成，用时 %.0f 秒。") % seconds)
        for name, count in summary():
            self.stdout.write(f"  {name:<12} {count:>4}")
        self.stdout.write(_("登录（密码都是 %s）：") % PASSWORD)
        for username, purpose in SIGN_INS:
            self.stdout.write(f"  {username:<16} {purpose}")
