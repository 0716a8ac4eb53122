"""One person does another's work for a time, and both names stand under every act."""

from datetime import date

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import locked
from accounts.models import OFFICERS, Appointment, Role, StandIn, User
from accounts.refusals import NotAllowed, Refused, StateChanged
from accounts.signing_in.address import public_url
from audit.services import record
from outbox.services import enqueue, mail_language


@transaction.atomic
def give_stand_in(
    appointment: Appointment,
    deputy: User,
    *,
    starts_on: date,
    ends_on: date,
    reason: str,
    by: User,
) -> StandIn:
    """Let the deputy do the work of an appointment from day to day, both inclusive. By the person
    appointed or a security officer of the district; Refused with every fault."""
    # In one order, and before anything is looked at: two given at once see each other.
    people = User.objects.filter(pk__in=[appointment.user_id, deputy.pk])
    list(locked(people).order_by("pk"))
    _require_keeper(appointment, by)
    faults = [
        *_faults_of_days(starts_on, ends_on),
        *_faults_of_deputy(appointment, deputy, starts_on, ends_on),
    ]
    if appointment.role in OFFICERS:
        faults.append(_("系统管理、安全管理、审计三员的工作不能委托代办，请另行任命。"))
    if not reason.strip():
        faults.append(_("请写明委托的原因，如出差、休假。"))
    if faults:
        raise Refused(*faults)
    stand_in = StandIn.objects.create(
        appointment=appointment,
        deputy=deputy,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=reason.strip(),
        given_by=by,
    )
    record(
        "stand_in.given",
        about=stand_in,
        by=by,
        principal=str(stand_in.principal),
        deputy=str(deputy),
        department=str(appointment.department),
        role=appointment.role,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=stand_in.reason,
    )
    with mail_language():
        _tell_deputy(
            stand_in,
            "given",
            _("请您代办%(principal)s的工作") % {"principal": stand_in.principal},
            _(
                "%(by)s委托您在 %(first)s 至 %(last)s（含首尾）代办%(principal)s"
                "（%(department)s·%(role)s）的工作，原因：%(reason)s。\n\n"
                "接下来：%(first)s 起，登录后在“待办”里就能看到并办理，"
                "每项办理同时记两个人的名字。"
                "您或%(principal)s已作过结论的办件不能代办；须两人分别办理的，您与%(principal)s算一人。\n"
                "委托见：%(url)s"
            )
            % {
                "by": by,
                "first": starts_on,
                "last": ends_on,
                "principal": stand_in.principal,
                "department": appointment.department,
                "role": appointment.get_role_display(),
                "reason": stand_in.reason,
                "url": public_url(reverse("stand_in_list")),
            },
        )
    return stand_in


@transaction.atomic
def end_stand_in(stand_in: StandIn, *, by: User) -> StandIn:
    """End it before its last day; the deputy's next request is refused."""
    stand_in = (
        locked(StandIn.objects.filter(pk=stand_in.pk))
        .select_related("appointment__department", "appointment__user", "deputy")
        .get()
    )
    _require_keeper(stand_in.appointment, by)
    if not stand_in.may_be_ended:
        raise StateChanged(
            _("状态已变化：这项委托%(state)s。请刷新页面。") % {"state": stand_in.state.label}
        )
    stand_in.ended_at = timezone.now()
    stand_in.ended_by = by
    stand_in.save(update_fields=["ended_at", "ended_by"])
    record(
        "stand_in.ended",
        about=stand_in,
        by=by,
        principal=str(stand_in.principal),
        deputy=str(stand_in.deputy),
    )
    with mail_language():
        _tell_deputy(
            stand_in,
            "ended",
            _("不用再代办%(principal)s的工作") % {"principal": stand_in.principal},
            _("%(by)s已终止委托，即刻起您不再代办%(principal)s（%(department)s）的工作。")
            % {
                "by": by,
                "principal": stand_in.principal,
                "department": stand_in.department,
            },
        )
    return stand_in


def _tell_deputy(stand_in: StandIn, event: str, subject: str, body: str) -> None:
    if stand_in.deputy.email:
        enqueue(
            "mail",
            f"stand_in.{event}:{stand_in.pk}",
            to=[stand_in.deputy.email],
            subject=subject,
            body=body,
        )


def may_keep(appointment: Appointment, person: User) -> bool:
    """Whether the person may lend the appointment to somebody and take it back."""
    return appointment.user_id == person.pk or (
        appointment.department.district_id in person.district_ids(Role.SECURITY_OFFICER)
    )


def _require_keeper(appointment: Appointment, by: User) -> None:
    if not may_keep(appointment, by):
        raise NotAllowed(_("委托代办由本人或本区县的安全管理员办理。"))


def _faults_of_days(starts_on: date, ends_on: date) -> list[str]:
    faults = []
    if starts_on < timezone.localdate():
        faults.append(_("开始日期不能早于今天，请重新填写。"))
    if ends_on < starts_on:
        faults.append(_("结束日期不能早于开始日期，请重新填写。"))
    return faults


def _faults_of_deputy(
    appointment: Appointment, deputy: User, starts_on: date, ends_on: date
) -> list[str]:
    if deputy.pk == appointment.user_id:
        return [_("不能委托本人，请另选代办人。")]
    faults = []
    held = Appointment.objects.filter(user=deputy).between(starts_on, ends_on)
    district = appointment.department.district_id
    if not deputy.is_active or not held.filter(department__district=district).exists():
        faults.append(_("%(deputy)s同期不在本区县任职，请另选代办人。") % {"deputy": deputy})
    if held.of_roles(OFFICERS).exists():
        faults.append(
            _("%(deputy)s同期任系统管理、安全管理或审计，不代办他人工作，请另选代办人。")
            % {"deputy": deputy}
        )
    others = StandIn.objects.standing().between(starts_on, ends_on)
    if lent := others.filter(appointment=appointment).select_related("deputy").first():
        faults.append(
            _("这个岗位同期已委托%(deputy)s代办，请改日期或先终止那项委托。")
            % {"deputy": lent.deputy}
        )
    elif others.filter(
        deputy=deputy,
        appointment__department=appointment.department_id,
        appointment__role=appointment.role,
    ).exists():
        faults.append(
            _("%(deputy)s同期已在这个部门代办另一人的同一岗位，请另选代办人。") % {"deputy": deputy}
        )
    return faults
