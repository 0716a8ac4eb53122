"""The form of one claim, made from what its item asks."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.fields import ChoiceLabel, DayField, MoneyField, QuantityField, TickField
from subsidies.applications.services import ClaimInput
from subsidies.catalogue.amounts import amount_note
from subsidies.catalogue.models import Item, Level
from subsidies.catalogue.vocabulary import CLAIM_FACTS
from subsidies.rules.edition import SetOff
from subsidies.templatetags.money import yuan

SUPPORT_HINTS = {
    SetOff.OVERLAP: _("同一事项从市级或其他政策得到的补助，按从高、不重复扣除。没有就不填。"),
    SetOff.MUNICIPAL: _("同一事项得到的市级补助，会从本项中扣除。没有就不填。"),
    SetOff.JOINT: _("同一事项得到的市级补助，市、区两级合计不超过上限。没有就不填。"),
}
# Pairs of facts of which the first cannot be more than the second.
PARTS = [
    ("eligible_investment", "recognised_investment"),
    ("invested_in_district", "proceeds"),
]


class ClaimForm(forms.Form):
    """What a claim of an item needs: its level, the facts of that level, and what limits it.

    A calculator takes what is there; `ApplicationForm` wants it whole.
    """

    # An unfinished draft may be saved; what is missing is said by the page, not the browser.
    use_required_attribute = False

    def __init__(self, item: Item, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.item = item
        self.levels = {level.code: level for level in item.levels.all()}
        # A level's link to its item is the item at hand, not another query.
        for level in self.levels.values():
            level.item = item
        self.questions = {code: dict(level.claim_questions) for code, level in self.levels.items()}
        self.fields["level"] = self._level_field()
        if item.subject_label:
            self.fields["subject"] = forms.CharField(
                label=item.subject_label,
                max_length=120,
                help_text=_("与证书或备案文件一致，同一对象只申领一次。"),
            )
        for fact, question in self._all_questions().items():
            self.fields[fact] = self._fact_field(fact, question)
        self.fields["event_date"] = DayField(label=item.event_label)
        set_off = self._set_off()
        if set_off:
            self.fields["other_support"] = MoneyField(
                label=_("同一事项已得的其他补助"),
                help_text=SUPPORT_HINTS[set_off],
                required=False,
            )
        if set_off == SetOff.OVERLAP:
            self.fields["match_required"] = TickField(
                label=_("上级文件要求区级配套，已得的上级补助不扣除"), required=False
            )
        self._name_what_is_missing()

    def _level_field(self) -> forms.Field:
        return forms.ChoiceField(
            label=_("申领哪一档"),
            widget=forms.RadioSelect,
            choices=[
                (
                    code,
                    ChoiceLabel(
                        level.title,
                        note=gettext("。").join(
                            filter(None, [str(amount_note(level)), level.hint])
                        ),
                        amount=level.amount,
                        most=level.ceiling,
                    ),
                )
                for code, level in self.levels.items()
            ],
            initial=next(iter(self.levels)) if len(self.levels) == 1 else None,
            error_messages={"required": _("请选择申领哪一档")},
        )

    def _all_questions(self) -> dict[str, str]:
        """The questions of all levels; a level asks a part of them."""
        return {
            fact: question
            for questions in self.questions.values()
            for fact, question in questions.items()
        }

    def _fact_field(self, fact: str, question: str) -> forms.Field:
        field_class = QuantityField if fact == "quantity" else MoneyField
        everywhere = all(fact in questions for questions in self.questions.values())
        asking = [
            self.levels[code].title
            for code, questions in self.questions.items()
            if fact in questions
        ]
        hint = question
        if not everywhere:
            hint = gettext("%(question)s只有“%(levels)s”要填。") % {
                "question": question,
                "levels": gettext("”“").join(asking),
            }
        return field_class(label=CLAIM_FACTS[fact], help_text=hint, required=everywhere)

    def _set_off(self) -> SetOff | None:
        offs = [level.set_off for level in self.item.rules_item.levels.values() if level.set_off]
        return offs[0] if offs else None

    def _name_what_is_missing(self) -> None:
        for field in self.fields.values():
            if not isinstance(field, TickField | forms.ChoiceField):
                field.error_messages["required"] = gettext("请填写%(label)s") % {
                    "label": field.label
                }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        level = self.questions.get(data.get("level", ""), {})
        for fact in level:
            # A fact that other levels do not ask is no required field, but this level needs it.
            if data.get(fact) is None and fact not in self.errors:
                self.add_error(
                    fact, gettext("请填写%(label)s") % {"label": self.fields[fact].label}
                )
        for part, whole in PARTS:
            self._check_part(data, part, whole)
        if data.get("proceeds") == 0:
            self.add_error("proceeds", gettext("募集资金应大于 0，请核对"))
        return data

    def _check_part(self, data: Mapping[str, Any], part: str, whole: str) -> None:
        small, large = data.get(part), data.get(whole)
        if small is not None and large is not None and small > large:
            self.add_error(
                part,
                gettext("%(part)s不能大于%(whole)s %(amount)s 元")
                % {
                    "part": self.fields[part].label,
                    "whole": self.fields[whole].label,
                    "amount": yuan(large),
                },
            )

    @property
    def level(self) -> Level | None:
        return self.levels.get(self.cleaned_data.get("level", ""))

    def facts(self) -> dict[str, str]:
        """The facts that the chosen level uses, as the engine takes them."""
        asked = self.questions.get(self.cleaned_data.get("level", ""), {})
        values = {fact: self.cleaned_data.get(fact) for fact in asked}
        return {fact: str(value) for fact, value in values.items() if value is not None}

    def claim(self) -> ClaimInput:
        """The claim; call it when the form is valid."""
        level = self.level
        assert level is not None
        data = self.cleaned_data
        return ClaimInput(
            level=level,
            event_date=data["event_date"],
            subject=data.get("subject", ""),
            requested=data.get("requested"),
            other_support=data.get("other_support") or Decimal(0),
            match_required=data.get("match_required", False),
            facts=self.facts(),
        )

    def question(self, *, event_date: date | None = None) -> dict[str, Any] | None:
        """The claim as a question, from what is already right; None before a level is chosen.

        What is missing or wrong is left out, and the answer says what it waits for.
        """
        self.is_valid()
        data = self.cleaned_data
        day = data.get("event_date") or event_date
        if self.level is None or day is None:
            return None
        question: dict[str, Any] = {
            "id": "1",
            "item": self.item.code,
            "level": self.level.code,
            "event_date": day.isoformat(),
            "subject": data.get("subject", ""),
            "match_required": data.get("match_required", False),
            **self.facts(),
        }
        for name in ("requested", "other_support"):
            if data.get(name) is not None:
                question[name] = str(data[name])
        return question


class EstimateForm(ClaimForm):
    """The calculator on an item's page: nothing is kept, everything may be left out but the
    level. The name of what is rewarded only matters in a filing."""

    def __init__(self, item: Item, *args: Any, **kwargs: Any) -> None:
        super().__init__(item, *args, **kwargs)
        self.fields.pop("subject", None)


class ApplicationForm(ClaimForm):
    """The filing: the claim whole, the sum asked for, and the declaration."""

    def __init__(self, item: Item, *args: Any, **kwargs: Any) -> None:
        super().__init__(item, *args, **kwargs)
        self.fields["requested"] = MoneyField(
            label=_("申请金额"),
            help_text=_("可以少申请；不填则按测算结果申请。"),
            required=False,
            echo="words",
        )
        self.fields["declared"] = TickField(
            label=_("以上内容和材料真实、完整。如有虚报，愿意退回补助并承担相应责任。"),
            error_messages={"required": _("请勾选承诺：以上内容和材料真实、完整")},
        )

    @property
    def money_names(self) -> list[str]:
        names = ("other_support", "match_required", "requested")
        return [name for name in names if name in self.fields]

    @property
    def matter_names(self) -> list[str]:
        """The fields that say what was achieved."""
        return [name for name in self.fields if name not in (*self.money_names, "declared")]

    def matter_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.matter_names]

    def money_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.money_names]

    def clean_event_date(self) -> date:
        day: date = self.cleaned_data["event_date"]
        if day > timezone.localdate():
            raise forms.ValidationError(
                gettext("%(label)s %(day)s 还没有到，完成或取得认定之后才能提交")
                % {"label": self.fields["event_date"].label, "day": day}
            )
        return day

    def clean_requested(self) -> Decimal | None:
        amount: Decimal | None = self.cleaned_data["requested"]
        if amount == 0:
            raise forms.ValidationError(gettext("申请金额应大于 0；按测算结果申请时不用填"))
        return amount

    @classmethod
    def kept(cls, item: Item, data: Mapping[str, str]) -> dict[str, str]:
        """Of what was posted, what belongs to the form: kept as it was typed."""
        fields = cls(item).fields
        # PostgreSQL keeps no NUL in JSON.
        texts = {name: str(data[name]).replace("\0", "") for name in fields if name in data}
        return {name: text[:500] for name, text in texts.items() if text}
