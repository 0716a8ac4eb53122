"""Whom one lets do one's work, and when."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.fields import DayInput
from accounts.models import OFFICERS, Appointment, Role, StandIn, User
from accounts.stand_ins.services import give_stand_in


class AppointmentChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.department}·{obj.get_role_display()}·{obj.user}"


class DeputyChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        places = dict.fromkeys(str(each.department) for each in obj.appointments.all())
        return f"{obj}（{'、'.join(places)}）"


class StandInForm(forms.Form):
    """The person's own appointments; to a security officer all of the district's."""

    use_required_attribute = False

    appointment = AppointmentChoice(
        Appointment.objects.none(),
        label=_("哪个岗位的工作"),
        error_messages={"required": _("请选择岗位"), "invalid_choice": _("请选择列出的岗位")},
    )
    deputy = DeputyChoice(
        User.objects.none(),
        label=_("请谁代办"),
        help_text=_("委托人或代办人已作过结论的办件，仍须由另一人办理。"),
        error_messages={"required": _("请选择代办人"), "invalid_choice": _("请选择列出的人员")},
    )
    starts_on = forms.DateField(
        label=_("从"), widget=DayInput, error_messages={"required": _("请填写开始日期")}
    )
    ends_on = forms.DateField(
        label=_("到（含当日）"), widget=DayInput, error_messages={"required": _("请填写结束日期")}
    )
    reason = forms.CharField(
        label=_("原因"),
        max_length=200,
        help_text=_("如出差、休假、培训"),
        error_messages={"required": _("请写明委托的原因，如出差、休假。")},
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.user = user
        today = timezone.localdate()
        lent = Appointment.objects.between(today, None).exclude(role__in=OFFICERS)
        kept = user.district_ids(Role.SECURITY_OFFICER)
        lent = lent.filter(department__district__in=kept) if kept else lent.filter(user=user)
        lent = lent.select_related("user", "department").order_by("department", "role", "pk")
        districts = {each.department.district_id for each in lent}
        # Read here: as one query with the people it is slow where the planner guesses wrong.
        held = Appointment.objects.between(today, None).exclude(role__in=OFFICERS)
        in_office = set(
            held.filter(department__district__in=districts).values_list("user", flat=True)
        )
        people = (
            User.objects.filter(is_active=True, pk__in=in_office - {user.pk})
            .prefetch_related("appointments__department")
            .order_by("name", "pk")
        )
        if len(lent) == 1:
            # Nothing to choose; of several none is chosen by not looking.
            self.fields["appointment"].empty_label = None  # type: ignore[attr-defined]
        self.fields["appointment"].queryset = lent  # type: ignore[attr-defined]
        self.fields["deputy"].queryset = people  # type: ignore[attr-defined]
        for name in ("starts_on", "ends_on"):
            self.fields[name].width = "w-date"  # type: ignore[attr-defined]
            self.fields[name].error_messages["invalid"] = _("请写成年-月-日，如 2026-06-30")
        self.fields["starts_on"].initial = today

    def give(self) -> StandIn:
        """Hand it to the service, which may refuse."""
        return give_stand_in(**self.cleaned_data, by=self.user)
