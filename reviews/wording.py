"""What pages call a stage's verdicts, and how they write a day."""

from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.fields import ChoiceLabel
from reviews.models import StageKind, Verdict
from subsidies.applications.enums import Status

Text = str | Promise

# On each stage the verdicts in the order they are offered: what one chooses.
CHOICES: dict[StageKind, dict[Verdict, Text]] = {
    StageKind.ACCEPTANCE: {
        Verdict.AGREE: pgettext_lazy("verdict", "受理"),
        Verdict.RETURN: _("退回补正"),
        Verdict.REJECT: _("不予受理"),
    },
    StageKind.REVIEW: {
        Verdict.AGREE: _("初审通过"),
        Verdict.RETURN: _("退回补正"),
        Verdict.REJECT: _("不予通过"),
    },
    StageKind.JOINT: {
        Verdict.AGREE: _("同意"),
        Verdict.DISAGREE: _("不同意"),
    },
    StageKind.DETERMINATION: {
        Verdict.AGREE: _("同意，按下面的金额审定"),
        Verdict.RETURN: _("退回补正"),
        Verdict.REJECT: _("不予通过"),
    },
    StageKind.FINANCE: {
        Verdict.AGREE: _("复核通过"),
        Verdict.REDETERMINE: _("退回审定"),
        Verdict.RETURN: _("退回补正"),
    },
    StageKind.PUBLIC_NOTICE: {},
    StageKind.APPROVAL: {
        Verdict.AGREE: _("批准，签发兑现通知书"),
        Verdict.REDETERMINE: _("退回审定"),
        Verdict.RETURN: _("退回补正"),
        Verdict.REJECT: _("不予批准"),
    },
}
NOTES: dict[Verdict, Text] = {
    Verdict.DISAGREE: _("写明理由，由主办部门审定时一并考虑"),
    Verdict.RETURN: _("一次写清全部问题，计时暂停"),
    Verdict.REDETERMINE: _("由主办部门重新核定金额，不用企业补正"),
    Verdict.REJECT: _("写明理由和依据的条款，办结"),
}
# What is said of a verdict that was given.
SAID: dict[tuple[StageKind, Verdict], Text] = {
    (StageKind.ACCEPTANCE, Verdict.AGREE): _("已受理"),
    (StageKind.ACCEPTANCE, Verdict.REJECT): _("不予受理"),
    (StageKind.REVIEW, Verdict.AGREE): _("通过"),
    (StageKind.DETERMINATION, Verdict.AGREE): _("同意审定"),
    (StageKind.FINANCE, Verdict.AGREE): _("复核通过"),
    (StageKind.APPROVAL, Verdict.AGREE): pgettext_lazy("verdict", "批准"),
    (StageKind.APPROVAL, Verdict.REJECT): _("不予批准"),
}
# The kind of `components/status.html` of a verdict.
KINDS = {
    Verdict.AGREE: "pass",
    Verdict.DISAGREE: "warn",
    Verdict.RETURN: "pause",
    Verdict.REDETERMINE: "warn",
    Verdict.REJECT: "fail",
}
UNDER_WAY = {
    StageKind.ACCEPTANCE: _("待受理"),
    StageKind.REVIEW: _("初审中"),
    StageKind.JOINT: _("联审中"),
    StageKind.DETERMINATION: _("审定中"),
    StageKind.FINANCE: _("财政复核中"),
    StageKind.PUBLIC_NOTICE: pgettext_lazy("stage", "公示中"),
    StageKind.APPROVAL: _("待批准"),
}


def choices(kind: StageKind, notes: dict[Verdict, str]) -> list[tuple[str, str]]:
    """The verdicts of a stage for a form; `notes` says more about some of them here."""
    return [
        (
            verdict.value,
            ChoiceLabel(str(name), note=notes.get(verdict) or str(NOTES.get(verdict, ""))),
        )
        for verdict, name in CHOICES[kind].items()
    ]


def said(kind: str, verdict: str) -> str:
    stage, given = StageKind(kind), Verdict(verdict)
    return str(SAID.get((stage, given), given.label))


def status_of(status: str, stage_kind: str | None) -> str:
    """Where an application stands, by its stage while it is under review."""
    if status in (Status.SUBMITTED, Status.IN_REVIEW) and stage_kind:
        return str(UNDER_WAY[StageKind(stage_kind)])
    return str(Status(status).label)


def day_text(day: date) -> str:
    """`3 月 4 日`; with its year where it is not this year's."""
    if day.year == timezone.localdate().year:
        return date_format(day, gettext("n 月 j 日"))
    return date_format(day, gettext("Y 年 n 月 j 日"))


def moment_text(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{day_text(local.date())} {local:%H:%M}"


def span_text(first: date, last: date) -> str:
    return day_text(first) if first == last else f"{day_text(first)}—{day_text(last)}"
