"""Draws the pages of a PDF or a picture as PNG, in a process of its own (`companies.confined`).

Prints the number of pages, then for each of the first: width, height, length, and the PNG.
"""

import io
import struct
import sys
from collections.abc import Iterator

import pypdfium2
from PIL import Image, ImageOps

from companies.confined import confine

PAGES = 30
WIDTH = 1000  # pixels, enough to read a page of A4
HEIGHT = 3000
MAX_PIXELS = 100_000_000


def pages_of_pdf(path: str) -> tuple[int, Iterator[Image.Image]]:
    document = pypdfium2.PdfDocument(path)

    def pages() -> Iterator[Image.Image]:
        for number in range(min(len(document), PAGES)):
            page = document[number]
            width, height = page.get_size()
            scale = min(WIDTH / max(width, 1), HEIGHT / max(height, 1))
            yield page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
            page.close()

    return len(document), pages()


def pages_of_picture(path: str) -> tuple[int, Iterator[Image.Image]]:
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    picture = Image.open(path, formats=("PNG", "JPEG"))
    picture.draft("RGB", (WIDTH, HEIGHT))
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((WIDTH, HEIGHT))
    return 1, iter([upright.convert("RGB")])


def main(path: str, content_type: str) -> None:
    confine(memory=1024 * 1024 * 1024)
    take = pages_of_pdf if content_type == "application/pdf" else pages_of_picture
    total, pages = take(path)
    out = sys.stdout.buffer
    out.write(struct.pack("!I", total))
    for page in pages:
        drawn = io.BytesIO()
        page.save(drawn, "PNG")
        out.write(struct.pack("!III", page.width, page.height, drawn.tell()) + drawn.getvalue())


if __name__ == "__main__":
    main(*sys.argv[1:])
