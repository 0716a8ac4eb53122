"""The stages of a case as people see them: what is done, by whom, what comes."""

from dataclasses import dataclass, field
from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _

from reviews import deadlines, services
from reviews.models import (
    Case,
    Opinion,
    PublicNoticeEntry,
    Stage,
    StageKind,
    Task,
    TaskState,
    Verdict,
    Where,
)
from reviews.wording import day_text, span_text
from subsidies.applications.enums import Status


@dataclass(frozen=True)
class Sub:
    """One department's share of a stage."""

    kind: str
    text: str


@dataclass(frozen=True)
class Stop:
    """One stage, as `components/track.html` takes it."""

    state: str
    name: str
    meta: str = ""
    subs: list[Sub] = field(default_factory=list)


class Track:
    """Built from what the page has loaded; `names_people` is for officials only."""

    def __init__(
        self,
        case: Case,
        tasks: list[Task],
        opinions: list[Opinion],
        entries: list[PublicNoticeEntry],
        *,
        names_people: bool,
    ) -> None:
        self.case = case
        self.tasks = tasks
        self.opinions = opinions
        self.entries = entries
        self.names_people = names_people
        self.status = case.application.status
        self.today = timezone.localdate()

    def stops(self) -> list[Stop]:
        here = self._position()
        return [
            self._stop(stage, here)
            for stage in self.case.route.stages.all()
            if stage.where == Where.NOBODY or services.departments(self.case, stage)
        ]

    def _position(self) -> int:
        """Where the case is, or where it ended."""
        if self.case.stage:
            return self.case.stage.position
        if self.status == Status.APPROVED:
            return 1 + max(stage.position for stage in self.case.route.stages.all())
        reached = [task.stage.position for task in self.tasks if task.round == self.case.round]
        return max(reached, default=0)

    def _stop(self, stage: Stage, here: int) -> Stop:
        if stage.position > here:
            return Stop("next", str(stage), self._to_come(stage))
        if stage.position < here:
            return Stop("done", str(stage), *self._done(stage))
        if self.status == Status.WITHDRAWN:
            return Stop("next", str(stage), _("企业已撤回"))
        if self.status == Status.RETURNED:
            return Stop("pause", str(stage), _("等企业补正"))
        if self.status == Status.REJECTED:
            return Stop("fail", str(stage), *self._done(stage))
        return Stop("now", str(stage), *self._under_way(stage))

    def _to_come(self, stage: Stage) -> str:
        if stage.kind == StageKind.PUBLIC_NOTICE:
            return _("%(days)s 个工作日") % {"days": stage.days}
        return _("、").join(map(str, services.departments(self.case, stage)))

    def _done(self, stage: Stage) -> tuple[str, list[Sub]]:
        if stage.kind == StageKind.PUBLIC_NOTICE:
            return self._notice_span(), []
        rows = [opinion for opinion in self.opinions if opinion.task.stage_id == stage.pk]
        # Opinions of an earlier round stand where the stage was not gone through again.
        last = max((opinion.round for opinion in rows), default=0)
        rows = [opinion for opinion in rows if opinion.round == last]
        if len(rows) == 1:
            return self._by(rows[0]), []
        return "", [
            Sub(
                "pass" if opinion.verdict == Verdict.AGREE else "warn",
                str(opinion.task.department),
            )
            for opinion in rows
        ]

    def _by(self, opinion: Opinion) -> str:
        who = opinion.signature if self.names_people else opinion.task.department
        return f"{who}·{day_text(timezone.localdate(opinion.at))}"

    def _under_way(self, stage: Stage) -> tuple[str, list[Sub]]:
        if stage.kind == StageKind.PUBLIC_NOTICE:
            return self._notice_span(), []
        tasks = [
            task
            for task in self.tasks
            if task.stage_id == stage.pk and task.round == self.case.round
        ]
        if len(tasks) == 1:
            return str(tasks[0].department), []
        return "", [
            Sub("pass", str(task.department))
            if task.state == TaskState.DONE
            else Sub("todo", f"{task.department}{self._left(task.due_on)}")
            for task in tasks
        ]

    def _left(self, due_on: date | None) -> str:
        if due_on is None:
            return ""
        left = deadlines.days_left(self.today, [due_on])[due_on]
        if left < 0:
            return _("，已超期")
        if left == 0:
            return _("，今日到期")
        return _("，剩 %(days)s 天") % {"days": left}

    def _notice_span(self) -> str:
        if not self.entries:
            return ""
        notice = self.entries[-1].notice
        return span_text(notice.starts_on, notice.ends_on)
