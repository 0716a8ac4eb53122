"""The vitals in words: each with its state and what to do."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from audit.models import Inspection, Subject
from operations import vitals
from operations.vitals import Vitals

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

# How old the last look may be: an hour and some for what is hourly, a day and some for the rest.
DAILY, HOURLY = timedelta(hours=26), timedelta(hours=2)
MAX_AGES = {
    Subject.LEDGER: DAILY,
    Subject.CHAIN: DAILY,
    Subject.RECEIPTS: DAILY,
    Subject.ANCHOR: HOURLY,
    Subject.BACKUP: DAILY,
}
REMEDIES: "dict[Subject, StrOrPromise]" = {
    Subject.LEDGER: gettext_lazy("查明差异并更正，再由财政或系统管理人员解除冻结（lift_freeze）。"),
    Subject.CHAIN: gettext_lazy("先保全数据库和锚定文件，再查明这一条之后谁动过数据。"),
    Subject.RECEIPTS: gettext_lazy("逐条查明原因并确认。"),
}
# How a first look comes about.
BY_BEAT = gettext_lazy("由定时进程（beat）按时核对。过了一天仍没有，请检查它是否在运行。")
BEGINNINGS: "dict[Subject, StrOrPromise]" = {
    Subject.BACKUP: gettext_lazy("请每天运行一次备份命令（backup）。"),
}


@dataclass(frozen=True)
class Sign:
    """One line of the page. `kind` as in components/status.html; `url` leads to more, `ask` is
    where to ask for a look at once."""

    name: str
    kind: str
    label: str
    detail: str = ""
    url: str = ""
    ask: str = ""


def signs(now: Vitals) -> list[Sign]:
    return [
        _queue(now),
        _dead(now),
        _beat(now),
        _redis(now),
        _disk(now),
        _freeze(now),
        _incidents(now),
        _anchor_mail(now),
        *(_inspection(subject, now.inspections.get(subject)) for subject in MAX_AGES),
        Sign(_("最近一次办理"), "info", _ago(now.last_act) if now.last_act else _("还没有")),
    ]


def _queue(now: Vitals) -> Sign:
    name = _("任务队列")
    length = ngettext("%(n)d 项未完成", "%(n)d 项未完成", now.queue) % {"n": now.queue}
    if now.oldest_job is None or now.oldest_job <= vitals.OLDEST_JOB:
        return Sign(name, "pass", _("正常"), length)
    waited = _("最早的一项已等待 %(n)d 秒") % {"n": now.oldest_job.total_seconds()}
    return Sign(name, "fail", waited, _("请检查后台进程（worker）是否在运行。") + length)


def _dead(now: Vitals) -> Sign:
    name, url = _("失败的任务"), reverse("failed_jobs")
    if not now.dead_jobs:
        return Sign(name, "pass", _("没有"), url=url)
    label = ngettext("%(n)d 项", "%(n)d 项", now.dead_jobs) % {"n": now.dead_jobs}
    return Sign(name, "fail", label, _("看最近的错误，排除原因后再试一次。"), url)


def _beat(now: Vitals) -> Sign:
    name = _("定时任务")
    if now.last_tick is None:
        return Sign(name, "unknown", _("还没有运行过"))
    if timezone.now() - now.last_tick <= vitals.OLDEST_TICK:
        return Sign(name, "pass", _("正常"))
    return Sign(name, "fail", _ago(now.last_tick), _("请检查定时进程（beat）是否在运行。"))


def _redis(now: Vitals) -> Sign:
    if now.redis:
        return Sign(_("消息队列（Redis）"), "pass", _("正常"))
    text = _("办理不受影响，任务在恢复后补做。请检查 Redis。")
    return Sign(_("消息队列（Redis）"), "fail", _("不通"), text)


def _disk(now: Vitals) -> Sign:
    label = _("剩余 %(n)d%%") % {"n": now.disk_free_percent}
    if now.disk_free_percent >= vitals.DISK_FREE_PERCENT:
        return Sign(_("磁盘"), "pass", label)
    return Sign(_("磁盘"), "fail", label, _("请清理或扩容，写满后不能再上传和办理。"))


def _freeze(now: Vitals) -> Sign:
    if not now.is_frozen:
        return Sign(_("批准"), "pass", _("正常"))
    return Sign(
        _("批准"), "fail", _("已冻结"), _("台账不平，更正并解除冻结前不能批准，也不能制单和复核。")
    )


def _incidents(now: Vitals) -> Sign:
    name, url = _("凭据异常"), reverse("incident_list")
    if not now.open_incidents:
        return Sign(name, "pass", _("没有"), url=url)
    label = ngettext("%(n)d 条", "%(n)d 条", now.open_incidents) % {"n": now.open_incidents}
    return Sign(name, "fail", label, str(REMEDIES[Subject.RECEIPTS]), url)


def _anchor_mail(now: Vitals) -> Sign:
    name = _("锚定邮件")
    if now.is_anchor_mailed:
        return Sign(name, "pass", _("正常"))
    text = _("请任命有邮箱的审计人员，或设置 AUDIT_ANCHOR_EMAIL：只存在本机的锚可能一并被改写。")
    return Sign(name, "warn", _("无人接收"), text)


def _inspection(subject: Subject, row: Inspection | None) -> Sign:
    name = str(subject.label)
    ask = reverse("ledger_reconcile") if subject == Subject.LEDGER else ""
    if row is None:
        return Sign(name, "unknown", _("尚未核对"), str(BEGINNINGS.get(subject, BY_BEAT)), ask=ask)
    if row.faults:
        detail = f"{row.first_fault} {REMEDIES.get(subject, '')}".strip()
        return Sign(name, "fail", _("有差异，%(ago)s") % {"ago": _ago(row.at)}, detail, ask=ask)
    counted = ngettext("共 %(n)d 条", "共 %(n)d 条", row.count) % {"n": row.count}
    detail = counted if row.count else ""
    kind = "pass" if timezone.now() - row.at <= MAX_AGES[subject] else "warn"
    return Sign(name, kind, _ago(row.at), detail, ask=ask)


def _ago(at: "datetime") -> str:
    return _("%(time)s前") % {"time": timesince(at)}
