"""Whom one lets do one's work, and when."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

from django import forms
from django.db.models import Prefetch
from django.forms.models import ModelChoiceIterator
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.fields import DayInput
from accounts.models import OFFICERS, Appointment, Department, Role, StandIn, User
from accounts.stand_ins.services import give_stand_in


class DepartmentIterator(ModelChoiceIterator):
    """The choices under the names of their departments."""

    field: "ChoiceByDepartment"

    def __iter__(self) -> Iterator[Any]:
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        groups: dict[Department, list[Any]] = defaultdict(list)
        for row in self.queryset:
            groups[self.field.department_of(row)].append(self.choice(row))
        for department in sorted(groups, key=lambda each: (each.district_id, each.code)):
            yield str(department), groups[department]


class ChoiceByDepartment(forms.ModelChoiceField):
    iterator = DepartmentIterator

    def department_of(self, row: Any) -> Department:
        return row.department


class AppointmentChoice(ChoiceByDepartment):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.get_role_display()}·{obj.user}"


class DeputyChoice(ChoiceByDepartment):
    """People with their offices, and what that means for the one that is lent, where there is
    only one."""

    lent: Appointment | None = None

    def department_of(self, row: Any) -> Department:
        return row.appointments.all()[0].department

    def label_from_instance(self, obj: Any) -> str:
        today = timezone.localdate()
        held = [each for each in obj.appointments.all() if _is_held_on(each, today)]
        places = dict.fromkeys(f"{each.department}·{each.get_role_display()}" for each in held)
        label = gettext("%(name)s（%(role)s）") % {
            "name": obj,
            "role": gettext("、").join(places),
        }
        if self.lent is None:
            return label
        same = [each for each in held if each.department_id == self.lent.department_id]
        if any(each.role == self.lent.role for each in same):
            return label + gettext("：同部门同岗位，办过的件不能代办")
        if same:
            return label + gettext("：同部门，办过的件不能代办")
        return label


def _is_held_on(appointment: Appointment, day: date) -> bool:
    return appointment.starts_on <= day and (
        appointment.ends_on is None or day <= appointment.ends_on
    )


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
        help_text=_(
            "两人中任何一人已作过结论、申请过回避的办件，或其中一人所属企业的办件，"
            "仍须由第三人办理。别的部门的人一般没有办过这些件。"
        ),
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
        held = (
            Appointment.objects.between(today, None)
            .exclude(role__in=OFFICERS)
            .filter(department__district__in=districts)
        )
        in_office = set(held.values_list("user", flat=True))
        offices = held.select_related("department").order_by("pk")
        people = (
            User.objects.filter(is_active=True, pk__in=in_office - {user.pk})
            .prefetch_related(Prefetch("appointments", queryset=offices))
            .order_by("name", "pk")
        )
        if len(lent) == 1:
            # Nothing to choose; of several none is chosen by not looking.
            self.fields["appointment"].empty_label = None  # type: ignore[attr-defined]
            self.fields["deputy"].lent = lent[0]  # type: ignore[attr-defined]
        self.fields["appointment"].queryset = lent  # type: ignore[attr-defined]
        self.fields["deputy"].queryset = people  # type: ignore[attr-defined]
        for name in ("starts_on", "ends_on"):
            self.fields[name].width = "w-date"  # type: ignore[attr-defined]
            self.fields[name].error_messages["invalid"] = _("请写成年-月-日，如 2026-06-30")
        self.fields["starts_on"].initial = today

    def give(self) -> StandIn:
        """Hand it to the service, which may refuse."""
        return give_stand_in(**self.cleaned_data, by=self.user)
