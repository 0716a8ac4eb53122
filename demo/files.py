"""Small files that are what they say they are, for attachments of the demo district."""

from functools import cache

from weasyprint import HTML


@cache
def small_pdf(title: str) -> bytes:
    """A one-page PDF that bears its title."""
    pdf: bytes = HTML(string=f"<h1>{title}</h1><p>演示材料</p>").write_pdf()
    return pdf
