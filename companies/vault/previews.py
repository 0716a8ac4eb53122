"""The pages of a file as pictures, drawn in a process of its own (`companies.vault.drawing`)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from companies import confined

DRAWN_TYPES = ("application/pdf", "image/png", "image/jpeg")
HEAD = struct.Struct("!III")


@dataclass(frozen=True)
class Drawn:
    number: int
    width: int
    height: int
    png: bytes


def draw(path: Path, content_type: str) -> tuple[int, list[Drawn]]:
    """How many pages the file has, and the first of them. 0 for what cannot be drawn: another
    type, a damaged file, or one that wants more memory or time than a page should."""
    if content_type not in DRAWN_TYPES:
        return 0, []
    try:
        with confined.process("companies.vault.drawing", str(path), content_type) as out:
            (total,) = struct.unpack("!I", out.read(4))
            return total, list(_pages(out))
    except (confined.Broken, struct.error):
        return 0, []


def _pages(out: IO[bytes]) -> Iterator[Drawn]:
    for number, head in enumerate(iter(lambda: out.read(HEAD.size), b""), start=1):
        width, height, size = HEAD.unpack(head)
        yield Drawn(number, width, height, out.read(size))
