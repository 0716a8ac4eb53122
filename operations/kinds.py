"""What people call the kinds of jobs."""

from django.utils.translation import gettext_lazy as _

NAMES = {
    "audit.verify": _("校验审计链"),
    "accounts.send_way_back": _("发送找回账号的邮件"),
    "companies.check_import": _("检查导入的表格"),
    "companies.examine_file": _("查毒并生成预览"),
    "companies.mail_invitation": _("发送企业人员邀请"),
    "companies.write_import": _("写入导入的数据"),
    "mail": _("发送邮件"),
    "reviews.render_notice": _("生成兑现通知书"),
    "reviews.screen": _("核对办理结论与最新情况"),
    "subsidies.check_application": _("校验申请并留存凭据"),
    "subsidies.reconcile_now": _("台账对账"),
}


def kind_name(kind: str) -> str:
    """In words; its code if it has none."""
    return str(NAMES.get(kind, kind))
