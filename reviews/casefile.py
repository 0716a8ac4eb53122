"""Everything that the pages about one case show, each part read once and on demand."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Role, User
from audit.models import Entry
from companies.profile.access import sees_contribution
from reviews import deadlines, receipts, services
from reviews.credit import judgements_of, may_judge
from reviews.filing import FiledClaim, filed_claims
from reviews.history import Event, filings, history
from reviews.models import (
    Alert,
    Case,
    Opinion,
    PublicNotice,
    PublicNoticeEntry,
    Recusal,
    StageKind,
    Task,
    TaskState,
    Verdict,
)
from reviews.money_back import Demand, demands_on, how_to_give_back
from reviews.past import Past, past_of
from reviews.people import is_free
from reviews.screening import may_handle
from reviews.track import Stop, Track
from reviews.wording import day_text, status_of
from subsidies.applications.enums import Status
from subsidies.credit.findings import Finding, findings_of, with_people
from subsidies.ledger.models import AwardStatus
from subsidies.models import Attachment, Award, Claim, CreditJudgement, Receipt
from subsidies.money import yuan
from subsidies.templatetags.pages import application_kind


@dataclass(frozen=True)
class Panel:
    """A claim's answer with its title, where there are several."""

    title: str
    answer: dict[str, Any]
    ident: str


@dataclass(frozen=True)
class Concern:
    """What one should know before one decides."""

    kind: str
    title: str
    text: str


class CaseFile:
    """A case with its application, for an official or, `for_company`, for its own people."""

    def __init__(self, case: Case, user: User, *, for_company: bool = False) -> None:
        self.case = case
        self.application = case.application
        self.user = user
        self.for_company = for_company

    @cached_property
    def claims(self) -> list[Claim]:
        claims = list(self.application.claims.select_related("level"))
        for claim in claims:
            claim.level.item = self.application.item
        return claims

    @cached_property
    def tasks(self) -> list[Task]:
        return list(self.case.tasks.select_related("stage", "department").order_by("pk"))

    @cached_property
    def opinions(self) -> list[Opinion]:
        return list(
            self.case.opinions.select_related(
                "person", "on_behalf_of", "task__stage", "task__department", "receipt"
            )
        )

    @cached_property
    def recusals(self) -> list[Recusal]:
        return list(self.case.recusals.select_related("person"))

    @cached_property
    def public_notice_entries(self) -> list[PublicNoticeEntry]:
        return list(
            self.case.public_notice_entries.select_related("notice__department").order_by("pk")
        )

    @cached_property
    def filed(self) -> list[Entry]:
        return filings(self.application)

    @cached_property
    def awards(self) -> list[Award]:
        return list(
            Award.objects.filter(claim__application=self.application).select_related(
                "notice", "claim__level"
            )
        )

    @cached_property
    def demands(self) -> list[Demand]:
        return demands_on(self.awards)

    @property
    def owed(self) -> list[Demand]:
        """What the company still has to give back."""
        return [demand for demand in self.demands if demand.left]

    @property
    def how_to_give_back(self) -> str:
        return how_to_give_back(self.application)

    @cached_property
    def attachments(self) -> list[Attachment]:
        return list(self.application.attachments.select_related("file"))

    # What the engine says.

    @cached_property
    def receipt(self) -> Receipt | None:
        return self.application.latest_receipt

    @property
    def is_pending(self) -> bool:
        return receipts.is_pending(self.application, self.receipt)

    @cached_property
    def summary(self) -> receipts.Summary:
        return receipts.summary(self.application, self.claims, self.receipt, self._left_to_people)

    @cached_property
    def panels(self) -> list[Panel]:
        if self.receipt is None:
            return []
        answers = receipts.answers_of(self.receipt)
        if not sees_contribution(self.user, self.application.company):
            answers = {pk: receipts.without_contribution(entry) for pk, entry in answers.items()}
        answers = {pk: with_people(entry, self._left_to_people) for pk, entry in answers.items()}
        several = len(self.claims) > 1
        return [
            Panel(str(claim) if several else "", answers[claim.pk], f"answer-{claim.pk}")
            for claim in self.claims
            if claim.pk in answers
        ]

    # What is known against it.

    @cached_property
    def credit(self) -> list[Finding]:
        return findings_of(self.application)

    @property
    def is_over(self) -> bool:
        """Whether nothing that stands against the company can change its outcome any more."""
        paid = all(
            award.status in (AwardStatus.PAID, AwardStatus.CANCELLED) for award in self.awards
        )
        return self.case.closed_at is not None and paid

    @property
    def _left_to_people(self) -> list[dict[str, Any]]:
        """The credit entries as the answer is told with them: those of today as long as that
        matters, then those that its receipt rests on."""
        if self.is_over:
            return self.receipt.credit or [] if self.receipt else []
        return [row.as_kept() for row in self.credit]

    @property
    def in_the_way(self) -> str:
        """What the credit rules leave to people and keeps them from agreeing, also where every
        check passes; empty where nothing does."""
        if self.is_over:
            return ""
        if waiting := sum(row.is_open for row in self.credit):
            return ngettext(
                "%(n)d 条信用记录还没有判断，判断以前不能同意",
                "%(n)d 条信用记录还没有判断，判断以前不能同意",
                waiting,
            ) % {"n": waiting}
        if any(row.judgement and row.judgement.matters for row in self.credit):
            return _("有信用记录已判断为影响兑现，不能同意")
        return ""

    @property
    def who_judges(self) -> str:
        """Where, and by whom, the credit entries are judged that the rules leave to people."""
        here = self.case.stage
        stages = self.case.route.stages.filter(kind__in=services.NEEDS_ELIGIBLE)
        if here and not self.is_paused:
            # Corrected it begins again at the first of them.
            stages = stages.filter(position__gte=here.position)
        stage = stages.first() if here else None
        if stage is None:
            lead = self.application.item.leads[0]
            return _("由主办部门（%(department)s）在拨付以前判断。") % {"department": lead}
        names = _("、").join(map(str, services.departments(self.case, stage)))
        who = {"stage": stage, "departments": names, "role": stage.get_role_display()}
        if stage == here and not self.is_paused:
            return _("由%(departments)s（%(role)s）在现在的“%(stage)s”环节判断。") % who
        return _("现在不用判断；到“%(stage)s”环节由%(departments)s（%(role)s）判断。") % who

    @cached_property
    def judgements(self) -> list[CreditJudgement]:
        return judgements_of(self.application)

    @cached_property
    def alert(self) -> Alert | None:
        return self.case.alerts.open().select_related("receipt").first()

    @property
    def may_judge(self) -> bool:
        return may_judge(self.case, self.user)

    @property
    def may_handle(self) -> bool:
        return may_handle(self.case, self.user)

    # Where it stands.

    @property
    def status(self) -> str:
        stage = self.case.stage
        return status_of(self.application.status, stage.kind if stage else None)

    @property
    def status_kind(self) -> str:
        return application_kind(self.application.status)

    @property
    def is_paused(self) -> bool:
        return self.application.status == Status.RETURNED

    @cached_property
    def days(self) -> int | None:
        due_on = self.case.due_on
        return deadlines.days_left(timezone.localdate(), [due_on])[due_on] if due_on else None

    @cached_property
    def track(self) -> list[Stop]:
        return Track(
            self.case,
            self.tasks,
            self.opinions,
            self.public_notice_entries,
            names_people=not self.for_company,
        ).stops()

    @property
    def next_stage(self) -> str:
        """What follows the stage that the case is on; empty at the last one."""
        return next((stop.name for stop in self.track if stop.state == "next"), "")

    @cached_property
    def history(self) -> list[Event]:
        return history(
            self.case,
            self.tasks,
            self.opinions,
            self.public_notice_entries,
            self.recusals,
            self.filed,
            self.awards,
            self.demands,
            self.judgements,
            for_company=self.for_company,
        )

    @cached_property
    def facts(self) -> list[FiledClaim]:
        return filed_claims(self.application, self.claims, self.filed)

    @property
    def was_corrected(self) -> bool:
        return len(self.filed) > 1

    @property
    def last_filed(self) -> Entry | None:
        return self.filed[-1] if self.filed else None

    @cached_property
    def past(self) -> Past:
        years = [claim.policy_year for claim in self.claims]
        return past_of(self.application, years, self.user)

    @property
    def open_notice(self) -> PublicNotice | None:
        """The public notice that the case is on now."""
        stage = self.case.stage
        if stage is None or stage.kind != StageKind.PUBLIC_NOTICE:
            return None
        return next(
            (
                entry.notice
                for entry in self.public_notice_entries
                if entry.round == self.case.round
            ),
            None,
        )

    @property
    def last_word(self) -> Opinion | None:
        """What the company has to answer to, or why it was refused."""
        wanted = {Status.RETURNED: Verdict.RETURN, Status.REJECTED: Verdict.REJECT}.get(
            Status(self.application.status)
        )
        found = [opinion for opinion in self.opinions if opinion.verdict == wanted]
        return found[-1] if found else None

    @property
    def determined(self) -> Decimal | None:
        """What was settled, once it is; the company learns it with the public notice."""
        amounts = [claim.determined_amount for claim in self.claims]
        known = [amount for amount in amounts if amount is not None]
        return sum(known, Decimal(0)) if known and len(known) == len(amounts) else None

    # For whoever decides.

    @cached_property
    def task(self) -> Task | None:
        """The person's open task on the case."""
        return (
            Task.objects.for_user(self.user)
            .filter(case=self.case)
            .select_related("stage", "department")
            .first()
        )

    @property
    def principal(self) -> User | None:
        """On whose behalf the person would do the task."""
        if self.task is None:
            return None
        return self.user.principal(Role(self.task.role), department_id=self.task.department_id)

    @property
    def has_recused(self) -> bool:
        return any(recusal.person_id == self.user.pk for recusal in self.recusals)

    @property
    def may_recuse(self) -> bool:
        return (
            services.takes_conflicts(self.case)
            and not self.has_recused
            and self.user.has_role(*services.DECIDES)
        )

    @cached_property
    def concerns(self) -> list[Concern]:
        return [*self._against(), *self._less()]

    def _less(self) -> list[Concern]:
        less = self.summary.less
        requested, payable = self.summary.requested, self.summary.payable
        if not less or requested is None or payable is None:
            return []
        cuts = [
            step
            for panel in self.panels
            for step in panel.answer["steps"]
            if Decimal(step["cut"]) > 0
        ]
        why = ""
        if cuts and cuts[-1]["code"] == "formula":
            why = _("超过本档上限，")
        elif cuts:
            why = _("受“%(step)s”限制，") % {"step": cuts[-1]["name"]}
        return [
            Concern(
                "warn",
                _("测算比申请少 %(less)s 元") % {"less": yuan(less)},
                _(
                    "企业申请 %(requested)s 元，%(why)s最多可兑现 %(payable)s 元。"
                    "退回或通过时请向企业说明。"
                )
                % {"requested": yuan(requested), "why": why, "payable": yuan(payable)},
            )
        ]

    def _against(self) -> list[Concern]:
        """Departments that did not agree, in this round."""
        return [
            Concern(
                "warn",
                _("%(department)s不同意") % {"department": opinion.task.department},
                opinion.text,
            )
            for opinion in self.opinions
            if opinion.verdict == Verdict.DISAGREE and opinion.round == self.case.round
        ]

    @property
    def why_no_task(self) -> str:
        """Why the person has nothing to decide here now; to the company, what it waits for."""
        if self.case.stage is None:
            return _("本件已办结：%(status)s。") % {"status": self.status}
        if self.is_paused and self.for_company:
            return _("请按退回的原因补正后再次提交，计时已暂停。")
        if self.is_paused:
            return _("已退回企业补正，计时暂停。企业再次提交后继续办理。")
        if self.open_notice:
            return _("正在公示，%(day)s期满后自动进入下一环节。") % {
                "day": day_text(self.open_notice.ends_on)
            }
        waiting = [task for task in self.tasks if task.state == TaskState.OPEN]
        if self.for_company:
            names = _("、").join(str(task.department) for task in waiting)
            return _("现在由%(names)s办理，办完后自动进入下一环节。") % {"names": names}
        if self.has_recused:
            return _("您已申请回避本件，由同部门的其他人办理。")
        mine = [
            task
            for task in waiting
            if self.user.has_role(Role(task.role), department_id=task.department_id)
        ]
        standing = self.case.opinions.standing()
        if mine and standing.by_any([self.user]).exists():
            return _("您已在本件的其他环节作过结论，本环节由同部门的另一人办理。")
        for task in mine:
            principal = self.user.principal(Role(task.role), department_id=task.department_id)
            if principal and not is_free(self.case, principal):
                return _("您代办的%(principal)s不能办理本件，本环节由同部门的另一人办理。") % {
                    "principal": principal
                }
        names = _("、").join(
            _("%(name)s（%(role)s）") % {"name": task.department, "role": task.get_role_display()}
            for task in waiting
        )
        return _("现在由%(names)s办理。") % {"names": names}
