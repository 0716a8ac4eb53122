"""What a company's file can be: a closed list, and the kind that a material's name tells."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class FileKind(models.TextChoices):
    FORM = "form", _("申请表、申报书")
    LICENCE = "licence", _("营业执照")
    PROMISE = "promise", _("信用承诺书")
    ACCOUNTS = "accounts", _("审计报告、财务报表")
    TAX = "tax", _("纳税证明")
    APPROVAL = "approval", _("项目备案、核准文件")
    CONTRACT = "contract", _("合同、协议")
    INVOICE = "invoice", _("发票")
    PAYMENT = "payment", _("付款、到账凭证")
    RECOGNITION = "recognition", _("认定、获奖文件")
    AUDIT = "audit", _("专项审计报告")
    EQUIPMENT = "equipment", _("设备清单、照片")
    STAFF = "staff", _("社保人数证明")
    ACCOUNT = "account", _("银行账户信息")
    RECEIPT = "receipt", _("收款收据")
    CREDIT = "credit", _("信用报告")
    OTHER = "other", _("其他")


# The first word found decides: 专项审计报告 is no 审计报告, 发票清单 no list of equipment.
WORDS: tuple[tuple[str, FileKind], ...] = (
    ("营业执照", FileKind.LICENCE),
    ("承诺", FileKind.PROMISE),
    ("信用报告", FileKind.CREDIT),
    ("社保", FileKind.STAFF),
    ("收据", FileKind.RECEIPT),
    ("账户", FileKind.ACCOUNT),
    ("专项审计", FileKind.AUDIT),
    ("审计报告", FileKind.ACCOUNTS),
    ("财务报表", FileKind.ACCOUNTS),
    ("纳税", FileKind.TAX),
    ("发票", FileKind.INVOICE),
    ("到账凭证", FileKind.PAYMENT),
    ("付款凭证", FileKind.PAYMENT),
    ("设备清单", FileKind.EQUIPMENT),
    ("合同", FileKind.CONTRACT),
    ("协议", FileKind.CONTRACT),
    ("备案", FileKind.APPROVAL),
    ("核准", FileKind.APPROVAL),
    ("批准", FileKind.APPROVAL),
    ("申报表", FileKind.FORM),
    ("申请表", FileKind.FORM),
    ("认定", FileKind.RECOGNITION),
    ("获", FileKind.RECOGNITION),
    ("评定", FileKind.RECOGNITION),
    ("入选", FileKind.RECOGNITION),
    ("列入", FileKind.RECOGNITION),
    ("证书", FileKind.RECOGNITION),
)


def kind_of(material: str) -> FileKind:
    return next((kind for word, kind in WORDS if word in material), FileKind.OTHER)
