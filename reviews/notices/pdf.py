"""The award notice on paper: a PDF in the layout of official letters (GB/T 9704-2012, 信函格式).

The same notice gives the same bytes on the same machine. It is archived as PDF/A-2u: all faces
embedded, all text extractable.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import segno
from django.template.loader import render_to_string
from weasyprint import CSS, HTML, Document
from weasyprint.text.fonts import FontConfiguration

from reviews.models import Notice
from reviews.notices.fonts import CharactersMissing, OnlyOurFonts, faces, require_printable
from reviews.notices.verification import spaced, verification_url

STYLE = Path(__file__).with_name("award_notice.css")
# What brings an award with many steps onto one page after all.
TIGHT_STYLE = Path(__file__).with_name("award_notice_tight.css")
OPTIONS = {"pdf_variant": "pdf/a-2u", "pdf_tags": True}
# A font configuration of one thread must not grow while another draws with it.
_drawing = Lock()


def render_pdf(notice: Notice) -> bytes:
    """The finished paper. Raises CharactersMissing where a character cannot be printed."""
    with _drawing:
        press = _press()
        html = HTML(string=_markup(notice), url_fetcher=press.fetcher)
        require_printable("".join(html.etree_element.itertext()))
        document = _on_one_page(html, press)
        content = document.write_pdf(**OPTIONS)
    # What was drawn, whatever the faces say they have.
    if missing := {chr(sign) for font in document.fonts.values() for sign in font.missing}:
        raise CharactersMissing(missing)
    assert isinstance(content, bytes)
    return content


def _on_one_page(html: HTML, press: "_Press") -> Document:
    """The notice set tightly where that brings it onto one page; else as it should be."""
    as_it_should_be = _set(html, press, press.style)
    if len(as_it_should_be.pages) == 1:
        return as_it_should_be
    tightly = _set(html, press, press.style, press.tight)
    return tightly if len(tightly.pages) == 1 else as_it_should_be


def _set(html: HTML, press: "_Press", *styles: CSS) -> Document:
    return html.render(stylesheets=styles, font_config=press.fonts, **OPTIONS)


def require_printable_content(content: dict[str, object]) -> None:
    """Raise CharactersMissing before a notice is numbered that could not be printed later."""
    require_printable("".join(_texts(content)))


class _Press(NamedTuple):
    """What is made ready once a process: faces of 10 MB and more are read and measured."""

    fetcher: OnlyOurFonts
    fonts: FontConfiguration
    style: CSS
    tight: CSS


@cache
def _press() -> _Press:
    fetcher, fonts = OnlyOurFonts(), FontConfiguration()
    rules = "\n".join(face.rule for face in faces())

    def css(text: str) -> CSS:
        return CSS(string=text, url_fetcher=fetcher, font_config=fonts)

    return _Press(
        fetcher,
        fonts,
        style=css(rules + STYLE.read_text(encoding="utf-8")),
        tight=css(TIGHT_STYLE.read_text(encoding="utf-8")),
    )


def _markup(notice: Notice) -> str:
    url = verification_url(notice)
    context = {
        "notice": notice,
        "content": notice.content,
        "cut": _cut_at_determination(notice),
        "receipt": spaced(notice.content["receipt"][:12]),
        "check_code": spaced(notice.check_code),
        "url": url,
        "qr": _qr(url),
    }
    return render_to_string("notices/award_notice.html", context)


def _cut_at_determination(notice: Notice) -> Decimal:
    """Yuan that the department granted less than the rules would pay."""
    return Decimal(notice.content["payable"]) - Decimal(notice.content["amount"])


class _QR(NamedTuple):
    """A QR code as one SVG path; `size` is its edge in modules."""

    size: int
    path: str


def _qr(text: str) -> _QR:
    matrix = segno.make_qr(text, error="m").matrix
    bars = [
        f"M{bar.start()} {y}h{len(bar[0])}v1h-{len(bar[0])}z"
        for y, row in enumerate(matrix)
        for bar in re.finditer(rb"\x01+", bytes(row))
    ]
    return _QR(len(matrix), "".join(bars))


def _texts(value: object) -> Iterator[str]:
    """Every text inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
