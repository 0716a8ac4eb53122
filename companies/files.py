"""Taking files in: by content and size, once, under a name that says nothing."""

import hashlib
import os
import re
import stat
import zipfile
from pathlib import PurePath, PureWindowsPath
from typing import IO

import puremagic
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _
from PIL import Image

from accounts.models import User
from accounts.refusals import Refused
from companies.models import Company, StoredFile
from companies.vault.kinds import FileKind
from companies.vault.scanner import first_state
from outbox.services import enqueue

# What may come in: the ending, and the type it is then served as.
OFFICE = "application/vnd.openxmlformats-officedocument."
CONTENT_TYPES = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".docx": OFFICE + "wordprocessingml.document",
    ".xlsx": OFFICE + "spreadsheetml.sheet",
}
OFFICE_PARTS = {".docx": "word/document.xml", ".xlsx": "xl/workbook.xml"}
MAX_PIXELS = 100_000_000
MAX_UNPACKED = 200 * 1024 * 1024
MAX_ENTRIES = 5000
# Text and XML shrink to a tenth; what shrinks to less than a hundredth was made to explode.
MAX_RATIO = 100
# An entry as small as this may shrink as far as it likes.
SMALL_ENTRY = 1024 * 1024
# What makes a browser that looks into a file take it for a page.
MARKUP = re.compile(rb"<(?:!doctype\s+html|html|script)\b", re.IGNORECASE)
# Readers look for a PDF's end in so many last bytes: scanners and mailers leave blanks behind it.
PDF_TAIL = 1024
NAME_LENGTH = 200


def store_file(
    company: Company | None,
    upload: UploadedFile,
    *,
    by: User,
    kind: FileKind = FileKind.OTHER,
) -> StoredFile:
    """Keep a file of a company; the same bytes a second time are the same row. Without a company
    it is a row of its own (`StoredFile`).

    Raises Refused with what is wrong and what to do. The content decides, not the ending alone:
    both must agree. Nothing is unpacked beyond what the limits allow.
    """
    name = clean_name(upload.name or "")
    ending = PurePath(name).suffix.lower()
    size = upload.size or 0
    limit = settings.UPLOAD_MAX_BYTES
    if ending not in CONTENT_TYPES:
        raise Refused(
            _("“%(name)s”不是可以上传的格式。请上传 PDF、图片（JPG、PNG）、Word 或 Excel 文件。")
            % {"name": name}
        )
    if size == 0:
        raise Refused(_("“%(name)s”是空文件，请检查后重新上传。") % {"name": name})
    if size > limit:
        raise Refused(
            _("“%(name)s”为 %(size).1f MB，超过 %(limit)d MB。请分成几个文件。")
            % {"name": name, "size": size / 1024 / 1024, "limit": limit // 1024 // 1024}
        )
    content = upload.file
    assert content is not None
    if not _content_agrees(content, ending):
        raise Refused(
            _("“%(name)s”的内容与 %(ending)s 格式不符，请用原软件另存后重新上传。")
            % {"name": name, "ending": ending}
        )
    content.seek(0)
    digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
    known = company and company.files.filter(sha256=digest).first()
    if known:
        return known
    stored = StoredFile(
        company=company,
        name=name,
        content_type=CONTENT_TYPES[ending],
        size=size,
        sha256=digest,
        uploaded_by=by,
        kind=kind,
        scan_state=first_state(),
    )
    content.seek(0)
    stored.content.save(name, upload, save=False)
    bring_to_disk(stored.content)
    try:
        with transaction.atomic():
            stored.save(force_insert=True)
            enqueue("companies.examine_file", stored.pk, file=str(stored.pk))
    except IntegrityError:
        # A colleague was faster with the same bytes.
        stored.content.delete(save=False)
        return StoredFile.objects.get(company=company, sha256=digest)
    return stored


def bring_to_disk(file: FieldFile) -> None:
    """A row must not outlive its file when the power goes."""
    with open(file.path, "rb") as content:
        os.fsync(content.fileno())


def clean_name(name: str) -> str:
    """The file's name for people: no folders, no control or direction signs, short enough."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(sign for sign in base if sign.isprintable())
    path = PurePath(kept or "file")
    return path.stem[: NAME_LENGTH - len(path.suffix)] + path.suffix


def _content_agrees(content: IO[bytes], ending: str) -> bool:
    content.seek(0)
    head = content.read(2048)
    if ending in OFFICE_PARTS:
        # A package may have anything before it and still open; only the first sign tells.
        return head.startswith(b"PK\x03\x04") and is_office_file(content, OFFICE_PARTS[ending])
    # An archive is found from its end: a picture with a JAR behind it is a program, too.
    if zipfile.is_zipfile(content):
        return False
    if ending == ".pdf":
        content.seek(max(0, content.seek(0, os.SEEK_END) - PDF_TAIL))
        tail = content.read()
        return head.startswith(b"%PDF-") and b"%%EOF" in tail and not MARKUP.search(head + tail)
    try:
        found = puremagic.from_string(head, mime=True)
    except puremagic.PureError:
        return False
    return found == CONTENT_TYPES[ending] and _is_reasonable_image(content)


def _is_reasonable_image(content: IO[bytes]) -> bool:
    """Whether it is small enough to be drawn, and no page or second file besides.

    Behind the end of a PNG nothing may come: only faulty croppers leave what they cut off there.
    Behind that of a JPEG telephones put more (depths, the film of a living picture, blanks), so
    there only what a browser would run is refused.
    """
    content.seek(0)
    if MARKUP.search(content.read()):
        return False
    content.seek(0)
    try:
        with Image.open(content, formats=("PNG", "JPEG")) as image:
            width, height = image.size
            # Of a PNG this reads every part up to the last, but for that one's checksum.
            image.verify()
            is_whole = image.format != "PNG" or len(content.read()) == 4
            return width * height <= MAX_PIXELS and is_whole
    except (OSError, ValueError, SyntaxError, IndexError, Image.DecompressionBombError):
        return False


def is_office_file(content: IO[bytes], part: str) -> bool:
    """Whether it is a whole archive with that part, and harmless to unpack. Only its table of
    contents is read."""
    content.seek(0)
    try:
        with zipfile.ZipFile(content) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return False
    return (
        part in {entry.filename for entry in entries}
        and len(entries) <= MAX_ENTRIES
        and sum(entry.file_size for entry in entries) <= MAX_UNPACKED
        and all(_is_harmless(entry) for entry in entries)
    )


def _is_harmless(entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is open to read, stays in its folder on every system, is no link and does
    not explode."""
    path = PureWindowsPath(entry.filename)
    return (
        not entry.flag_bits & 0x1
        and not path.anchor
        and ".." not in path.parts
        and not stat.S_ISLNK(entry.external_attr >> 16)
        and (entry.file_size <= SMALL_ENTRY or entry.file_size <= MAX_RATIO * entry.compress_size)
    )
