"""Registering a company, or claiming a row that nobody acts for; the district confirms."""

from datetime import timedelta

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import District, Role, User
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.services import record
from companies import uscc
from companies.files import store_file
from companies.models import Company, Contact, Registration, ScanState, StoredFile
from companies.registration.models import RegistrationState
from companies.team.enums import LEADS, MemberRole
from companies.team.services import join
from companies.vault.access import may_open
from companies.vault.kinds import FileKind
from outbox.services import enqueue, mail_language


class CodeTaken(Refused):
    """The code is a company's that cannot be registered now; the remedy is about the code."""


# How long a licence waits for the rest of its registration.
LICENCE_KEPT = timedelta(days=1)
# How many a person sends within a day: anybody with a mailbox may send some.
MOST_LICENCES = 10


def keep_licence(upload: UploadedFile, *, by: User) -> StoredFile:
    """Take the licence in before the rest is right. Raises Refused with what is wrong with it."""
    with transaction.atomic():
        recent = timezone.now() - timedelta(days=1)
        sent = StoredFile.objects.filter(
            uploaded_by=by, kind=FileKind.LICENCE, company__isnull=True, uploaded_at__gt=recent
        )
        if sent.count() >= MOST_LICENCES:
            raise Refused(
                _("24 小时内最多上传 %(most)d 份营业执照，请明天再试。") % {"most": MOST_LICENCES}
            )
        return store_file(None, upload, by=by, kind=FileKind.LICENCE)


def forget_licences() -> None:
    """Delete the licences of registrations that were never sent."""
    oldest = timezone.now() - LICENCE_KEPT
    StoredFile.objects.licences_unused().filter(uploaded_at__lt=oldest).delete()


@transaction.atomic
def register(
    code: str,
    *,
    name: str,
    district: District,
    street: str,
    role: MemberRole,
    licence: StoredFile,
    code_confirmed: bool,
    by: User,
) -> Registration:
    """Ask to act for the company with this code, as it is typed.

    `code_confirmed` says that the person stands by a code whose last sign is wrong. A code that
    is known already is claimed in its own district. The licence is one that the person gave to
    `keep_licence`. Raises Refused with the reason and the remedy.
    """
    # Held, so that one licence sent twice at once is one registration's.
    locked(StoredFile.objects.filter(pk=licence.pk)).get()
    if not StoredFile.objects.licences_kept_for(by).filter(pk=licence.pk).exists():
        raise Refused(_("请上传营业执照"))
    code = uscc.normalise(code)
    if fault := uscc.fault(code):
        raise Refused(fault)
    doubtful = uscc.verdict(code) is uscc.Verdict.CONFIRM
    if doubtful and not code_confirmed:
        raise Refused(_("代码末位校验不符，请对照营业执照核对，确认无误后勾选确认。"))
    if role not in LEADS:
        raise Refused(_("登记企业的人应是法定代表人或管理员。"))
    known = Company.objects.by_code(code)
    _require_free(code, known, by)
    try:
        with transaction.atomic():
            registration = Registration.objects.create(
                district=known.district if known else district,
                uscc=code,
                name=name,
                street=street,
                role=role,
                licence=licence,
                person=by,
                code_confirmed_at=timezone.now() if doubtful else None,
            )
            record(
                "registration.sent",
                about=registration,
                by=by,
                uscc=code,
                name=name,
                code_confirmed=doubtful,
            )
    except IntegrityError:
        raise StateChanged(_pending(code)) from None
    return registration


@transaction.atomic
def confirm(registration: Registration, *, by: User) -> Registration:
    """After a look at the licence: the row, made where it is missing, and the person its lead."""
    registration = _locked(registration, by)
    if registration.licence.scan_state == ScanState.INFECTED:
        raise Refused(_("营业执照的文件有病毒，不能确认。请写明原因退回。"))
    if not may_open(registration.licence, by):
        raise Refused(
            _("营业执照还没有查过病毒，没有人能打开核对。请等查完再确认，或写明原因退回。")
        )
    known = Company.objects.by_code(registration.uscc)
    if known:
        company = locked(Company.objects.filter(pk=known.pk)).get()
        if company.district_id != registration.district_id:
            raise Refused(_("这家企业登记在别的区县，不能由本区确认。"))
        if company.members.current().exists():
            raise Refused(_("这家企业已有人员。请退回，由本企业的管理员邀请。"))
        # Nobody acts for it any more: who holds a place by name only holds it no longer.
        gone = company.members.filter(ended_at__isnull=True)
        ended = list(gone.values_list("pk", flat=True))
        gone.update(ended_at=timezone.now())
    else:
        company, ended = _new_company(registration), []
    member = join(company, registration.person, MemberRole(registration.role), by=by)
    if not company.files.filter(sha256=registration.licence.sha256).exists():
        StoredFile.objects.filter(pk=registration.licence_id).update(company=company)
    registration.company = company
    _decide(registration, RegistrationState.CONFIRMED, by)
    record(
        "registration.confirmed",
        about=registration,
        by=by,
        company=company.pk,
        new=known is None,
        member=member.pk,
        ended=ended,
        role=registration.role,
        code_confirmed_at=registration.code_confirmed_at,
    )
    with mail_language():
        _tell(
            registration,
            _("企业登记已确认：%(name)s") % {"name": company.name},
            _(
                "您现在可以为%(name)s办理。接下来：\n"
                "1. 登录后在“企业资料”里补充收款账户、联系人和行业：%(profile)s\n"
                "2. 在“政策库”里找适合的事项，试算并申报：%(policies)s\n"
                "3. 在“企业人员”里邀请同事一起办理：%(team)s"
            )
            % {
                "name": company.name,
                "profile": settings.BASE_URL + reverse("company_profile"),
                "policies": settings.BASE_URL + reverse("policy_list"),
                "team": settings.BASE_URL + reverse("team"),
            },
        )
    return registration


@transaction.atomic
def refuse(registration: Registration, *, reason: str, by: User) -> Registration:
    registration = _locked(registration, by)
    if not reason.strip():
        raise Refused(_("请写明原因，申请人会收到。"))
    registration.reason = reason.strip()
    _decide(registration, RegistrationState.REFUSED, by)
    record("registration.refused", about=registration, by=by, reason=registration.reason)
    with mail_language():
        _tell(
            registration,
            _("企业登记没有确认：%(name)s") % {"name": registration.name},
            _("原因：%(reason)s\n\n按原因改好以后，可以重新登记：%(url)s")
            % {
                "reason": registration.reason,
                "url": settings.BASE_URL + reverse("company_register"),
            },
        )
    return registration


def _require_free(code: str, known: Company | None, by: User) -> None:
    if known and known.has_member(by):
        raise CodeTaken(_("您已经是这家企业的人员，不用再登记。"))
    if known and known.members.current().exists():
        # Not a word on who they are: anybody may type a code.
        raise CodeTaken(_("这家企业已经登记。请本企业的管理员在“企业人员”里邀请您。"))
    if Registration.objects.pending().filter(uscc=code).exists():
        raise CodeTaken(_pending(code))


def _pending(code: str) -> str:
    return _("%(code)s 的登记正在核对，请等结果，不用再提交。") % {"code": code}


def _new_company(registration: Registration) -> Company:
    try:
        with transaction.atomic():
            company = Company.objects.create(
                district=registration.district,
                name=registration.name,
                uscc=registration.uscc,
                street=registration.street,
            )
    except IntegrityError:
        raise StateChanged(_("这个代码刚被导入企业库。请刷新页面再确认。")) from None
    person = registration.person
    Contact.objects.create(company=company, name=person.name, email=person.email, is_main=True)
    return company


def _locked(registration: Registration, by: User) -> Registration:
    registration = (
        locked(Registration.objects.filter(pk=registration.pk))
        .select_related("district", "licence", "person")
        .get()
    )
    if registration.district_id not in by.district_ids(Role.ADMINISTRATOR):
        raise NotAllowed(_("企业登记由当地的系统管理人员核对。"))
    if registration.person_id == by.pk:
        raise NotAllowed(_("自己提交的登记须由另一人核对。"))
    if registration.state != RegistrationState.PENDING:
        raise StateChanged(_("这件登记已经核对过。请刷新页面。"))
    return registration


def _decide(registration: Registration, state: RegistrationState, by: User) -> None:
    registration.state = state
    registration.decided_by, registration.decided_at = by, timezone.now()
    registration.save()


def _tell(registration: Registration, subject: str, body: str) -> None:
    if registration.person.email:
        enqueue(
            "mail",
            f"registration:{registration.pk}",
            to=[registration.person.email],
            subject=subject,
            body=body,
        )
