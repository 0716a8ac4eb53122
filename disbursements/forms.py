"""Forms of finance."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.fields import DayField, MoneyField, TickField


class _FinanceForm(forms.Form):
    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})


class PaidForm(_FinanceForm):
    """The day on which the bank paid."""

    on = DayField(
        label=_("拨付日期"),
        help_text=_("银行回单上的日期，在复核之日和今天之间。"),
        error_messages={"required": _("请填写拨付日期")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = timezone.localdate


class CancelForm(_FinanceForm):
    """That the bank has not paid a batch whose list was downloaded."""

    is_unpaid = TickField(
        label=_("已与银行确认：本批次没有付款，也不会再付"),
        error_messages={"required": _("请先与银行确认没有付款，再打勾")},
    )
    unpaid = forms.CharField(
        label=_("确认经过"),
        max_length=200,
        help_text=_("与银行的哪一位、何时、怎样确认的；记入审计日志。"),
        error_messages={"required": _("请写明与银行的哪一位、何时确认的")},
    )


class FailureForm(_FinanceForm):
    """Why the bank did not pay."""

    failure = forms.CharField(
        label=_("退汇原因"),
        max_length=200,
        help_text=_("照银行的说明写，企业看得到。"),
        error_messages={"required": _("请填写退汇原因")},
    )


class ClawbackForm(_FinanceForm):
    """What a company is to give back, and why."""

    amount = MoneyField(
        label=_("应退金额"), error_messages={"required": _("请填写应退金额")}, echo="words"
    )
    reason = forms.CharField(
        label=_("追回原因"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("写明事实和依据，企业看得到。"),
        error_messages={"required": _("请填写追回原因")},
    )


class ReturnForm(_FinanceForm):
    """What came back."""

    amount = MoneyField(
        label=_("退回金额"), error_messages={"required": _("请填写退回金额")}, echo="words"
    )


class ResultsForm(_FinanceForm):
    """The table that the bank gave back."""

    upload = forms.FileField(
        label=_("文件"),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        error_messages={
            "required": _("请选择银行返回的文件"),
            "empty": _("这是空文件，请检查后重新上传"),
        },
    )
