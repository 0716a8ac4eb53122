"""A spreadsheet's worth of questions, put to the calculator's command in one go."""

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.figure import Figure
from tests.rules.test_cases import BOOK, question_of

QUESTIONS = 1000


def measure() -> Iterator[Figure]:
    """The worked cases over and over, so that every kind of clause has its share."""
    cases = itertools.islice(itertools.cycle(BOOK["cases"]), QUESTIONS)
    questions = [question_of(case) for case in cases]
    start = time.perf_counter()
    result = subprocess.run(
        [sys.executable, "manage.py", "estimate"],
        input=json.dumps(questions).encode(),
        capture_output=True,
        check=True,
    )
    seconds = time.perf_counter() - start
    if len(json.loads(result.stdout)) != QUESTIONS:
        raise RuntimeError("some questions were not answered")
    yield Figure("estimate-1000", seconds, "s", goal=5)
