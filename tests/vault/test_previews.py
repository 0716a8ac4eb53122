"""What a browser shows of a file is a picture drawn anew, never what was uploaded."""

import io

import pytest
from django.urls import reverse
from PIL import Image
from weasyprint import HTML

from companies.models import PreviewPage
from companies.vault import services
from outbox.services import perform_due
from tests.vault.test_downloads import picture
from tests.vault.test_scanning import keep

pytestmark = pytest.mark.usefixtures("no_scanner")


def pdf_of(pages):
    body = "<p style='break-after: page'>页</p>" * (pages - 1) + "<p>末页</p>"
    return HTML(string=body).write_pdf()


def test_the_pages_of_a_pdf_are_pictures(company, clerk, client):
    stored = keep(company, pdf_of(2))
    perform_due()
    stored.refresh_from_db()
    assert (stored.pages, stored.preview_pages.count()) == (2, 2)
    client.force_login(clerk)

    response = client.get(reverse("file_page", args=[stored.pk, 2]))

    assert response["Content-Type"] == "image/png"
    assert response["Content-Disposition"].startswith("inline")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    page = Image.open(io.BytesIO(b"".join(response.streaming_content)))
    assert (page.format, page.width) == ("PNG", 1000)


def test_a_picture_is_drawn_again_smaller_and_without_what_was_hidden_in_it(company):
    original = picture("JPEG", (3000, 1500)) + b"script"
    stored = keep(company, original, "照片.jpg")
    perform_due()

    page = PreviewPage.objects.get(file=stored)
    drawn = page.image.open("rb").read()

    assert (page.width, page.height) == (1000, 500)
    assert b"script" not in drawn


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 5000, pdf_of(1)[9:700]], ids=["nothing", "zeros", "half"]
)
def test_a_file_that_cannot_be_drawn_is_kept_without_pages(company, content):
    stored = keep(company, b"%PDF-1.7\n" + content + b"\n%%EOF\n")

    perform_due()

    stored.refresh_from_db()
    assert (stored.pages, stored.preview_pages.count()) == (0, 0)


def test_a_long_pdf_is_drawn_in_part_and_says_how_long_it_is(company):
    stored = keep(company, pdf_of(33))

    perform_due()

    stored.refresh_from_db()
    assert (stored.pages, stored.preview_pages.count()) == (33, 30)


def test_drawing_twice_keeps_one_picture_a_page(company):
    stored = keep(company, picture(), "照片.png")
    perform_due()
    stored.refresh_from_db()
    stored.pages = None

    services.draw_pages(stored)

    assert stored.preview_pages.count() == 1


def test_the_page_of_a_file_shows_its_pictures(company, clerk, client):
    stored = keep(company, picture(), "照片.png")
    perform_due()
    client.force_login(clerk)

    page = client.get(reverse("file_detail", args=[stored.pk])).content.decode()

    assert reverse("file_page", args=[stored.pk, 1]) in page
    assert 'src="' in page
    assert reverse("file_download", args=[stored.pk]) in page
