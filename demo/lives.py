"""The lives of the demo's applications, act by act, each in its hour.

A life is a row of acts, told from its end: when the last act happened says when the first did.
All lives are led side by side, the earliest act of all first, so that numbers, ledger and audit
chain grow in the order of time.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from random import Random

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Appointment, User
from accounts.refusals import NotAllowed, Refused
from demo.clock import Clock
from demo.files import small_pdf
from demo.filings import Filing
from demo.people import IN_OFFICE_SINCE
from demo.workdays import Workdays
from outbox import services as outbox
from outbox.models import Job, State
from reviews import services as reviews
from reviews.models import Notice, StageKind, Task, Verdict
from subsidies.applications import services as applications
from subsidies.models import Application

NOTICE_DAYS = 5
RENDERING = "reviews.render_notice"
MATERIALS_NAME = "申报材料.pdf"
CONSENTS = {
    StageKind.ACCEPTANCE: ("材料齐全，予以受理。", "材料齐全、清晰，属于本部门职责，予以受理。"),
    StageKind.REVIEW: (
        "经核对，材料齐全，与申报内容一致，同意按测算结果兑现。",
        "发票、付款凭证和合同相互一致，同意。",
        "认定文件已在发布机关网站核对，同意。",
    ),
    StageKind.JOINT: ("无不同意见。", "经核，企业未在本部门重复享受同一事项补助，同意。"),
    StageKind.DETERMINATION: ("同意初审意见。", "经审定，符合条款规定，同意兑现。"),
    StageKind.FINANCE: ("预算余额充足，测算无误，同意公示。", "经复核，金额无误，同意公示。"),
    StageKind.APPROVAL: ("公示期满无异议，批准兑现。", "公示无异议，同意拨付。"),
}
RETURNS = (
    "付款凭证缺少 2 笔银行回单，请补充后重新提交。",
    "发票清单与合同清单的设备型号不一致，请核对并说明。",
    "认定文件扫描件不清晰，无法看清文号和日期，请重新上传。",
    "项目名称与备案文件不一致，请按备案文件填写。",
    "材料缺少盖章页，请补充。",
)
REDUCTION = "其中一台设备的发票开具日期不在项目期内，相应核减。"


class Act(StrEnum):
    START = "start"
    ATTACH = "attach"
    SUBMIT = "submit"
    ACCEPT = "acceptance"
    REVIEW = "review"
    JOINT = "joint"
    JOINT_IN_PART = "joint in part"
    DETERMINE = "determination"
    FINANCE = "finance"
    APPROVE = "approval"
    APPROVE_UNPRINTED = "approval, notice still to print"
    RETURN = "return"
    CORRECT = "correct"
    REJECT = "reject"
    WITHDRAW = "withdraw"


# The most working days that pass before an act; the least is none, or a public notice's days.
PATIENCE = {
    Act.SUBMIT: 3,
    Act.ACCEPT: 2,
    Act.REVIEW: 5,
    Act.JOINT: 5,
    Act.JOINT_IN_PART: 2,
    Act.DETERMINE: 4,
    Act.FINANCE: 3,
    Act.APPROVE: 3,
    Act.APPROVE_UNPRINTED: 1,
    Act.RETURN: 4,
    Act.CORRECT: 6,
    Act.REJECT: 4,
    Act.WITHDRAW: 5,
}


@dataclass(order=True)
class Happening:
    """Something to do at a moment; what comes after it is its own affair."""

    at: datetime
    serial: int
    do: Callable[[], None] = field(compare=False)


class Timeline:
    """What happens, in the order of time, with Django's clock moved along."""

    def __init__(self, clock: Clock, now: datetime) -> None:
        self._clock = clock
        self._now = now
        self._heap: list[Happening] = []
        self._serial = 0

    def plan(self, at: datetime, do: Callable[[], None]) -> None:
        # Nothing happens in the future.
        if at < self._now:
            self._serial += 1
            heapq.heappush(self._heap, Happening(at, self._serial, do))

    def run(self) -> None:
        while self._heap:
            happening = heapq.heappop(self._heap)
            self._clock.time = happening.at
            happening.do()


class Officials:
    """Who may act for a department, found once."""

    def __init__(self) -> None:
        self._people: dict[tuple[int, str], list[User]] = {}
        posts = Appointment.objects.filter(
            user__is_demo=True, starts_on=IN_OFFICE_SINCE
        ).select_related("user")
        for post in posts.order_by("pk"):
            self._people.setdefault((post.department_id, post.role), []).append(post.user)

    def of(self, department_id: int, role: str) -> list[User]:
        return list(self._people[department_id, role])


class Life:
    """One application and what is done with it."""

    def __init__(self, filing: Filing, acts: list[Act], officials: Officials, random: Random):
        self.filing = filing
        self.acts = acts
        self._officials = officials
        self._random = random
        self._decided: set[int] = set()
        self.application = Application()
        self.waits = [self._wait(act) for act in acts]

    def _wait(self, act: Act) -> int:
        least = NOTICE_DAYS if act in (Act.APPROVE, Act.APPROVE_UNPRINTED) else 0
        return least + self._random.randint(0, PATIENCE.get(act, 0))

    def lead(self, timeline: Timeline, workdays: Workdays, last: int) -> None:
        """Plan all acts, so that the last one happens on the working day of that place."""
        place = last - sum(self.waits)
        at = workdays.moment(place, self._random)
        for act, wait in zip(self.acts, self.waits, strict=True):
            place += wait
            if wait:
                at = workdays.moment(place, self._random)
            else:
                at += timedelta(minutes=self._random.randint(2, 9))
            timeline.plan(at, self._doing(act))

    def _doing(self, act: Act) -> Callable[[], None]:
        return lambda: self._do(act)

    def _do(self, act: Act) -> None:
        match act:
            case Act.START:
                self._start()
            case Act.ATTACH:
                self._attach()
            case Act.SUBMIT | Act.CORRECT:
                self._submit()
            case Act.RETURN:
                self._decide(Verdict.RETURN)
                self._decided.clear()
            case Act.REJECT:
                self._decide(Verdict.REJECT)
            case Act.WITHDRAW:
                applications.withdraw_application(self.application, by=self.filing.firm.clerk)
            case _:
                self._consent(act)

    def _start(self) -> None:
        clerk = self.filing.firm.clerk
        self.application = applications.start_application(
            self.filing.item, self.filing.firm.company, by=clerk
        )
        self.application = applications.save_draft(
            self.application, self.filing.form_data, by=clerk, revision=self.application.revision
        )

    def _attach(self) -> None:
        for material in self.filing.item.materials:
            if material["required"]:
                upload = SimpleUploadedFile(MATERIALS_NAME, small_pdf("申报材料"))
                applications.attach_file(
                    self.application, material["name"], upload, by=self.filing.firm.clerk
                )
        perform_waiting()

    def _submit(self) -> None:
        # A return counts as a revision too.
        self.application.refresh_from_db(fields=["revision"])
        self.application = applications.submit_application(
            self.application,
            [self.filing.claim],
            declared=True,
            by=self.filing.firm.clerk,
            revision=self.application.revision,
        )
        perform_waiting()

    def _consent(self, act: Act) -> None:
        try:
            self._decide(Verdict.AGREE, in_part=act == Act.JOINT_IN_PART)
        except Refused as refusal:
            # What fitted when it was planned may not any more, beside what was granted since.
            against = Verdict.RETURN if act == Act.FINANCE else Verdict.REJECT
            self._decide(against, text="；".join(refusal.messages))
        if act == Act.APPROVE:
            for notice in Notice.objects.filter(award__claim__application=self.application):
                outbox.perform(Job.objects.get(kind=RENDERING, key=str(notice.pk)).pk)

    def _decide(self, verdict: Verdict, *, text: str = "", in_part: bool = False) -> None:
        tasks = list(
            Task.objects.open()
            .filter(case__application=self.application)
            .select_related("stage", "department", "case__application")
        )
        if in_part:
            tasks = tasks[: max(1, len(tasks) // 2)]
        for task in tasks:
            kind = StageKind(task.stage.kind)
            amounts = None
            if (verdict, kind) == (Verdict.AGREE, StageKind.DETERMINATION):
                amounts = self._perhaps_reduced()
            text_here = text or (REDUCTION if amounts else self._text(verdict, kind))
            self._decide_task(task, verdict, text_here, amounts)

    def _decide_task(
        self, task: Task, verdict: Verdict, text: str, amounts: dict[int, Decimal] | None
    ) -> None:
        """Let somebody decide who may: first those who have not decided in this round."""
        people = self._officials.of(task.department_id, task.role)
        self._random.shuffle(people)
        people.sort(key=lambda user: user.pk in self._decided)
        for person in people:
            try:
                reviews.decide(
                    task,
                    verdict,
                    by=person,
                    revision=task.case.application.revision,
                    text=text,
                    amounts=amounts,
                )
            except NotAllowed:
                continue
            self._decided.add(person.pk)
            return
        raise LookupError(f"nobody of {task.department} may decide on {task}")

    def _perhaps_reduced(self) -> dict[int, Decimal] | None:
        """Now and then less is determined than the rules allow."""
        if self._random.random() > 0.08:
            return None
        receipt = self.application.latest_receipt
        assert receipt is not None
        return {
            int(claim["id"]): (Decimal(claim["payable"]) * 95 / 100).quantize(Decimal("0.01"))
            for claim in receipt.answer["claims"]
        }

    def _text(self, verdict: Verdict, kind: StageKind) -> str:
        if verdict == Verdict.AGREE:
            return self._random.choice(CONSENTS[kind])
        if verdict == Verdict.REJECT:
            return self.filing.reason
        if self.filing.answer["missing"]:
            return "测算所需的年度数据还没有取得，请补充提供后再次提交。"
        return self._random.choice(RETURNS)


def perform_waiting() -> None:
    """Do what waits in the outbox at once, as its worker would have done, but for the notices
    that it shall find there when it starts."""
    for job in Job.objects.filter(state=State.QUEUED).exclude(kind=RENDERING).order_by("pk"):
        outbox.perform(job.pk)
