"""What a company does with its applications, and the arrows that the review draws.

Each arrow is one function: lock, check, change, record, and after the commit tell people.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import NumberSeries, User
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.services import record
from companies.files import store_file
from companies.models import Company, ScanState, StoredFile
from companies.team import access
from companies.team.enums import Scope
from companies.vault.kinds import kind_of
from outbox.services import enqueue, mail_language
from subsidies.applications import signals
from subsidies.applications.enums import LIVE, Reason, Status
from subsidies.applications.models import Application, Attachment, Claim
from subsidies.catalogue.models import Item, Level
from subsidies.ledger import services as ledger


@dataclass(frozen=True)
class ClaimInput:
    """A claim as the form understood it. Money in yuan with at most two decimals; `facts` are
    the engine's claim facts by name, money and quantities as text."""

    level: Level
    event_date: date
    subject: str = ""
    requested: Decimal | None = None
    other_support: Decimal = Decimal(0)
    match_required: bool = False
    facts: dict[str, str] = field(default_factory=dict)


def start_application(item: Item, company: Company, *, by: User) -> Application:
    """Open a draft. All who apply for the company work on it together."""
    access.require(company, by, Scope.APPLY)
    _require_offered(item, company)
    with transaction.atomic():
        application = Application.objects.create(
            district=item.edition.document.district,
            company=company,
            item=item,
            created_by=by,
        )
        record("application.started", about=application, by=by, item=item.code)
    return application


@transaction.atomic
def save_draft(
    application: Application, form_data: dict[str, Any], *, by: User, revision: int
) -> Application:
    """Keep what was typed, complete or not.

    `revision` is the one that the page was loaded with; StateChanged if it was saved since.
    """
    application = _locked_for_editing(application, by=by, revision=revision)
    application.form_data = form_data
    application.revision += 1
    application.saved_by = by
    application.save(update_fields=["form_data", "revision", "saved_at", "saved_by"])
    return application


@transaction.atomic
def attach_file(
    application: Application, material: str, upload: UploadedFile, *, by: User
) -> Attachment:
    """Add a file to a draft. Raises Refused, with what is wrong with the file."""
    application = _locked_for_editing(application, by=by)
    stored = store_file(application.company, upload, by=by, kind=kind_of(material))
    return _attach(application, material, stored, by=by)


@transaction.atomic
def attach_stored_file(
    application: Application, material: str, stored: StoredFile, *, by: User
) -> Attachment:
    """Add a file that the company has in its vault already."""
    application = _locked_for_editing(application, by=by)
    if stored.company_id != application.company_id:
        raise NotAllowed(_("这不是本企业的文件。"))
    if stored.scan_state == ScanState.INFECTED:
        raise Refused(_("“%(name)s”有病毒，已隔离，不能使用。") % {"name": stored.name})
    if stored.valid_until and stored.valid_until < timezone.localdate():
        raise Refused(
            _("“%(name)s”的有效期到 %(day)s 止，请上传新的。")
            % {"name": stored.name, "day": stored.valid_until}
        )
    return _attach(application, material, stored, by=by)


def _attach(application: Application, material: str, stored: StoredFile, *, by: User) -> Attachment:
    attachment, _created = Attachment.objects.get_or_create(
        application=application,
        file=stored,
        material=material,
        defaults={"added_by": by},
    )
    record(
        "application.file_added",
        about=application,
        by=by,
        material=material,
        name=stored.name,
        sha256=stored.sha256,
    )
    return attachment


@transaction.atomic
def remove_attachment(attachment: Attachment, *, by: User) -> None:
    """Take a file off a draft; the company keeps the file."""
    application = _locked_for_editing(attachment.application, by=by)
    attachment.delete()
    record(
        "application.file_removed",
        about=application,
        by=by,
        material=attachment.material,
        name=attachment.file.name,
    )


@transaction.atomic
def submit_application(
    application: Application,
    claims: list[ClaimInput],
    *,
    declared: bool,
    by: User,
    revision: int,
) -> Application:
    """File a draft, or a corrected application again. The check follows as a job.

    Raises Refused with everything that stands in the way, not only the first fault.
    """
    application = _locked_for_editing(application, by=by, revision=revision)
    if application.status == Status.DRAFT:
        # A filed application keeps its edition; a draft must be of one that is in force.
        _require_offered(application.item, application.company)
    faults = _obstacles(application, claims, declared=declared)
    if faults:
        raise Refused(*faults)
    corrected = application.status == Status.RETURNED
    today = timezone.localdate()
    if application.number is None:
        sequence = NumberSeries.next(application.district, "application", today.year)
        application.number = f"{today.year}-{sequence:04d}"
    application.status = Status.SUBMITTED
    application.revision += 1
    application.submitted_by = by
    application.submitted_at = application.submitted_at or timezone.now()
    application.save()
    merged = application.company.merged_rows.values_list("pk", flat=True)
    had = [_matter(pk, application, claim) for pk in merged for claim in claims]
    try:
        if Claim.objects.filter(matter__in=had).exists():
            raise IntegrityError("claimed by a row that was merged into the company")
        with transaction.atomic():
            _write_claims(application, claims)
    except IntegrityError:
        raise Refused(
            _("同一事项、档次、对象和日期已有一件在办或已批准的申请，不能重复申报。")
        ) from None
    signals.filed.send(Application, application=application, corrected=corrected)
    enqueue(
        "subsidies.check_application",
        f"{application.pk}:{application.revision}",
        application=str(application.pk),
        revision=application.revision,
        reason=Reason.CORRECTION if corrected else Reason.SUBMISSION,
    )
    record(
        "application.corrected" if corrected else "application.submitted",
        about=application,
        by=by,
        number=application.number,
        revision=application.revision,
        claims=[claim.as_question() for claim in application.claims.select_related("level__item")],
    )
    return application


@transaction.atomic
def withdraw_application(application: Application, *, by: User) -> Application:
    """Take an application back, at any time before approval."""
    application = _locked(application)
    access.require(application.company, by, Scope.APPLY)
    _require_arrow(application, Status.WITHDRAWN)
    filed = application.number is not None
    _close(application, Status.WITHDRAWN)
    if filed:
        signals.withdrawn.send(Application, application=application)
        ledger.release_application(application, by=by)
    record("application.withdrawn", about=application, by=by)
    return application


# The arrows below are drawn by the review, inside its transaction, on an application that it
# has locked; the review records them with the opinion they rest on.


def accept(application: Application) -> None:
    _require_arrow(application, Status.IN_REVIEW)
    application.status = Status.IN_REVIEW
    application.save(update_fields=["status", "saved_at"])


def return_for_correction(application: Application, *, reason: str) -> None:
    """Open the application to the company again; the reason reaches it by mail."""
    _require_arrow(application, Status.RETURNED)
    application.status = Status.RETURNED
    application.revision += 1
    application.save(update_fields=["status", "revision", "saved_at"])
    with mail_language():
        tell_company(
            application,
            "returned",
            _("需要补正：%(application)s") % {"application": application},
            _("退回的原因：%(reason)s\n请登录后按要求修改，再次提交。") % {"reason": reason},
        )


def approve(application: Application) -> None:
    _require_arrow(application, Status.APPROVED)
    _close(application, Status.APPROVED)
    with mail_language():
        tell_company(
            application,
            "approved",
            _("已批准：%(application)s") % {"application": application},
            _("兑现通知书生成后可在申请页面下载。"),
        )


def reject(application: Application, *, reason: str) -> None:
    _require_arrow(application, Status.REJECTED)
    _close(application, Status.REJECTED)
    with mail_language():
        tell_company(
            application,
            "rejected",
            _("不予通过：%(application)s") % {"application": application},
            _("原因：%(reason)s") % {"reason": reason},
        )


def is_being_decided_on(company: Company) -> bool:
    """Whether an application of the company is filed and not decided yet."""
    undecided = LIVE - {Status.APPROVED}
    return Application.objects.filter(company__in=company.rows(), status__in=undecided).exists()


def lock_application(application: Application) -> Application:
    """The application, locked and read again: the first lock of everything that decides on it."""
    return _locked(application)


def tell_company(application: Application, event: str, subject: str, body: str) -> None:
    """Mail the person who filed, after the commit, once for an event of a revision; whoever leads
    the company where that person no longer acts for it."""
    company = application.company.standing_row
    acting = company.members.current().exclude(user__email="")
    filer = acting.filter(user=application.submitted_by_id or application.created_by_id)
    told = filer if filer.exists() else acting.leading()
    if to := list(told.order_by("pk").values_list("user__email", flat=True)):
        enqueue(
            "mail",
            f"{application.pk}:{application.revision}:{event}",
            to=to,
            subject=subject,
            body=body,
        )


def _locked(application: Application) -> Application:
    return (
        locked(Application.objects.filter(pk=application.pk))
        .select_related("company", "district", "item__edition__document")
        # The whole text of the policy: long, and nothing that decides reads it.
        .defer("item__edition__body")
        .get()
    )


def _locked_for_editing(
    application: Application, *, by: User, revision: int | None = None
) -> Application:
    application = _locked(application)
    access.require(application.company, by, Scope.APPLY)
    if not application.is_editable:
        raise StateChanged(
            _("这件申请%(status)s，不能再修改。") % {"status": application.get_status_display()}
        )
    if revision is not None and application.revision != revision:
        raise StateChanged(_("同事刚改过这件申请。请刷新页面，核对后再改。"))
    return application


def _require_offered(item: Item, company: Company) -> None:
    """Only what is in force, names an amount, and is the company's own district's."""
    if not item.is_open:
        raise Refused(_("“%(item)s”的实施细则还没有发布，现在不能申报。") % {"item": item})
    if item.edition.document.district_id != company.district_id:
        raise Refused(
            _("“%(item)s”由%(district)s办理，注册在当地的企业才能申报。")
            % {"item": item, "district": item.edition.document.district}
        )
    if not Item.objects.current().filter(pk=item.pk).exists():
        raise Refused(_("政策已更新，请按新版本重新建立申请。"))


def _require_arrow(application: Application, status: Status) -> None:
    if not application.can_become(status):
        raise StateChanged(
            _("状态已变化：这件申请现在是“%(status)s”。请刷新页面。")
            % {"status": application.get_status_display()}
        )


def _close(application: Application, status: Status) -> None:
    application.status = status
    application.closed_at = timezone.now()
    application.save(update_fields=["status", "closed_at", "saved_at"])
    if status != Status.APPROVED:
        # The matter may be applied for again.
        application.claims.update(matter=None)


def _write_claims(application: Application, claims: list[ClaimInput]) -> None:
    """Bring the claims to what was filed. They keep their ids, which opinions and receipts name."""
    # Free first: a correction may put its claims in another order.
    application.claims.update(matter=None)
    rows = list(application.claims.order_by("pk"))
    for row in rows[len(claims) :]:
        row.delete()
    rows += [Claim(application=application) for _claim in claims[len(rows) :]]
    for row, claim in zip(rows, claims, strict=False):
        row.level = claim.level
        row.subject = claim.subject
        row.event_date = claim.event_date
        row.requested = claim.requested
        row.other_support = claim.other_support
        row.match_required = claim.match_required
        row.facts = claim.facts
        row.determined_amount = None
        row.matter = _matter(application.company_id, application, claim)
        row.save()


def _matter(company_id: int, application: Application, claim: ClaimInput) -> str:
    return "|".join(
        (
            str(company_id),
            application.item.code,
            claim.level.code,
            claim.subject,
            claim.event_date.isoformat(),
        )
    )


def _obstacles(application: Application, claims: list[ClaimInput], *, declared: bool) -> list[str]:
    faults = []
    if not claims:
        faults.append(_("还没有填写申领内容。"))
    today = timezone.localdate()
    for claim in claims:
        if claim.level.item_id != application.item_id:
            faults.append(_("档次不属于本事项，请重新选择。"))
        if claim.event_date > today:
            faults.append(
                _("日期 %(date)s 还没有到，完成或取得认定之后才能提交。")
                % {"date": claim.event_date}
            )
    given = set(application.attachments.values_list("material", flat=True))
    faults.extend(
        _("还缺材料：%(name)s") % {"name": material["name"]}
        for material in application.item.materials
        if material["required"] and material["name"] not in given
    )
    infected = application.attachments.filter(file__scan_state=ScanState.INFECTED)
    faults.extend(
        _("“%(name)s”有病毒，已隔离。请移除，换一个干净的文件。") % {"name": name}
        for name in infected.values_list("file__name", flat=True)
    )
    if not declared:
        faults.append(_("请勾选承诺：以上内容和材料真实、完整。"))
    if application.company.current_account is None:
        faults.append(_("企业资料里还没有收款账户，请先补充。"))
    return faults
