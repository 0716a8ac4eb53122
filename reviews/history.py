"""What happened with a case, the newest first: for officials all of it, for the company what
concerns it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from audit.models import Entry
from reviews.deadlines import workdays_between
from reviews.models import (
    Case,
    Opinion,
    PublicNoticeEntry,
    Recusal,
    StageKind,
    Task,
    TaskState,
    Verdict,
)
from reviews.money_back import Demand
from reviews.wording import KINDS, day_text, moment_text, said, span_text
from subsidies.applications.enums import Status
from subsidies.ledger.models import EntryKind
from subsidies.models import Application, Award, CreditJudgement
from subsidies.money import yuan


@dataclass(frozen=True)
class Event:
    """One thing that happened, as `components/log.html` takes it."""

    at: datetime | None
    kind: str
    who: str
    what: str
    when: str
    status_kind: str = ""
    status: str = ""
    text: str = ""


def filings(application: Application) -> list[Entry]:
    """Each filing of the application, the first one first, with the claims as they were filed."""
    return list(
        Entry.objects.about(application).filter(
            action__in=["application.submitted", "application.corrected"]
        )
    )


def reason_of_return(application: Application) -> str:
    """What the department wrote that sent it back last."""
    returns = Opinion.objects.filter(case__application=application, verdict=Verdict.RETURN)
    return returns.values_list("text", flat=True).last() or ""


def history(
    case: Case,
    tasks: list[Task],
    opinions: list[Opinion],
    entries: list[PublicNoticeEntry],
    recusals: list[Recusal],
    filed: list[Entry],
    awards: list[Award],
    demands: list[Demand],
    judgements: list[CreditJudgement],
    *,
    for_company: bool,
) -> list[Event]:
    """Everything that happened, what is still awaited on top."""
    # What happened in the same moment stands here with the later part first.
    events = [
        *(event for award in awards if award.returned for event in _given_back(award)),
        *map(_asked_back, reversed(demands)),
        *(event for award in awards for event in _money(award)),
        *(_published(entry, opinions) for entry in entries),
        *([] if for_company else map(_stood_back, recusals)),
        *(_said(opinion, for_company=for_company) for opinion in reversed(opinions)),
        *(_judged(judgement, for_company=for_company) for judgement in reversed(judgements)),
        *_filed(filed, opinions, str(case.application.company)),
    ]
    if case.application.status == Status.WITHDRAWN and case.closed_at:
        events.append(
            Event(
                case.closed_at,
                "shut",
                str(case.application.company),
                _("撤回申请"),
                moment_text(case.closed_at),
            )
        )
    events.sort(key=lambda event: event.at or timezone.now(), reverse=True)
    return [*_awaited(tasks), *events]


def _awaited(tasks: list[Task]) -> list[Event]:
    return [
        Event(
            None,
            "now",
            str(task.department),
            _("%(stage)s·待办理") % {"stage": task.stage},
            _("%(day)s前") % {"day": day_text(task.due_on)} if task.due_on else "",
        )
        for task in tasks
        if task.state == TaskState.OPEN
    ]


def _said(opinion: Opinion, *, for_company: bool) -> Event:
    """What a department said. What departments tell each other in the joint review, and who
    said it, stays between them."""
    stage = opinion.task.stage
    if for_company and stage.kind == StageKind.JOINT:
        return Event(
            opinion.at,
            "pass",
            str(opinion.task.department),
            _("%(stage)s·已出具意见") % {"stage": stage},
            moment_text(opinion.at),
        )
    verdict = Verdict(opinion.verdict)
    cut = _is_cut(opinion)
    return Event(
        opinion.at,
        KINDS[verdict],
        str(opinion.task.department),
        str(stage) if for_company else f"{stage}·{opinion.signature}",
        moment_text(opinion.at),
        "warn" if cut else KINDS[verdict],
        _("同意，核减金额") if cut else said(stage.kind, verdict),
        "\n".join(filter(None, [_amounts(opinion), opinion.text])),
    )


def _judged(judgement: CreditJudgement, *, for_company: bool) -> Event:
    """That an entry was judged. What was repaired since is not named any more."""
    entry = judgement.entry
    repaired = entry.repaired_on is not None and entry.repaired_on <= timezone.localdate()
    name = "" if repaired else entry.named
    return Event(
        judgement.at,
        "warn" if judgement.matters else "pass",
        _("信用记录") if for_company else str(judgement.by),
        name,
        moment_text(judgement.at),
        "warn" if judgement.matters else "pass",
        judgement.verdict,
        "" if for_company or repaired else judgement.text,
    )


def _stood_back(recusal: Recusal) -> Event:
    return Event(
        recusal.at,
        "shut",
        str(recusal.person),
        _("申请回避"),
        moment_text(recusal.at),
        text=recusal.reason,
    )


def _is_cut(opinion: Opinion) -> bool:
    """Whether the amounts are less than the answer that was in view."""
    if not opinion.amounts or opinion.receipt is None:
        return False
    payable = {claim["id"]: claim["payable"] for claim in opinion.receipt.answer["claims"]}
    return any(
        Decimal(amount) < Decimal(payable[claim]) for claim, amount in opinion.amounts.items()
    )


def _amounts(opinion: Opinion) -> str:
    if not opinion.amounts:
        return ""
    total = yuan(sum((Decimal(amount) for amount in opinion.amounts.values()), Decimal(0)))
    if opinion.task.stage.kind == StageKind.DETERMINATION:
        return _("核定金额 %(amount)s 元") % {"amount": total}
    return _("建议金额 %(amount)s 元") % {"amount": total}


def _filed(filed: list[Entry], opinions: list[Opinion], company: str) -> list[Event]:
    events = []
    for entry in filed:
        if entry.action == "application.submitted":
            events.append(Event(entry.at, "pass", company, _("提交申请"), moment_text(entry.at)))
            continue
        returned = [
            opinion.at
            for opinion in opinions
            if opinion.verdict == Verdict.RETURN and opinion.at < entry.at
        ]
        start = timezone.localdate(max(returned, default=entry.at))
        end = timezone.localdate(entry.at)
        events.append(
            Event(
                entry.at,
                "pause",
                company,
                _("补正后再次提交，计时暂停 %(days)s 个工作日")
                % {"days": workdays_between(start, end)},
                span_text(start, end),
            )
        )
    return events


def _published(entry: PublicNoticeEntry, opinions: list[Opinion]) -> Event:
    """A case goes onto its notice with the opinion that ended the stage before."""
    notice = entry.notice
    before = [
        opinion.at
        for opinion in opinions
        if opinion.round == entry.round and opinion.task.stage.kind != StageKind.APPROVAL
    ]
    return Event(
        max(before, default=None),
        "pass" if notice.closed_at else "now",
        str(notice.department),
        _("公示，拟补助 %(amount)s 元") % {"amount": yuan(entry.amount)},
        span_text(notice.starts_on, notice.ends_on),
        "pass" if notice.closed_at else "now",
        _("期满") if notice.closed_at else _("公示中"),
    )


def _money(award: Award) -> list[Event]:
    events = []
    notice = getattr(award, "notice", None)
    if notice and notice.rendered_at:
        events.append(
            Event(
                notice.rendered_at,
                "pass",
                notice.content["department"],
                _("签发兑现通知书 %(number)s") % {"number": notice.number},
                moment_text(notice.rendered_at),
            )
        )
    if award.paid_on:
        paid = award.entries.filter(kind="pay").order_by("-pk").first()
        events.append(
            Event(
                paid.at if paid else None,
                "pass",
                _("财政"),
                _("拨付 %(amount)s 元") % {"amount": yuan(award.payable)},
                day_text(award.paid_on),
            )
        )
    return events


def _given_back(award: Award) -> list[Event]:
    return [
        Event(
            entry.at,
            "pass",
            _("财政"),
            _("收到退回 %(amount)s 元") % {"amount": yuan(entry.amount)},
            moment_text(entry.at),
        )
        for entry in award.entries.filter(kind=EntryKind.RETURN).order_by("-pk")
    ]


def _asked_back(demand: Demand) -> Event:
    return Event(
        demand.decided_at,
        "warn",
        _("财政"),
        _("决定追回 %(amount)s 元") % {"amount": yuan(demand.amount)},
        moment_text(demand.decided_at),
        text=demand.reason,
    )
