"""Setting what entries of the credit record mean to a document."""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, User
from accounts.refusals import NotAllowed, Refused
from audit.services import record
from companies.models import CreditGrade, CreditKind
from companies.signals import facts_changed
from subsidies.catalogue.models import Edition, PolicyDocument
from subsidies.credit.findings import CHECK
from subsidies.credit.models import CreditEffect, CreditRule

# Who sets the rules of a district's documents.
RULE_ROLES = (Role.POLICY_OFFICER, Role.ADMINISTRATOR)


@transaction.atomic
def set_rule(
    document: PolicyDocument,
    kind: CreditKind,
    effect: CreditEffect,
    *,
    grade: str = "",
    starts_on: date,
    reason: str,
    by: User,
) -> CreditRule:
    """From a day on, inclusive, entries of a kind (and grade) have this effect under a document.

    What is under way is screened again the day the rule begins. Raises Refused for a day that is
    over, and where the document asks for no clean record.
    """
    if document.district_id not in by.district_ids(*RULE_ROLES):
        raise NotAllowed(_("信用规则由本区县的政策管理人员或系统管理员设定。"))
    clause = clause_of(Edition.objects.current().filter(document=document).first())
    if not clause:
        raise Refused(_("这份文件没有信用条款，信用记录对它没有影响。"))
    today = timezone.localdate()
    if starts_on < today:
        raise Refused(_("起用日期不能早于今天：已经作出的结论不改。"))
    if not reason.strip():
        raise Refused(_("请写明依据，留作审计。"))
    rule = CreditRule.objects.create(
        document=document,
        kind=CreditKind(kind),
        grade=CreditGrade(grade) if grade else "",
        effect=CreditEffect(effect),
        starts_on=starts_on,
        reason=reason.strip(),
        made_by=by,
    )
    if starts_on == today:
        facts_changed.send(
            CreditRule, district=document.district, company=None, cause=f"credit-rule:{rule.pk}"
        )
    record(
        "credit_rule.set",
        about=rule,
        by=by,
        on_behalf_of=by.principal(*RULE_ROLES, district_id=document.district_id),
        document=document.code,
        kind=rule.kind,
        grade=rule.grade,
        effect=rule.effect,
        starts_on=starts_on,
        reason=rule.reason,
    )
    return rule


def clause_of(edition: Edition | None) -> str:
    """The clause by which a document asks for a clean record; empty where it has none."""
    rule = edition.rules_document.rules.get(CHECK) if edition else None
    return rule.clause if rule else ""
