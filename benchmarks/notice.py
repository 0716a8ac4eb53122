"""How many award notices a worker puts on paper in a second, and how long its first one takes."""

import os
import time
from collections.abc import Iterator

import django

from benchmarks.figure import Figure

NOTICES = 20


def measure() -> Iterator[Figure]:
    """One process, as a worker is. The first notice reads the faces; the others find them read."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from reviews.notices.pdf import render_pdf
    from tests.notices.paper import made_up_notice

    start = time.perf_counter()
    first = render_pdf(made_up_notice())
    yield Figure("notice-first", time.perf_counter() - start, "s", goal=5)
    start = time.perf_counter()
    for number in range(NOTICES):
        render_pdf(made_up_notice(subject=f"第 {number} 号车间改造"))
    yield Figure("notices", NOTICES / (time.perf_counter() - start), "1/s", goal=2, at_least=True)
    yield Figure("notice-size", len(first) / 1000, "kB", goal=300)
