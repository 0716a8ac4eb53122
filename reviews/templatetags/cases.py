"""How the states of an award and the acts of the chain are shown."""

from decimal import Decimal

from django import template
from django.apps import apps
from django.utils.translation import gettext_lazy as _

from reviews.models import StageKind, Verdict
from subsidies.applications import acts
from subsidies.ledger.models import AwardStatus
from subsidies.templatetags.money import wan_unit

register = template.Library()

AWARD_KINDS = {
    AwardStatus.GRANTED: "now",
    AwardStatus.NOTIFIED: "now",
    AwardStatus.SCHEDULED: "now",
    AwardStatus.PAID: "pass",
    AwardStatus.PAYMENT_FAILED: "fail",
    AwardStatus.CLAWBACK: "warn",
    AwardStatus.RETURNED: "shut",
    AwardStatus.CANCELLED: "shut",
}
ACTIONS = {
    **acts.WORDS,
    "case.credit_judged": _("判断信用记录"),
    "case.alert_raised": _("筛查发现结论有变"),
    "case.alert_handled": _("消除变化提醒"),
    "credit_rule.set": _("设定信用规则"),
    "public_notice.ended": _("公示期满"),
    "batch.made": _("制单"),
    "batch.approved": _("复核批次"),
    "batch.cancelled": _("作废批次"),
    "batch.downloaded": _("下载拨付清单"),
    "batch.paid": _("登记拨付"),
    "payment.failed": _("登记退汇"),
    "clawback.demanded": _("提出追回"),
    "clawback.confirmed": _("确认追回"),
    "clawback.dropped": _("撤销追回"),
    "clawback.received": _("登记退回"),
    "year.settled": _("年度结算"),
    "adjustment.agreed": _("同意调整"),
    "adjustment.dropped": _("放弃调整"),
    "company.account_changed": _("变更收款账户"),
    "company.account_asked": _("申请变更收款账户"),
    "company.account_withdrawn": _("撤回账户变更"),
    "company.account_checked": _("核对收款账户"),
    "company.account_confirmed": _("复核收款账户"),
    "company.account_refused": _("退回账户变更"),
    "company.profile_changed": _("修改企业资料"),
    "company.contact_added": _("添加联系人"),
    "company.contact_changed": _("修改联系人"),
    "company.contact_removed": _("删去联系人"),
    "file.added": _("存入材料库"),
    "file.described": _("标明文件种类和有效期"),
    "file.downloaded": _("下载企业文件"),
    "file.quarantined": _("隔离有病毒的文件"),
    "import.uploaded": _("上传导入表"),
    "import.confirmed": _("确认导入"),
    "import.written": _("写入导入的数据"),
    "import.discarded": _("放弃导入"),
    "import.downloaded": _("下载导入表"),
    "evidence.attached": _("附依据文件"),
    "evidence.dropped": _("解除依据文件"),
    "figure.declared": _("申报年度数据"),
    "figure.corrected": _("更正财政贡献"),
    "company.merged": _("合并企业"),
    "company.parted": _("撤销企业合并"),
    "registration.sent": _("提交企业登记"),
    "registration.confirmed": _("确认企业登记"),
    "registration.refused": _("退回企业登记"),
    "team.invited": _("邀请企业人员"),
    "team.invitation_revoked": _("撤销邀请"),
    "team.joined": _("接受邀请"),
    "team.changed": _("更改企业人员权限"),
    "team.ended": _("停用企业人员"),
    "configuration.added": _("新增配置"),
    "configuration.changed": _("修改配置"),
    "edition.published": _("发布政策版本"),
    "job.closed_as_sent": _("任务确认已发出"),
    "job.tried_again": _("任务再试一次"),
    "ledger.frozen": _("冻结批准"),
    "ledger.reconciliation_asked": _("要求对账"),
    "ledger.unfrozen": _("解除冻结"),
    "receipt.acknowledged": _("确认凭据异常"),
    "receipt.differs": _("凭据复算不一致"),
    "person.email_changed": _("更改邮箱"),
    "person.locked_out": _("登录锁定"),
    "person.password_changed": _("修改密码"),
    "person.recovery_code_used": _("使用恢复码"),
    "person.recovery_codes_added": _("生成恢复码"),
    "person.recovery_codes_removed": _("作废恢复码"),
    "person.recovery_codes_renewed": _("更换恢复码"),
    "person.second_factor_added": _("开启两步验证"),
    "person.second_factor_removed": _("关闭两步验证"),
    "person.sign_in_ended": _("结束别处的登录"),
    "person.sign_in_failed": _("登录失败"),
    "person.signed_in": _("登录"),
    "person.signed_out": _("退出"),
    "person.signed_up": _("注册账号"),
    "person.unlocked": _("解除登录锁定"),
    "case.recused": _("申请回避"),
    "stand_in.given": _("委托代办"),
    "stand_in.ended": _("终止委托"),
}


@register.filter
def action_name(action: str) -> str:
    """An act of the chain in words; `case.review.agree` is 初审·同意. Its code if it has none."""
    if action in ACTIONS:
        return str(ACTIONS[action])
    kind, __, verdict = action.removeprefix("case.").partition(".")
    if kind in StageKind.values and verdict in Verdict.values:
        return f"{StageKind(kind).label}·{Verdict(verdict).label}"
    return action


@register.filter
def thing_name(label: str) -> str:
    """What an act was about, by its model's label: `subsidies.application` is 申请."""
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except LookupError:
        return label


@register.filter
def award_kind(status: str) -> str:
    """The kind of `components/status.html` that an award's status has."""
    return AWARD_KINDS[AwardStatus(status)]


@register.filter
def paid_kind(status: str) -> str:
    """The glyph beside the payment of an award: to do until it is on its way."""
    if status in (AwardStatus.GRANTED, AwardStatus.NOTIFIED):
        return "todo"
    return award_kind(status)


@register.filter
def wan_exact(amount: Decimal) -> str:
    """Yuan as 万元 to the fen, as a list that is made public says it: `64.074073`."""
    exact = amount / wan_unit()
    two = exact.quantize(Decimal("0.01"))
    return f"{two if two == exact else exact.normalize():,f}"
