"""Judging what the credit rules leave to people: does a fine matter for this application?"""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Role, User
from accounts.refusals import NotAllowed, Refused, StateChanged
from audit.services import record
from companies.models import CreditEntry
from reviews import screening
from reviews.models import Case, Task
from reviews.people import is_outsider, principal_on
from reviews.services import NEEDS_ELIGIBLE
from subsidies.applications import services as applications
from subsidies.applications.enums import Status
from subsidies.credit.findings import findings_of
from subsidies.models import Application, CreditJudgement

REASON_LENGTH = 500


def may_judge(case: Case, user: User) -> bool:
    """Whoever decides on the case now, from the first review on; once it is approved, and until
    it is paid, the people of the lead department."""
    application = case.application
    if not is_outsider(case, user):
        return False
    if application.status == Status.APPROVED:
        lead = application.item.leads[0]
        return user.has_role(Role.REVIEWER, Role.LEAD, department_id=lead.pk)
    tasks = Task.objects.for_user(user).filter(case=case, stage__kind__in=NEEDS_ELIGIBLE)
    return tasks.exists()


@transaction.atomic
def judge(
    case: Case, entry: CreditEntry, *, matters: bool | None, text: str, by: User
) -> CreditJudgement:
    """Record whether an entry that the rules leave to people matters, and why. Judged again, the
    newest counts; all are kept."""
    application = applications.lock_application(case.application)
    case = Case.objects.select_related("application__company", "application__item").get(pk=case.pk)
    if not may_judge(case, by):
        raise NotAllowed(_("信用记录由正在办理本件的部门判断。"))
    found = {row.entry.pk: row for row in findings_of(application)}.get(entry.pk)
    if found is None or found.blocks:
        raise StateChanged(_("这条信用记录现在不用判断了，请刷新页面。"))
    text = text.strip()
    if matters is None:
        raise Refused(_("请选择这条信用记录是否影响兑现。"))
    if not text:
        raise Refused(_("请写明判断的理由，留作审计依据。"))
    if len(text) > REASON_LENGTH:
        raise Refused(_("理由最多 %(most)d 个字，请精简。") % {"most": REASON_LENGTH})
    judgement = CreditJudgement.objects.create(
        application=application,
        entry=found.entry,
        kind=found.entry.kind,
        grade=found.entry.grade,
        matters=matters,
        text=text,
        by=by,
    )
    screening.clear_judged(case, by=by)
    record(
        "case.credit_judged",
        about=application,
        by=by,
        on_behalf_of=principal_on(case, by),
        entry=found.entry.pk,
        number=found.entry.number,
        matters=matters,
        text=text,
    )
    return judgement


def judgements_of(application: Application) -> list[CreditJudgement]:
    """What was judged of the application's credit entries, in order."""
    return list(application.credit_judgements.select_related("by", "entry").order_by("pk"))
