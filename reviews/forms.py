"""The decision beside a case, and the declaration of a conflict."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.fields import MoneyField
from companies.models import CreditEntry
from outbox.services import mail_language
from reviews import receipts, services
from reviews.casefile import CaseFile
from reviews.credit import REASON_LENGTH
from reviews.models import Opinion, StageKind, Task, TaskState, Verdict
from reviews.wording import choices
from subsidies.models import Claim
from subsidies.money import yuan


class JudgementForm(forms.Form):
    """Whether a credit entry that the rules leave to people matters, and why."""

    use_required_attribute = False

    matters = forms.ChoiceField(
        label=gettext_lazy("是否影响兑现"),
        widget=forms.RadioSelect,
        choices=[("no", gettext_lazy("不影响")), ("yes", gettext_lazy("影响"))],
        error_messages={"required": gettext_lazy("请选择这条信用记录是否影响兑现")},
    )
    text = forms.CharField(
        label=gettext_lazy("理由"),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=REASON_LENGTH,
        error_messages={"required": gettext_lazy("请写明判断的理由，留作审计依据")},
    )

    def __init__(self, entry: CreditEntry, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", "prefix": f"entry-{entry.pk}", **kwargs})


class DecisionForm(forms.Form):
    """Verdict, amounts where the stage sets them, and the opinion. What is possible in the end
    the service says; this only asks."""

    use_required_attribute = False

    def __init__(self, file: CaseFile, task: Task, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.file = file
        self.task = task
        self.kind = StageKind(task.stage.kind)
        verdict = self.data.get("verdict")
        agrees = verdict == Verdict.AGREE
        self.claims = file.claims if self.kind in services.SETS_AMOUNTS else []
        self.fields["verdict"] = forms.ChoiceField(
            label=_("结论"),
            widget=forms.RadioSelect,
            choices=choices(self.kind, self._notes()),
            error_messages={"required": _("请选择结论")},
        )
        for claim in self.claims:
            self.fields[self.amount_name(claim)] = self._amount_field(
                claim, required=agrees or not verdict
            )
        self.fields["text"] = text = forms.CharField(
            label=_("意见"),
            required=bool(verdict) and not agrees,
            error_messages={"required": _("请写明理由，企业和其他部门要据此办理")},
            widget=forms.Textarea(attrs={"rows": 4}),
            max_length=2000,
            help_text=_("供主办部门审定时参考，企业看不到。")
            if self.kind == StageKind.JOINT
            else " ".join(filter(None, [_("企业看得到，请写事实和依据。"), self._on_the_cut()])),
        )
        text.required_when = (  # type: ignore[attr-defined]
            _("（核减、退回或不予通过时必填）") if self.claims else _("（不同意或退回时必填）")
        )

    @staticmethod
    def amount_name(claim: Claim) -> str:
        return f"amount_{claim.pk}"

    def _notes(self) -> dict[Verdict, str]:
        """What agreeing leads to; where it will be refused, that."""
        summary = self.file.summary
        if self.kind in services.NEEDS_ELIGIBLE and summary.kind in ("fail", "unknown"):
            return {Verdict.AGREE: _("%(checks)s，现在不能同意") % {"checks": summary.text}}
        if self.kind in services.NEEDS_ELIGIBLE and any(row.obstacle for row in self.file.credit):
            return {Verdict.AGREE: _("有信用记录没有判断或影响兑现，现在不能同意")}
        following = self.file.next_stage
        if not following:
            return {}
        others = [
            str(task.department)
            for task in self.file.tasks
            if task.state == TaskState.OPEN and task.pk != self.task.pk
        ]
        if others:
            return {
                Verdict.AGREE: _("还等%(departments)s的意见，收齐后进入%(stage)s")
                % {"departments": _("、").join(others), "stage": following}
            }
        return {Verdict.AGREE: _("进入%(stage)s") % {"stage": following}}

    def _amount_field(self, claim: Claim, *, required: bool) -> forms.Field:
        most = self._most(claim)
        several = len(self.claims) > 1
        label = _("核定金额") if self.kind == StageKind.DETERMINATION else _("建议金额")
        hints = []
        if most is not None:
            hints.append(_("不多于测算 %(most)s 元，改小须写明理由") % {"most": yuan(most)})
        proposed = self._proposed(claim)
        if proposed is not None:
            hints.append(_("初审建议 %(amount)s 元") % {"amount": yuan(proposed)})
        initial = proposed if proposed is not None else most
        if most is not None and initial is not None:
            initial = min(initial, most)
        return MoneyField(
            label=f"{label}·{claim}" if several else label,
            help_text=_("，").join(hints),
            initial=initial or None,
            required=required,
            error_messages={"required": _("请填写金额")},
            echo="words",
        )

    def _most(self, claim: Claim) -> Decimal | None:
        if self.file.receipt is None:
            return None
        answer = receipts.answers_of(self.file.receipt).get(claim.pk)
        return Decimal(answer["payable"]) if answer and answer["payable"] is not None else None

    def _proposal(self) -> Opinion | None:
        """What the first review said in this round to the amounts."""
        if self.kind != StageKind.DETERMINATION:
            return None
        for opinion in self.file.opinions:
            stage = opinion.task.stage.kind
            if stage == StageKind.REVIEW and opinion.round == self.file.case.round:
                return opinion
        return None

    def _proposed(self, claim: Claim) -> Decimal | None:
        proposal = self._proposal()
        amount = proposal.amounts.get(str(claim.pk)) if proposal else None
        return Decimal(amount).quantize(Decimal("0.01")) if amount else None

    def _cut(self) -> Opinion | None:
        """The first review's opinion, where it proposes less than the answer."""
        less = (
            proposed < most
            for claim in self.claims
            if (proposed := self._proposed(claim)) and (most := self._most(claim))
        )
        return self._proposal() if any(less) else None

    def _on_the_cut(self) -> str:
        if cut := self._cut():
            return _("维持初审的核减可以不写，即沿用初审的理由：%(reason)s") % {"reason": cut.text}
        return ""

    def clean(self) -> dict[str, Any]:
        """Whoever keeps the cut of the first review and says nothing names its reason."""
        data = self.cleaned_data
        if data.get("text") == "" and (cut := self._cut()):
            kept = (data.get(self.amount_name(row)) == self._proposed(row) for row in self.claims)
            if all(kept):
                with mail_language():
                    data["text"] = _("同意初审的核减：%(reason)s") % {"reason": cut.text}
        return data

    def amounts(self) -> dict[int, Decimal] | None:
        if not self.claims or self.cleaned_data["verdict"] != Verdict.AGREE:
            return None
        return {claim.pk: self.cleaned_data[self.amount_name(claim)] for claim in self.claims}

    def decide(self, *, revision: int) -> Opinion:
        """Hand it to the service, which may refuse."""
        return services.decide(
            self.task,
            Verdict(self.cleaned_data["verdict"]),
            by=self.file.user,
            revision=revision,
            text=self.cleaned_data["text"],
            amounts=self.amounts(),
        )


class RecusalForm(forms.Form):
    """Why one takes no part in a case."""

    use_required_attribute = False
    prefix = "recusal"

    reason = forms.CharField(
        label=gettext_lazy("回避的理由"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=500,
        help_text=gettext_lazy("如与企业有利害关系。登记后不能撤回，本件由同部门的其他人办理。"),
        error_messages={"required": gettext_lazy("请写明回避的理由，如与企业有利害关系。")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
