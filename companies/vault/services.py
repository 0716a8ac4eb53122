"""The document vault: what a company keeps, what a scanner says of it, when it runs out."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import User
from accounts.refusals import NotAllowed
from audit.services import record
from companies.files import store_file
from companies.models import Company, Import, PreviewPage, StoredFile
from companies.team import access
from companies.team.enums import Scope
from companies.vault import previews
from companies.vault.access import is_clean_enough
from companies.vault.kinds import FileKind
from companies.vault.models import ScanState
from companies.vault.scanner import Scanner, scanner
from outbox.services import enqueue

# A reminder goes out when so many days are left, and on the first day after.
REMINDERS = (30, 7, -1)
# Of what ran out longer ago nobody is reminded.
FORGOTTEN_AFTER = timedelta(days=30)
# A scan that has not come to a verdict is asked for again.
SCAN_AGAIN_AFTER = timedelta(minutes=5)
# A file without a row is the trace of a transaction that failed, once it is older than any.
ORPHAN_AFTER = timedelta(days=1)
# Each folder of files, with the question whether a row knows a path in it. Rooms further on that
# keep files add theirs when the applications are loaded.
FOLDERS: dict[str, Callable[[str], bool]] = {
    "companies": lambda path: StoredFile.objects.filter(content=path).exists(),
    "previews": lambda path: PreviewPage.objects.filter(image=path).exists(),
    "imports": lambda path: Import.objects.filter(content=path).exists(),
}


@transaction.atomic
def add_file(company: Company, upload: UploadedFile, *, kind: FileKind, by: User) -> StoredFile:
    """Put a file into the vault. The same bytes again are the file that is there, and what is said
    of it stays. Raises Refused with what is wrong with the file."""
    access.require(company, by, Scope.DATA)
    stored = store_file(company, upload, by=by, kind=kind)
    record("file.added", about=stored, by=by, sha256=stored.sha256)
    return stored


@transaction.atomic
def describe_file(
    stored: StoredFile,
    *,
    kind: FileKind,
    valid_from: date | None,
    valid_until: date | None,
    by: User,
) -> StoredFile:
    """Say what a file is and how long it holds."""
    stored = locked(StoredFile.objects.filter(pk=stored.pk)).get()
    if stored.company is None:
        raise NotAllowed(_("企业登记确认后才能更改。"))
    access.require(stored.company, by, Scope.DATA)
    stored.kind, stored.valid_from, stored.valid_until = kind, valid_from, valid_until
    stored.save(update_fields=["kind", "valid_from", "valid_until"])
    record(
        "file.described",
        about=stored,
        by=by,
        kind=kind,
        valid_from=valid_from,
        valid_until=valid_until,
        sha256=stored.sha256,
    )
    return stored


@transaction.atomic
def note_download(stored: StoredFile, *, by: User) -> None:
    """Who of the administration took a company's paper out of the house."""
    record("file.downloaded", about=stored, by=by, sha256=stored.sha256)


def examine_file(stored: StoredFile, *, by: Scanner | None = None) -> None:
    """Have a file scanned, then draw its pages. Raises ScannerAway where there is no verdict:
    the file stays as it is and the job comes again."""
    if stored.scan_state in (ScanState.PENDING, ScanState.UNSCANNED):
        _scan(stored, by or scanner())
    if is_clean_enough(stored) and stored.pages is None:
        draw_pages(stored)


def _scan(stored: StoredFile, by: Scanner) -> None:
    with stored.content.open("rb") as content:
        finding = by.scan(content)
    if finding.state == ScanState.UNSCANNED:
        return
    stored.scan_state, stored.virus = finding.state, finding.virus[:200]
    stored.scanned_at = timezone.now()
    with transaction.atomic():
        stored.save(update_fields=["scan_state", "virus", "scanned_at"])
        if stored.scan_state == ScanState.INFECTED:
            record(
                "file.quarantined",
                about=stored,
                by=None,
                virus=stored.virus,
                sha256=stored.sha256,
            )
            _tell_members(
                stored,
                "infected",
                _("文件有病毒，已隔离：%(name)s") % {"name": stored.name},
                _("“%(name)s”查出病毒 %(virus)s，任何人都不能再下载。请清除病毒后重新上传。")
                % {"name": stored.name, "virus": stored.virus},
            )


def draw_pages(stored: StoredFile) -> None:
    """Draw the pages of a PDF or a picture anew; done twice it is the same."""
    total, drawn = previews.draw(Path(stored.content.path), stored.content_type)
    with transaction.atomic():
        kept = locked(StoredFile.objects.filter(pk=stored.pk)).get()
        if kept.pages is not None:
            return  # another worker was faster
        for page in drawn:
            row = PreviewPage(file=stored, number=page.number, width=page.width, height=page.height)
            row.image.save("page.png", ContentFile(page.png), save=False)
            row.save()
        kept.pages = stored.pages = total
        kept.save(update_fields=["pages"])


def scan_what_waits() -> None:
    """Ask again for every file that has no verdict, such as after the scanner was away."""
    if not settings.CLAMD_URL:
        return
    now = timezone.now()
    waiting = StoredFile.objects.filter(
        scan_state__in=[ScanState.PENDING, ScanState.UNSCANNED],
        uploaded_at__lt=now - SCAN_AGAIN_AFTER,
    )
    for pk in waiting.order_by("uploaded_at").values_list("pk", flat=True)[:500]:
        with transaction.atomic():
            # The attempts of a job end; the hour makes another one.
            enqueue("companies.examine_file", f"{pk}:{now:%Y%m%d%H}", file=str(pk))


def remind_of_expiry() -> None:
    """Mail of every file that runs out, once for a file, its last day and a threshold."""
    today = timezone.localdate()
    ending = StoredFile.objects.filter(
        Q(valid_until__lte=today + timedelta(days=max(REMINDERS))),
        Q(valid_until__gte=today - FORGOTTEN_AFTER),
    ).select_related("company")
    for stored in ending.order_by("pk"):
        left = stored.days_left(today)
        due = [threshold for threshold in REMINDERS if left is not None and left <= threshold]
        if due:
            with transaction.atomic():
                _remind(stored, min(due))


def _remind(stored: StoredFile, threshold: int) -> None:
    expired = threshold < 0
    subject = _("材料已过期：%(name)s") if expired else _("材料快到期：%(name)s")
    body = _(
        "“%(name)s”（%(kind)s）的有效期到 %(day)s 止。新的办下来后，请在材料库上传，"
        "以后的申请就不用再找。"
    )
    _tell_members(
        stored,
        f"expiry:{stored.valid_until}:{threshold}",
        subject % {"name": stored.name},
        body % {"name": stored.name, "kind": stored.get_kind_display(), "day": stored.valid_until},
    )


def sweep_orphans() -> int:
    """Delete files that no row knows: their transaction failed. How many it were."""
    oldest = (timezone.now() - ORPHAN_AFTER).timestamp()
    swept = 0
    for folder, known in FOLDERS.items():
        for path in sorted(Path(settings.MEDIA_ROOT, folder).glob("*/*")):
            relative = f"{folder}/{path.parent.name}/{path.name}"
            if path.is_file() and path.stat().st_mtime < oldest and not known(relative):
                path.unlink(missing_ok=True)
                swept += 1
    return swept


def _tell_members(stored: StoredFile, event: str, subject: str, body: str) -> None:
    people = [
        person.email
        for person in (
            User.objects.filter(memberships__in=stored.company.members.current()).order_by("pk")
            if stored.company
            else [stored.uploaded_by]
        )
        if person.email
    ]
    if people:
        enqueue("mail", f"file:{stored.pk}:{event}", to=people, subject=subject, body=body)
