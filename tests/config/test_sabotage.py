"""The sabotages themselves take too long for the suite; that each can still be done does not."""

from pathlib import Path

import pytest

from sabotage.guards import SABOTAGES, Code, Sabotage

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "sabotage",
    [each for each in SABOTAGES if isinstance(each.what, Code)],
    ids=lambda each: each.name,
)
def test_the_guard_that_is_taken_out_stands_once_in_its_file(sabotage: Sabotage) -> None:
    assert isinstance(sabotage.what, Code)

    assert (ROOT / sabotage.what.file).read_text().count(sabotage.what.guard) == 1


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda each: each.name)
def test_the_test_that_must_notice_it_exists(sabotage: Sabotage) -> None:
    path, *names = sabotage.test.split("[")[0].split("::")

    text = (ROOT / path).read_text()
    for name in names:
        assert f"def {name}(" in text or f"class {name}" in text, sabotage.test
