"""What a person is told when something failed: what happened, whether anything was saved, what to
do, and the number under which the log has it. No page here asks the database."""

import errno
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_guid import get_guid

# lock_not_available, deadlock_detected, serialization_failure, query_canceled
PASSING = frozenset({"55P03", "40P01", "40001", "57014"})
DISK_FULL = "53100"
RETRY_SECONDS = 5


def server_error(request: HttpRequest) -> HttpResponse:
    """Whatever nobody caught. A database that is away is told as such, also where the session
    could not be read."""
    error = sys.exc_info()[1]
    if error and (isinstance(error, OperationalError | InterfaceError) or is_full(error)):
        return unavailable(request, error)
    return _page(request, "500.html", 500)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Whatever is no proper request. Where the session could not be written because the database
    was lost, Django says that it was deleted: that is not the person's fault."""
    error = exception.__context__
    while error:
        if isinstance(error, OperationalError | InterfaceError):
            return unavailable(request, error)
        error = error.__context__
    return _page(request, "400.html", 400)


def unavailable(request: HttpRequest, error: BaseException) -> HttpResponse:
    """Full, where the disk is; busy, where a wait ran out and nothing was written; away, where the
    connection was lost and nobody knows whether the last commit arrived."""
    if is_full(error):
        template = "disk_full.html"
    else:
        template = "503.html" if is_passing(error) else "database_away.html"
    response = _page(request, template, 503)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def is_full(error: BaseException) -> bool:
    """Whether a disk is full: the one of the files, or the database's."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return getattr(error.__cause__, "sqlstate", None) == DISK_FULL


def is_passing(error: BaseException) -> bool:
    return getattr(error.__cause__, "sqlstate", None) in PASSING


def _page(request: HttpRequest, template: str, status: int) -> HttpResponse:
    # Without the request: context processors would ask for the person, and so for the database.
    return render(None, template, {"request_id": get_guid()}, status=status)
