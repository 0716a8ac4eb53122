"""Taking a table in, checking it, writing it: whole or not at all."""

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, OperationalError, connections, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import District, User
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.services import record
from companies.imports.access import ImportKind, may_import, principal_of
from companies.imports.files import Progress, check_upload, rows_of
from companies.imports.kinds import KINDS
from companies.imports.models import Import, ImportProgress, ImportState
from companies.imports.plan import Plan, go_through
from companies.models import Company
from companies.signals import facts_changed
from outbox.services import enqueue

# lock_not_available, deadlock_detected
HELD_BY_OTHERS = {"55P03", "40P01"}


def start_import(kind: ImportKind, district: District, upload: UploadedFile, *, by: User) -> Import:
    """Keep the table and have it checked. Raises Refused with what is wrong with the file."""
    if not may_import(by, kind, district):
        raise NotAllowed(_("您不能为这个区县导入这类数据。"))
    name = check_upload(upload)
    content = upload.file
    assert content is not None
    run = Import(
        district=district,
        kind=kind,
        name=name,
        size=upload.size or 0,
        sha256=hashlib.file_digest(content, "sha256").hexdigest(),  # type: ignore[arg-type]
        uploaded_by=by,
    )
    content.seek(0)
    run.content.save(name, upload, save=False)
    with transaction.atomic():
        run.save(force_insert=True)
        ImportProgress.objects.create(run=run)
        enqueue("companies.check_import", run.pk, run=str(run.pk))
        record(
            "import.uploaded",
            about=run,
            by=by,
            on_behalf_of=principal_of(by, kind, district),
            kind=kind,
            name=name,
            sha256=run.sha256,
        )
    return run


def check_import(run: Import) -> None:
    """Find out what the table would change, or why it cannot be taken."""
    plan = _walk(run)
    with transaction.atomic():
        run = _locked(run)
        if run.state == ImportState.CHECKING:
            _show(run, plan)


@transaction.atomic
def confirm_import(run: Import, *, plan: str, codes_confirmed: bool, by: User) -> Import:
    """Let the table be written as it was shown: `plan` is the hash on the page."""
    run = _locked(run)
    _require_importer(run, by)
    if run.state != ImportState.READY:
        raise StateChanged(
            _("这次导入现在是“%(state)s”。请刷新页面。") % {"state": run.get_state_display()}
        )
    if run.plan != plan:
        raise StateChanged(_("数据在预览之后变了，请再看一遍。"))
    if run.doubtful and not codes_confirmed:
        raise Refused(_("请先对照营业执照核对存疑的代码，并勾选确认。"))
    run.state = ImportState.WRITING
    run.confirmed_by, run.confirmed_at = by, timezone.now()
    run.note = ""
    run.save()
    ImportProgress.objects.filter(run=run).update(percent=0)
    # A table that was shown anew is confirmed anew, and that is another job.
    key = f"{run.pk}:{run.plan[:16]}:{run.confirmed_at:%Y%m%d%H%M%S%f}"
    enqueue("companies.write_import", key, run=str(run.pk))
    record(
        "import.confirmed",
        about=run,
        by=by,
        on_behalf_of=principal_of(by, run.kind, run.district),
        sha256=run.sha256,
        plan=run.plan,
    )
    return run


@transaction.atomic
def discard_import(run: Import, *, by: User) -> Import:
    """Give the table up, at any time before it is written."""
    run = _locked(run)
    _require_importer(run, by)
    if not run.is_discardable:
        raise StateChanged(
            _("这次导入现在是“%(state)s”，不能放弃。") % {"state": run.get_state_display()}
        )
    run.state = ImportState.DISCARDED
    run.save(update_fields=["state"])
    record(
        "import.discarded",
        about=run,
        by=by,
        on_behalf_of=principal_of(by, run.kind, run.district),
        sha256=run.sha256,
    )
    return run


@transaction.atomic
def note_download(run: Import, what: str, digest: str, *, by: User) -> None:
    """Who took the table or the list of its errors out of the house, and which bytes (SHA-256)."""
    record(
        "import.downloaded",
        about=run,
        by=by,
        on_behalf_of=principal_of(by, run.kind, run.district),
        what=what,
        sha256=digest,
    )


def write_import(run: Import) -> None:
    """Do what was confirmed, in one transaction; where the registry has changed since, nothing,
    and the table is shown again. Raises OperationalError where the database does not do it."""
    try:
        _write(run)
    except (StateChanged, IntegrityError):
        plan = _walk(run)
        with transaction.atomic():
            run = _locked(run)
            if run.state == ImportState.WRITING:
                run.note = _("数据在预览之后变了，还没有写入。请再看一遍，重新确认。")
                run.confirmed_by = run.confirmed_at = None
                _show(run, plan)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) in HELD_BY_OTHERS:
            # Such as a merge. The outbox tries again a few times.
            Import.objects.filter(pk=run.pk, state=ImportState.WRITING).update(
                note=_(
                    "数据正由另一项操作占用，还没有写入。系统会自动再试几次；"
                    "十分钟后仍未写入的，请放弃后重新上传。"
                )
            )
        raise


@transaction.atomic
def _write(run: Import) -> None:
    run = _locked(run)
    if run.state != ImportState.WRITING:
        return
    # One import of a district at a time: two would each see the other's rows as missing.
    locked(District.objects.filter(pk=run.district_id)).get()
    assert run.confirmed_by is not None
    if KINDS[run.kind].is_on_the_companys_form:
        _lock_companies(run)
    plan = _walk(run, write_by=run.confirmed_by)
    if plan.faults or plan.digest != run.plan:
        raise StateChanged(_("数据在预览之后变了。"))
    run.state, run.written_at, run.note = ImportState.WRITTEN, timezone.now(), ""
    run.save(update_fields=["state", "written_at", "note"])
    facts_changed.send(Import, district=run.district, company=None, cause=f"import:{run.pk}")
    record(
        "import.written",
        about=run,
        by=run.confirmed_by,
        on_behalf_of=principal_of(run.confirmed_by, run.kind, run.district),
        kind=run.kind,
        name=run.name,
        sha256=run.sha256,
        new=plan.new,
        changed=plan.changed,
        same=plan.same,
        confirmed_codes=[doubt["code"] for doubt in plan.doubtful],
    )


def _lock_companies(run: Import) -> None:
    """The locks that the companies' own changes take, all of them before the first row is written:
    batch by batch they would be taken out of their order."""
    plan = _walk(run)
    # With the same hash the walk that writes changes rows of no other company.
    if plan.digest != run.plan:
        raise StateChanged(_("数据在预览之后变了。"))
    list(locked(Company.objects.filter(pk__in=plan.companies).only("pk").order_by("pk")))


def _walk(run: Import, *, write_by: User | None = None) -> Plan:
    kind = KINDS[run.kind]
    with (
        _progress_of(run) as progress,
        closing(rows_of(Path(run.content.path), run.ending, kind.sheet, progress)) as rows,
    ):
        return go_through(kind, rows, run.district, people=_hands(run), write_by=write_by)


def _hands(run: Import) -> set[User]:
    """Who uploaded and who confirmed, each with the person whose office they hold."""
    people = {run.uploaded_by, run.confirmed_by} - {None}
    principals = {principal_of(person, run.kind, run.district) for person in people if person}
    return {person for person in people | principals if person}


def _show(run: Import, plan: Plan) -> None:
    run.new, run.changed, run.same, run.faults = plan.new, plan.changed, plan.same, plan.faults
    if plan.faults:
        run.state = ImportState.FAULTY
    elif run.changes:
        run.state = ImportState.READY
    else:
        # Nothing to look at or to confirm.
        run.state, run.note = ImportState.UNCHANGED, ""
    run.fault_list, run.samples, run.doubtful = plan.faults_by_row, plan.samples, plan.doubtful
    run.plan = plan.digest
    run.save()


def _locked(run: Import) -> Import:
    return locked(Import.objects.filter(pk=run.pk)).select_related("district", "confirmed_by").get()


def _require_importer(run: Import, by: User) -> None:
    if not may_import(by, run.kind, run.district):
        raise NotAllowed(_("您不能为这个区县导入这类数据。"))


@contextmanager
def _progress_of(run: Import) -> Iterator[Progress]:
    """Tells how far it is, over a connection of its own: what a page reads must not wait for the
    end of the transaction that writes."""
    connection = connections["default"].copy()

    def tell(percent: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE companies_importprogress SET percent = %s WHERE run_id = %s",
                [min(percent, 99), run.pk],
            )

    try:
        yield tell
    finally:
        connection.close()
