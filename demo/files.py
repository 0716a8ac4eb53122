"""Small files that are what they say they are, for attachments of the demo district."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from unittest import mock

from weasyprint import HTML

from companies.vault import previews

Pages = tuple[int, list[previews.Drawn]]


@cache
def small_pdf(title: str) -> bytes:
    """A one-page PDF that bears its title."""
    pdf: bytes = HTML(string=f"<h1>{title}</h1><p>演示材料</p>").write_pdf()
    return pdf


@contextmanager
def drawn_once() -> Iterator[None]:
    """Draw the pages of the same bytes once: the demo's companies all hand in the same paper,
    and each drawing starts a process."""
    draw = previews.draw
    drawn: dict[tuple[bytes, str], Pages] = {}

    def draw_unless_known(path: Path, content_type: str) -> Pages:
        key = path.read_bytes(), content_type
        if key not in drawn:
            drawn[key] = draw(path, content_type)
        return drawn[key]

    with mock.patch.object(previews, "draw", draw_unless_known):
        yield
