"""The clock that sends what is due, however many of it run."""

import logging

from celery.beat import Scheduler, SchedulingError
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone

from outbox.models import Tick

logger = logging.getLogger(__name__)

# Any number, the same for every beat.
LOCK = 7_316_052_904
# How soon to look again, in seconds, after the broker or the database was away.
LOOK_AGAIN = 5


class Beat(Scheduler):
    """Each look at the clock is a transaction behind an advisory lock, and what was sent last
    stands in the database: of two beats one works, and either can take over from the other. What
    fell due while none ran is sent once, by whichever runs first."""

    max_interval = LOOK_AGAIN

    def setup_schedule(self) -> None:
        self.merge_inplace(self.app.conf.beat_schedule)

    def tick(self, *args: object, **kwargs: object) -> float:
        """Send what is due; the seconds until the next look."""
        try:
            with transaction.atomic():
                return self._send_due() if _is_the_one() else LOOK_AGAIN
        except (DatabaseError, InterfaceError):
            logger.warning("the database is away, beat waits", exc_info=True)
            connection.close()
            return LOOK_AGAIN

    def _send_due(self) -> float:
        sent = dict(Tick.objects.values_list("name", "sent_at"))
        wait = float(self.max_interval)
        for name, entry in self.schedule.items():
            if name not in sent:
                # New in the schedule: it falls due from now on.
                sent[name] = Tick.objects.create(name=name, sent_at=timezone.now()).sent_at
            entry.last_run_at = sent[name]
            is_due, seconds = entry.is_due()
            if is_due:
                try:
                    self.apply_async(entry, advance=False)
                except SchedulingError:
                    # It stays due; the others would only wait for the same broker.
                    logger.warning("the broker is away, %s waits", name)
                    return LOOK_AGAIN
                Tick.objects.filter(name=name).update(sent_at=timezone.now())
            wait = min(wait, seconds)
        return wait


def _is_the_one() -> bool:
    """Whether no other beat is looking at this moment; held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])
