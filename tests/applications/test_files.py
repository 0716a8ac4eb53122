"""U01, U02, U03, U05: what may come in as an attachment. The content decides, and the ending must
agree with it."""

import io
import struct
import zipfile
import zlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.refusals import Refused
from companies.files import MAX_ENTRIES, SMALL_ENTRY, clean_name, store_file
from companies.models import StoredFile
from tests.domain import PDF, clerk_of, company_with_everything

pytestmark = pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")

PAGE = b"<html><script>alert(1)</script></html>"
EXE = b"MZ\x90\x00" + b"\x00" * 200
PARTS = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}


def picture(kind, size=(2, 2)):
    stream = io.BytesIO()
    Image.new("RGB", size).save(stream, kind)
    return stream.getvalue()


def office(ending="docx", **extra):
    """A package of the kind, with more entries by name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"[Content_Types].xml": b"<x/>", PARTS[ending]: b"<x/>"}.items():
            archive.writestr(name, content)
        for name, content in extra.items():
            archive.writestr(name, content)
    return stream.getvalue()


def with_a_comment(jpeg, text):
    """The picture with a comment before its content."""
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + jpeg[2:]


def of_a_telephone():
    """A JPEG that a second one follows, as telephones keep a picture's depths."""
    stream = io.BytesIO()
    pictures = [Image.new("RGB", (2, 2)) for _number in range(2)]
    pictures[0].save(stream, "MPO", save_all=True, append_images=pictures[1:])
    return stream.getvalue()


def encrypted(package):
    """The same package with every entry marked as encrypted, in both of its places."""
    content = bytearray(package)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(signature)
        while place >= 0:
            content[place + offset] |= 1
            place = content.find(signature, place + 1)
    return bytes(content)


def with_a_link():
    stream = io.BytesIO(office())
    with zipfile.ZipFile(stream, "a") as archive:
        link = zipfile.ZipInfo("word/link")
        link.create_system = 3
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return stream.getvalue()


def with_many_entries():
    stream = io.BytesIO(office())
    with zipfile.ZipFile(stream, "a") as archive:
        for number in range(MAX_ENTRIES):
            archive.writestr(f"{number}", b"")
    return stream.getvalue()


def png_that_claims(width, height):
    """A PNG's head with a size that its body does not have."""

    def chunk(kind, body):
        head, tail = (struct.pack(">I", number) for number in (len(body), zlib.crc32(kind + body)))
        return head + kind + body + tail

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\x00")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


HOSTILE = {
    "nothing in it": ("a.pdf", b""),
    "another ending": ("a.exe", EXE),
    "no ending": ("a", PDF),
    "an ending before the name": (".pdf", PDF),
    "a page": ("a.html", b"<script>alert(1)</script>"),
    "a drawing": ("a.svg", b"<svg onload='alert(1)'/>"),
    "old office": ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    "macros": ("a.docm", office()),
    "double ending": ("a.pdf.exe", PDF),
    "program as pdf": ("a.pdf", EXE),
    "page as pdf": ("a.pdf", b"<html><script>alert(1)</script>%PDF-1.7"),
    "picture as pdf": ("a.pdf", picture("PNG")),
    "pdf as picture": ("a.png", PDF),
    "jpeg as png": ("a.png", picture("JPEG")),
    "png as jpeg": ("a.jpg", picture("PNG")),
    "gif as png": ("a.png", picture("GIF")),
    "text as picture": ("a.jpg", b"hello"),
    "cut picture": ("a.png", picture("PNG")[:20]),
    "picture cut in the middle": ("a.png", picture("PNG")[:-20]),
    "picture without a part": ("a.png", picture("PNG")[:33] + picture("PNG")[-12:]),
    "picture with a program": ("a.jpg", picture("JPEG") + office()),
    "drawing with a program": ("a.png", picture("PNG") + office()),
    "drawing with a page": ("a.png", picture("PNG") + PAGE),
    "drawing with anything": ("a.png", picture("PNG") + b"\x00"),
    "picture with a page": ("a.jpg", picture("JPEG") + PAGE + b"\x00" * 5000),
    "picture with a page in it": ("a.jpg", with_a_comment(picture("JPEG"), PAGE)),
    "pdf with a program": ("a.pdf", PDF + office()),
    "pdf that begins as a page": ("a.pdf", b"%PDF-1.7\n" + PAGE + b"\n%%EOF\n"),
    "pdf that ends as a page": ("a.pdf", PDF + b"<!DOCTYPE  HTML>"),
    "pdf that is a page": ("a.pdf", b"%PDF-1.7\n" + PAGE),
    "pdf without an end": ("a.pdf", PDF + b"\x00" * 1024),
    "first sign of a pdf": ("a.pdf", b"%PDF-"),
    "pixel flood": ("a.png", png_that_claims(60_000, 60_000)),
    "just too many pixels": ("a.png", png_that_claims(10_001, 10_000)),
    "text as docx": ("a.docx", b"hello"),
    "plain zip as docx": ("a.docx", office("xlsx")),
    "docx as xlsx": ("a.xlsx", office("docx")),
    "gifar": ("a.docx", picture("GIF") + office()),
    "program before a package": ("a.xlsx", EXE + office("xlsx")),
    "cut package": ("a.docx", office()[:-30]),
    "zip bomb": ("a.docx", office(bomb=b"\x00" * (SMALL_ENTRY + 1))),
    "too many entries": ("a.docx", with_many_entries()),
    "way out": ("a.docx", office(**{"../../etc/passwd": b"x"})),
    "way out the other way": ("a.docx", office(**{"..\\..\\evil": b"x"})),
    "absolute": ("a.docx", office(**{"/etc/passwd": b"x"})),
    "absolute the other way": ("a.docx", office(**{"\\evil": b"x"})),
    "a drive": ("a.docx", office(**{"C:\\evil": b"x"})),
    "a link": ("a.docx", with_a_link()),
    "encrypted": ("a.docx", encrypted(office())),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_and_nothing_is_kept(company, clerk, settings, tmp_path, name):
    settings.MEDIA_ROOT = str(tmp_path / "files")

    with pytest.raises(Refused):
        store_file(company, SimpleUploadedFile(*HOSTILE[name]), by=clerk)

    assert not StoredFile.objects.exists()
    assert not (tmp_path / "files").exists()


def test_a_package_is_refused_for_what_all_of_it_would_unpack_to(company, clerk, monkeypatch):
    package = office(**{f"{number}": b"\x00" * 1000 for number in range(10)})
    monkeypatch.setattr("companies.files.MAX_UNPACKED", 10_000)

    with pytest.raises(Refused):
        store_file(company, SimpleUploadedFile("a.docx", package), by=clerk)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.pdf", PDF, "application/pdf"),
        ("A.PDF", PDF, "application/pdf"),
        ("a.pdf", PDF + b"\r\n" * 500, "application/pdf"),
        ("a.png", picture("PNG"), "image/png"),
        ("a.jpg", picture("JPEG"), "image/jpeg"),
        ("a.jpeg", picture("JPEG"), "image/jpeg"),
        ("a.jpg", of_a_telephone(), "image/jpeg"),
        ("a.jpg", picture("JPEG") + b"\x00" * 64, "image/jpeg"),
        ("a.png", png_that_claims(10_000, 10_000), "image/png"),
        ("a.docx", office("docx"), "wordprocessingml.document"),
        ("a.xlsx", office("xlsx"), "spreadsheetml.sheet"),
    ],
)
def test_a_file_that_is_what_it_says_is_kept_whole(company, clerk, name, content, kind):
    stored = store_file(company, SimpleUploadedFile(name, content), by=clerk)

    assert stored.content.read() == content
    assert stored.content_type.endswith(kind)
    assert stored.size == len(content)


def test_the_limit_is_kept_to_the_byte(company, clerk, settings):
    settings.UPLOAD_MAX_BYTES = 1024
    full = PDF.ljust(1024, b" ")

    assert store_file(company, SimpleUploadedFile("a.pdf", full), by=clerk).size == 1024
    with pytest.raises(Refused, match="超过"):
        store_file(company, SimpleUploadedFile("a.pdf", full + b" "), by=clerk)


def test_the_same_bytes_of_a_company_are_stored_once(company, clerk, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "files")

    first = store_file(company, SimpleUploadedFile("一.pdf", PDF), by=clerk)
    second = store_file(company, SimpleUploadedFile("二.pdf", PDF), by=clerk)

    assert first == second
    assert sum(path.is_file() for path in (tmp_path / "files").rglob("*")) == 1


def test_the_same_bytes_of_two_companies_are_two_files(company, clerk):
    other = company_with_everything()

    first = store_file(company, SimpleUploadedFile("a.pdf", PDF), by=clerk)
    second = store_file(other, SimpleUploadedFile("a.pdf", PDF), by=clerk_of(other))

    assert first != second


NAMES = {
    "../../../etc/passwd.pdf": "passwd.pdf",
    "..\\..\\windows\\a.pdf": "a.pdf",
    "C:\\fakepath\\合同.pdf": "合同.pdf",
    "a\x00b.pdf": "ab.pdf",
    "a\r\nSet-Cookie: x.pdf": "aSet-Cookie: x.pdf",
    "a\u202efdp.pdf": "afdp.pdf",
    "a\u200b.pdf": "a.pdf",
    "😀.pdf": "😀.pdf",
    "长" * 300 + ".pdf": "长" * 196 + ".pdf",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_shown_harmless_and_never_used_as_a_path(company, clerk, name):
    upload = SimpleUploadedFile("a.pdf", PDF)
    upload._name = name  # Django's parser has its own clean-up, which must not be the only one

    stored = store_file(company, upload, by=clerk)

    assert stored.name == NAMES[name]
    assert stored.content.name == f"companies/{stored.pk.hex[:2]}/{stored.pk.hex}"


@pytest.mark.parametrize("name", ["", "/", "\x00", "a." + "x" * 300])
def test_a_name_that_leaves_nothing_is_refused_without_a_crash(company, clerk, name):
    upload = SimpleUploadedFile("a.pdf", PDF)
    upload._name = name

    with pytest.raises(Refused):
        store_file(company, upload, by=clerk)
    assert clean_name(name)
