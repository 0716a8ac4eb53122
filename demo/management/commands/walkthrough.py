import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from demo.walkthrough import walk


class Command(BaseCommand):
    help = "Walk one application from filing to payment list in the current database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.VAR_DIR) / "walkthrough"
        folder.mkdir(parents=True, exist_ok=True)
        steps = []
        for number, step in enumerate(walk(folder), start=1):
            steps.append(step)
            if not options["json"]:
                self.stdout.write(f"{number:2}. {step.name}（{step.by}）：{step.result}")
        outcome = steps[-1].details
        if options["json"]:
            report = {"steps": [asdict(step) for step in steps], **outcome}
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
        else:
            self.stdout.write(f"notice: {outcome['notice']}\nlist: {outcome['list']}")
