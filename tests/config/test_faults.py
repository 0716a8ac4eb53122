"""The table of faults has every case and names tests that there are."""

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
CASES = {"C": 15, "F": 19, "M": 3, "T": 3, "D": 5}


def test_every_case_stands_in_the_table_once_and_says_what_shows_it():
    rows = re.findall(r"^\| (\w+) \|.*\| (.*) \|$", (ROOT / "docs" / "faults.md").read_text(), re.M)
    shown = [(case, shows) for case, shows in rows if case != "case"]

    assert [case for case, _shows in shown] == [
        f"{kind}{number:02}" for kind, last in CASES.items() for number in range(1, last + 1)
    ]
    assert all("`tests/" in shows or "`make chaos`" in shows for _case, shows in shown)


def test_every_test_that_the_table_names_is_there():
    named = re.findall(r"`(tests/[^`]+)`", (ROOT / "docs" / "faults.md").read_text())
    assert named
    for name in named:
        path, _, item = name.partition("::")
        text = (ROOT / path).read_text()
        assert not item or re.search(rf"^(def|class) {item}\b", text, re.MULTILINE), name
