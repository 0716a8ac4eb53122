import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from subsidies.catalogue import published
from subsidies.rules.estimate import estimate
from subsidies.rules.reader import BadQuestion

BAD_INPUT = 2


class Command(BaseCommand):
    help = (
        "Answer a question, or an array of them, from FILE or standard input. "
        "Bad input: exit 2 and one line for each fault on standard error."
    )
    # It only reads: the checks of the whole project would take longer than the answer.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", metavar="FILE", help="default: standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        for stream in (sys.stdout, sys.stderr):
            # JSON is UTF-8, whatever the terminal's locale says.
            stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
        try:
            file = options["file"]
            source = Path(file).read_bytes() if file else sys.stdin.buffer.read()
            answer = estimate(source, published.catalogue(), timezone.localdate())
        except OSError as error:
            self._give_up([f"{options['file']}：读不到这个文件（{error.strerror}）"])
        except BadQuestion as error:
            self._give_up([str(fault) for fault in error.faults])
        else:
            json.dump(answer, sys.stdout, ensure_ascii=False)
            sys.stdout.write("\n")

    def _give_up(self, lines: list[str]) -> None:
        sys.stderr.write("".join(f"{line}\n" for line in lines))
        sys.exit(BAD_INPUT)
