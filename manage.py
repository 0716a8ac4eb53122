#!/usr/bin/env python
"""Django's command line. Without an activated environment it runs in the project's own .venv."""

import os
import sys
from pathlib import Path


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        python = Path(__file__).resolve().parent / ".venv" / "bin" / "python"
        if not python.exists():
            sys.exit("Django is not installed. Run `make setup` first.")
        os.execv(python, [str(python), *sys.argv])  # noqa: S606 (the project's own Python)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
