"""How the installation is: what the status page shows and the metrics count."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import redis
from django.conf import settings
from django.utils import timezone

from audit import anchors
from audit.models import Entry, Inspection
from outbox.models import Job, State, Tick
from subsidies.ledger.services import is_frozen
from subsidies.models import ReceiptIncident

# Beyond these somebody should look.
OLDEST_JOB = timedelta(seconds=60)
OLDEST_TICK = timedelta(seconds=60)
DISK_FREE_PERCENT = 10


@dataclass(frozen=True)
class Vitals:
    """Ages are from now; None where there is nothing to have an age."""

    redis: bool
    queue: int
    oldest_job: timedelta | None
    dead_jobs: int
    last_tick: datetime | None
    is_frozen: bool
    open_incidents: int
    last_act: datetime | None
    inspections: dict[str, Inspection]
    is_anchor_mailed: bool
    disk_free_percent: float


def take() -> Vitals:
    since = Job.objects.waiting_since()
    return Vitals(
        redis=redis_answers(),
        queue=Job.objects.filter(state__in=[State.QUEUED, State.RUNNING]).count(),
        oldest_job=timezone.now() - since if since else None,
        dead_jobs=Job.objects.filter(state=State.DEAD).count(),
        last_tick=Tick.objects.order_by("-sent_at").values_list("sent_at", flat=True).first(),
        is_frozen=is_frozen(),
        open_incidents=ReceiptIncident.objects.unacknowledged().count(),
        last_act=Entry.objects.order_by("-seq").values_list("at", flat=True).first(),
        inspections={row.subject: row for row in Inspection.objects.all()},
        is_anchor_mailed=bool(anchors.recipients()),
        disk_free_percent=disk_free_percent(),
    )


def disk_free_percent() -> float:
    """Of the disk that uploads go to, or will once there is one."""
    folder = Path(settings.MEDIA_ROOT).absolute()
    while not folder.exists():
        folder = folder.parent
    disk = shutil.disk_usage(folder)
    return 100 * disk.free / disk.total


def redis_answers() -> bool:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1
        ) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
