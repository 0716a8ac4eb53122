"""What the kept answers say, for lists and pages."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from subsidies.applications.enums import Status
from subsidies.credit.findings import with_people
from subsidies.models import Application, Claim, Receipt


def latest_receipts(applications: Iterable[Application]) -> dict[UUID, Receipt]:
    """The newest receipt of each application, in one query."""
    rows = (
        Receipt.objects.filter(application__in=[application.pk for application in applications])
        .order_by("application_id", "-pk")
        .distinct("application_id")
        .defer("question", "editions")
    )
    return {row.application_id: row for row in rows}


def is_pending(application: Application, receipt: Receipt | None) -> bool:
    """Whether the answer to the filing as it stands is still being worked out."""
    if application.status not in (Status.SUBMITTED, Status.IN_REVIEW):
        return False
    return receipt is None or receipt.revision != application.revision


@dataclass(frozen=True)
class Summary:
    """An answer in one line: the kind of its glyph and its words, and the two amounts (yuan),
    None where they are not known."""

    kind: str
    text: str
    requested: Decimal | None
    payable: Decimal | None

    @property
    def less(self) -> Decimal:
        """How far the answer stays below what was asked for."""
        if self.requested is None or self.payable is None:
            return Decimal(0)
        return max(self.requested - self.payable, Decimal(0))


def summary(
    application: Application,
    claims: Iterable[Claim],
    receipt: Receipt | None,
    left_to_people: Collection[dict[str, Any]],
) -> Summary:
    """The application's claims and its latest answer, in one line of a list; `left_to_people` are
    the credit entries as the answer is told with them (`with_people`)."""
    claims = list(claims)
    if is_pending(application, receipt) or receipt is None:
        given = [claim.requested for claim in claims]
        kind = "now" if is_pending(application, receipt) else "todo"
        text = _("正在校验") if kind == "now" else _("没有校验")
        return Summary(kind, text, _sum(given), None)
    answers = answers_of(receipt)
    payable = [_payable(answers.get(claim.pk)) for claim in claims]
    # Who names no amount asks for what it comes to.
    requested = [
        amount if claim.requested is None else claim.requested
        for claim, amount in zip(claims, payable, strict=True)
    ]
    kind, text = _outcome([with_people(answer, left_to_people) for answer in answers.values()])
    return Summary(kind, text, _sum(requested), _sum(payable))


def answers_of(receipt: Receipt) -> dict[int, dict[str, Any]]:
    """A receipt's answers by the ids of the claims."""
    return {int(answer["id"]): answer for answer in receipt.answer["claims"]}


def without_contribution(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer for readers who are not shown the fiscal contribution: the step of the annual cap
    keeps its amount, and its sentence, which quotes the contribution, goes."""
    told = _("不超过企业当年度总量的余额。总量的数额只对财政和本企业显示")
    steps = [
        step | {"detail": told, "limit": None} if step["code"] == "annual_cap" else step
        for step in answer["steps"]
    ]
    return answer | {"steps": steps}


def _payable(answer: dict[str, Any] | None) -> Decimal | None:
    if answer is None or answer["payable"] is None:
        return None
    return Decimal(answer["payable"])


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of the amounts, None as soon as one is not known."""
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def _outcome(answers: list[dict[str, Any]]) -> tuple[str, str]:
    outcomes = [check["outcome"] for answer in answers for check in answer["checks"]]
    failed = outcomes.count("fail")
    if failed:
        return "fail", _("%(count)s 项不通过") % {"count": failed}
    missing = {path for answer in answers for path in answer["missing"]}
    if missing:
        return "unknown", _("缺 %(count)s 个数据") % {"count": len(missing)}
    unknown = outcomes.count("unknown")
    if unknown:
        return "unknown", _("%(count)s 项待定") % {"count": unknown}
    waiting = outcomes.count("warn")
    if waiting:
        return "warn", _("%(count)s 项待人工判断") % {"count": waiting}
    return "pass", _("%(count)s 项通过") % {"count": len(outcomes)}
