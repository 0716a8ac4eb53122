"""What containers and watchers ask: is the process alive, can it serve."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from operations.vitals import OLDEST_JOB, disk_free_percent, redis_answers
from outbox.models import Job

# With less, uploads and the database itself begin to fail.
DISK_FULL_PERCENT = 1
# Without these a request fails. What all processes share and no request waits for (the queue)
# is told as well, but takes none of them out of service: that would take out all at once.
NEEDED = ("database", "disk")


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nobody else: a database that is away is no reason to restart."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The process can serve: what it needs answers. Says which part does not, and no more."""
    database = _database_answers()
    parts = {
        "database": database,
        "disk": disk_free_percent() >= DISK_FULL_PERCENT,
        "redis": redis_answers(),
        "outbox": database and _outbox_moves(),
    }
    return JsonResponse(parts, status=200 if all(parts[name] for name in NEEDED) else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _outbox_moves() -> bool:
    since = Job.objects.waiting_since()
    return since is None or timezone.now() - since <= OLDEST_JOB
