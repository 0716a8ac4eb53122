"""Moving the clock, so that the demo district has a past.

The district is made by the services that the pages call, and they ask Django what time it is.
Django reads its clock in one place, `django.utils.timezone.now`, from the `datetime` that this
module imported. That name is replaced, not `now` itself: fields hold `now` and `localdate` as
defaults since their classes were made, and would not see another function.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import Any
from unittest import mock

from django.utils import timezone


class Clock:
    """What time it is while `moved_clock` lasts."""

    def __init__(self, time: datetime) -> None:
        self.time = time


@contextmanager
def moved_clock(start: datetime) -> Iterator[Clock]:
    """Let Django take `clock.time` for the time, in this process, until the block ends."""
    clock = Clock(start)

    class AnyDatetime(type):
        # Django also asks with this name whether a value is a datetime.
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, datetime)

    class MovedDatetime(datetime, metaclass=AnyDatetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return clock.time.astimezone(tz)

    with mock.patch.object(timezone, "datetime", MovedDatetime):
        yield clock
