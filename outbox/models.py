"""What must happen after a commit. The row is the truth; the message to Celery is a hint."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Case, Min, Q, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

# Short, so that a lost worker's job is soon taken up; renewed while its worker lives.
LEASE = timedelta(seconds=30)
REPUBLISH_AFTER = timedelta(seconds=30)
MAX_ATTEMPTS = 5


class LeaseLostError(Exception):
    """A worker stood still for so long that another one took up its job."""


class State(models.TextChoices):
    QUEUED = "queued", _("排队")
    RUNNING = "running", _("进行中")
    DONE = "done", _("完成")
    DEAD = "dead", _("失败")


class JobQuerySet(models.QuerySet["Job"]):
    def due(self) -> Self:
        """Jobs to hand to Celery: never sent, or sent long ago without an effect, be it that the
        message was lost or the worker. First those whose message is not with the broker."""
        long_ago = timezone.now() - REPUBLISH_AFTER
        due = self.claimable().filter(Q(published_at__isnull=True) | Q(published_at__lt=long_ago))
        waits_perhaps = Q(state=State.QUEUED, published_at__isnull=False)
        return due.order_by(Case(When(waits_perhaps, then=1), default=0), "pk")

    def claimable(self) -> Self:
        now = timezone.now()
        return self.filter(
            Q(state=State.QUEUED, run_at__lte=now) | Q(state=State.RUNNING, lease_until__lt=now)
        )

    def waiting_since(self) -> datetime | None:
        """Since when the oldest due job waits: for a worker, or for another one."""
        waits = Case(When(state=State.RUNNING, then="lease_until"), default="run_at")
        found: datetime | None = self.claimable().aggregate(since=Min(waits))["since"]
        return found


class Job(models.Model):
    """One thing to do, once: `kind` names the handler, `key` what it is done for."""

    kind = models.CharField(_("种类"), max_length=60)
    key = models.CharField(_("对象"), max_length=120)
    args = models.JSONField(default=dict)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("次数"), default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    run_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    # When something was begun that cannot be taken back, as a mail that may have gone out.
    handed_over_at = models.DateTimeField(_("交出时间"), null=True)
    done_at = models.DateTimeField(null=True)
    last_error = models.TextField(_("最近的错误"), blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = pgettext_lazy("one", "后台任务"), _("后台任务")
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="job_once"),
            models.CheckConstraint(
                name="job_done_has_its_time",
                condition=Q(state=State.DONE, done_at__isnull=False)
                | (~Q(state=State.DONE) & Q(done_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["run_at"],
                name="job_open",
                condition=Q(state__in=[State.QUEUED, State.RUNNING]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} ({self.get_state_display()})"

    @property
    def may_be_in_the_queue(self) -> bool:
        """Whether its message may be with the broker, waiting for a worker."""
        return self.state == State.QUEUED and self.published_at is not None

    def note(self, **changes: Any) -> bool:
        """Write what became of it, unless somebody else has taken it up since: each attempt has
        its number, and a worker that stood still for longer than its lease wakes to another."""
        for name, value in changes.items():
            setattr(self, name, value)
        mine = Job.objects.filter(pk=self.pk, state=State.RUNNING, attempts=self.attempts)
        return bool(mine.update(**changes))

    def hand_over(self) -> None:
        """Note for good that what cannot be taken back begins now: whoever finds the job so and
        not done cannot tell whether it was, and does not do it again. Raises LeaseLostError where
        the job is somebody else's by now."""
        if not self.note(handed_over_at=timezone.now()):
            self.handed_over_at = None
            raise LeaseLostError(str(self))

    def take_back(self) -> None:
        """Note that it certainly did not happen: it may be done again."""
        self.note(handed_over_at=None)


class Tick(models.Model):
    """When beat last sent an entry of its schedule. All beats share these rows."""

    name = models.CharField(max_length=100, primary_key=True)
    sent_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.sent_at}"
