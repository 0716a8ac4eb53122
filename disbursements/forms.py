"""Forms of finance."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from subsidies.fields import DayField


class PaidForm(forms.Form):
    """The day on which the bank paid."""

    use_required_attribute = False
    on = DayField(
        label=_("拨付日期"),
        help_text=_("银行回单上的日期，在复核之日和今天之间。"),
        error_messages={"required": _("请填写拨付日期")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.fields["on"].initial = timezone.localdate
