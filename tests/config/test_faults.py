"""The table of faults names tests that there are."""

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)


def test_every_test_that_the_table_names_is_there():
    named = re.findall(r"`(tests/[^`]+)`", (ROOT / "docs" / "faults.md").read_text())
    assert named
    for name in named:
        path, _, item = name.partition("::")
        text = (ROOT / path).read_text()
        assert not item or re.search(rf"^(def|class) {item}\b", text, re.MULTILINE), name
