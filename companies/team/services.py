"""Who acts for a company: invited by mail, given a scope, ended."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import date, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import User
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.services import record
from companies.models import Company, Invitation, Member
from companies.team import access
from companies.team.enums import LEADS, MemberRole, Scope
from outbox.mail import deliver
from outbox.models import Job
from outbox.services import enqueue, handler, mail_language

MOST_ADMINISTRATORS = 5
# How many a company sends within a day: the mails go to whatever address somebody types.
MOST_INVITATIONS = 20


@transaction.atomic
def invite(
    company: Company,
    email: str,
    *,
    role: MemberRole,
    scopes: Iterable[Scope],
    ends_on: date | None,
    by: User,
) -> Invitation:
    """Offer a place in the team; the mail with the token follows as a job.

    `ends_on` is the last day on which the person may act, None for no term; no later than that of
    whoever invites.
    """
    company = _locked(company)
    _require_lead(company, by)
    _require_within_own_term(company, ends_on, by)
    email = email.strip().lower()
    if company.members.current().filter(user__email__iexact=email).exists():
        raise Refused(_("%(email)s 已经是本企业的人员。") % {"email": email})
    waiting = company.invitations.unanswered().filter(email=email)
    if waiting.open().exists():
        raise Refused(_("已经邀请过 %(email)s。要改内容，请先撤销原来的邀请。") % {"email": email})
    recent = timezone.now() - timedelta(days=1)
    if company.invitations.filter(invited_at__gt=recent).count() >= MOST_INVITATIONS:
        raise Refused(
            _("24 小时内最多发出 %(most)d 份邀请，请明天再试。") % {"most": MOST_INVITATIONS}
        )
    waiting.update(revoked_at=timezone.now())
    kept = _require_possible(company, role, scopes, ends_on)
    invitation = Invitation.objects.create(
        company=company, email=email, role=role, scopes=kept, ends_on=ends_on, invited_by=by
    )
    enqueue("companies.mail_invitation", invitation.pk, invitation=str(invitation.pk))
    record(
        "team.invited",
        about=invitation,
        by=by,
        email=email,
        role=role,
        scopes=kept,
        ends_on=ends_on,
    )
    return invitation


@handler("companies.mail_invitation", at_most_once=True)
def mail_invitation(job: Job, invitation: str) -> None:
    """Write the mail, with a token that is kept nowhere else. A second mail makes the first
    one's token void."""
    row = Invitation.objects.open().select_related("company", "invited_by").filter(pk=invitation)
    offer = row.first()
    if offer is None:
        return
    token = secrets.token_urlsafe(32)
    Invitation.objects.filter(pk=offer.pk).update(token_hash=hash_of(token))
    with mail_language():
        message = EmailMessage(
            _("邀请您办理%(company)s的惠企政策申报") % {"company": offer.company},
            _(
                "%(person)s邀请您作为%(role)s为%(company)s办理，可以办理：%(scopes)s。\n\n"
                "请在 %(day)s 前打开下面的地址：\n%(url)s\n\n"
                "接下来：\n"
                "1. 用这个邮箱的账号登录；没有账号的先注册，注册后会回到这个邀请。\n"
                "2. 按“接受邀请”，就可以为企业办理。\n\n"
                "如果您不认识邀请人，不用理会。"
            )
            % {
                "person": offer.invited_by,
                "role": offer.get_role_display(),
                "company": offer.company,
                "scopes": _("、").join(offer.may_do),
                "day": timezone.localtime(offer.expires_at).strftime("%Y-%m-%d %H:%M"),
                "url": settings.BASE_URL + reverse("invitation", args=[token]),
            },
            to=[offer.email],
        )
    deliver(job, message)


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def revoke_invitation(invitation: Invitation, *, by: User) -> None:
    company = _locked(invitation.company)
    _require_lead(company, by)
    if (
        not company.invitations.unanswered()
        .filter(pk=invitation.pk)
        .update(revoked_at=timezone.now())
    ):
        raise StateChanged(_("这个邀请已经被接受或撤销。请刷新页面。"))
    record("team.invitation_revoked", about=invitation, by=by, email=invitation.email)


def require_addressee(invitation: Invitation, person: User) -> None:
    """Raises NotAllowed or Refused unless the person may accept now."""
    if not invitation.is_open:
        raise Refused(_("这个邀请已经用过、撤销或过期。需要时请企业的管理员重新邀请。"))
    if not access.leads(invitation.invited_by, invitation.company):
        raise Refused(_("邀请您的人已不能安排本企业的人员。需要时请企业的管理员重新邀请。"))
    if _is_longer(invitation.ends_on, access.term_of(invitation.invited_by, invitation.company)):
        raise Refused(_("邀请您的人自己的期限已经缩短。需要时请企业的管理员重新邀请。"))
    if invitation.email != person.email.lower():
        # Not a word on who is invited to what: the link may have gone astray.
        raise NotAllowed(_("这个邀请发给了另一个邮箱。请用收到邀请的邮箱的账号登录。"))


@transaction.atomic
def accept_invitation(invitation: Invitation, *, by: User) -> Member:
    """Take the place that was offered. Somebody who was of the company before gets their row
    again, with the new role, scope and term."""
    company = _locked(invitation.company)
    invitation = locked(company.invitations.filter(pk=invitation.pk)).get()
    require_addressee(invitation, by)
    if company.members.current().filter(user=by).exists():
        raise Refused(_("您已经是本企业的人员。"))
    role = MemberRole(invitation.role)
    scopes = _require_possible(company, role, invitation.scopes, invitation.ends_on)
    member = join(company, by, role, scopes, ends_on=invitation.ends_on, by=invitation.invited_by)
    with mail_language():
        _confirm_by_mail(member)
        _tell_inviter(invitation, member)
    invitation.accepted_by, invitation.accepted_at = by, timezone.now()
    invitation.save(update_fields=["accepted_by", "accepted_at"])
    record(
        "team.joined",
        about=member,
        by=by,
        role=role,
        scopes=scopes,
        invited_by=invitation.invited_by_id,
    )
    return member


def _confirm_by_mail(member: Member) -> None:
    """To whoever joined: what they may do now, and where."""
    if member.user.email:
        enqueue(
            "mail",
            f"team.joined:{member.pk}:{timezone.now().isoformat()}",
            to=[member.user.email],
            subject=_("您已加入%(company)s") % {"company": member.company},
            body=_(
                "您现在是%(company)s的%(role)s，可以办理：%(scopes)s。\n\n"
                "接下来：登录 %(url)s，先看“企业资料”是否齐全，再在“政策库”里找可以申报的事项。"
                "权限或期限不对，请本企业的管理员在“企业人员”里更改。"
            )
            % {
                "company": member.company,
                "role": member.get_role_display(),
                "scopes": _("、").join(member.may_do),
                "url": settings.BASE_URL,
            },
        )


def _tell_inviter(invitation: Invitation, member: Member) -> None:
    if invitation.invited_by.email:
        enqueue(
            "mail",
            f"invitation.accepted:{invitation.pk}",
            to=[invitation.invited_by.email],
            subject=_("%(person)s已接受邀请") % {"person": member.user},
            body=_(
                "%(person)s（%(email)s）已加入%(company)s，可以办理：%(scopes)s。"
                "要更改或停用，请到“企业人员”：%(url)s"
            )
            % {
                "person": member.user,
                "email": member.user.email,
                "company": member.company,
                "scopes": _("、").join(member.may_do),
                "url": settings.BASE_URL + reverse("team"),
            },
        )


def join(
    company: Company,
    person: User,
    role: MemberRole,
    scopes: Iterable[str] = (),
    *,
    ends_on: date | None = None,
    by: User,
) -> Member:
    """Put a person into the team from today on, by another's hand. The caller records why."""
    member, _created = Member.objects.update_or_create(
        user=person,
        company=company,
        defaults={
            "role": role,
            "scopes": list(scopes),
            "starts_on": timezone.localdate(),
            "ends_on": ends_on,
            "ended_at": None,
            "given_by": by,
        },
    )
    return member


@transaction.atomic
def change_member(
    member: Member,
    *,
    role: MemberRole,
    scopes: Iterable[Scope],
    ends_on: date | None,
    by: User,
) -> Member:
    """Give another role, scope or term, in force from the person's next request on. Nobody
    prolongs a place, nor makes a lead, beyond their own term; the 法定代表人 alone makes another
    one, and is a 管理员 from then on."""
    company, member = _locked_member(member, by)
    if _is_longer(ends_on, member.ends_on) or (role in LEADS and not member.is_lead):
        _require_within_own_term(company, ends_on, by)
    if role == MemberRole.LEGAL and member.role != MemberRole.LEGAL:
        _step_down(company, member, by)
    before = {"role": member.role, "scopes": member.scopes, "ends_on": member.ends_on}
    kept = _require_possible(company, role, scopes, ends_on, but=member)
    member.role, member.scopes, member.ends_on = role, kept, ends_on
    if not (member.is_lead and ends_on is None):
        _require_another_lead(company, member)
    member.save(update_fields=["role", "scopes", "ends_on"])
    record(
        "team.changed", about=member, by=by, before=before, role=role, scopes=kept, ends_on=ends_on
    )
    return member


@transaction.atomic
def end_member(member: Member, *, by: User) -> Member:
    """The person acts and sees no more from the next request on; past acts keep the name."""
    company, member = _locked_member(member, by)
    _require_another_lead(company, member)
    member.ended_at = timezone.now()
    member.save(update_fields=["ended_at"])
    record("team.ended", about=member, by=by)
    return member


def _step_down(company: Company, successor: Member, by: User) -> None:
    legal = company.members.current().filter(user=by, role=MemberRole.LEGAL).first()
    if legal is None:
        raise Refused(_("法定代表人由现任的更改；没有现任的，请联系区里的系统管理员，核对后登记。"))
    administrators = company.members.current().filter(role=MemberRole.ADMINISTRATOR)
    if administrators.exclude(pk=successor.pk).count() >= MOST_ADMINISTRATORS:
        raise Refused(_("管理员最多 %(most)d 名。") % {"most": MOST_ADMINISTRATORS})
    legal.role = MemberRole.ADMINISTRATOR
    legal.save(update_fields=["role"])
    record(
        "team.changed",
        about=legal,
        by=by,
        before={"role": MemberRole.LEGAL},
        role=MemberRole.ADMINISTRATOR,
        successor=successor.pk,
    )


def latest_end(member: Member, *, by: User) -> date | None:
    """The last day that the person may give to a place: of their own term, or as it is; None for
    any."""
    own = access.term_of(by, member.company)
    return member.ends_on if _is_longer(member.ends_on, own) else own


def _require_within_own_term(company: Company, ends_on: date | None, by: User) -> None:
    """Nobody gives what outlasts their own place."""
    own = access.term_of(by, company)
    if _is_longer(ends_on, own):
        raise Refused(
            _(
                "到期日不能晚于 %(day)s：您自己的期限到这一天为止。请填这一天或更早的日期；"
                "要更长的，由期限更长的法定代表人或管理员办理。"
            )
            % {"day": own}
        )


def _is_longer(last: date | None, before: date | None) -> bool:
    """Whether a term that ends on `last` goes beyond the one before; None never ends."""
    return before is not None and (last is None or last > before)


def _locked(company: Company) -> Company:
    """The company's row is what all changes of its team wait for."""
    return locked(Company.objects.filter(pk=company.pk)).get()


def _locked_member(member: Member, by: User) -> tuple[Company, Member]:
    company = _locked(member.company)
    _require_lead(company, by)
    member = company.members.select_related("user").get(pk=member.pk)
    if not member.is_current:
        raise StateChanged(
            _("%(person)s已不是本企业的人员。请刷新页面。") % {"person": member.user}
        )
    if member.role == MemberRole.LEGAL and member.user_id != by.pk:
        raise NotAllowed(_("法定代表人的身份只有本人可以更改。"))
    return company, member


def _require_lead(company: Company, by: User) -> None:
    if not access.leads(by, company):
        raise NotAllowed(_("只有本企业的法定代表人和管理员可以安排人员。"))


def _require_possible(
    company: Company,
    role: MemberRole,
    scopes: Iterable[str],
    ends_on: date | None,
    *,
    but: Member | None = None,
) -> list[str]:
    """The scopes that are kept. Raises Refused with everything that is wrong."""
    faults = []
    kept = [scope.value for scope in Scope if scope in list(scopes)]
    others = company.members.current()
    if but:
        others = others.exclude(pk=but.pk)
    if role != MemberRole.CLERK:
        kept = []
    elif not kept:
        faults.append(_("请至少选择一项权限。"))
    if ends_on and ends_on < timezone.localdate():
        faults.append(_("到期日不能早于今天。"))
    if role == MemberRole.LEGAL and ends_on:
        faults.append(_("法定代表人不设到期日。"))
    if role == MemberRole.LEGAL and but is None:
        faults.append(
            _("法定代表人不能邀请。由现任的更改；没有现任的，请联系区里的系统管理员，核对后登记。")
        )
    administrators = others.filter(role=MemberRole.ADMINISTRATOR).count()
    if role == MemberRole.ADMINISTRATOR and administrators >= MOST_ADMINISTRATORS:
        faults.append(_("管理员最多 %(most)d 名。") % {"most": MOST_ADMINISTRATORS})
    if faults:
        raise Refused(*faults)
    return kept


def _require_another_lead(company: Company, member: Member) -> None:
    """A team without somebody who may change it could never be changed again."""
    others = company.members.current().leading().filter(ends_on__isnull=True)
    if not others.exclude(pk=member.pk).exists():
        raise Refused(_("至少要有一名不设到期日的法定代表人或管理员。请先安排好接手的人。"))
