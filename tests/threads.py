"""Several people at the same moment, each with a connection of their own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections

PATIENCE = 0.5


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do all acts in threads that start together; each one's result, or what it raised."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        start.wait(timeout=10)
        try:
            return act()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(run, act) for act in acts]]


class Meeting:
    """A point that all pass together when nothing holds them apart.

    Where a lock lets only one come at a time, the first waits a moment for the others and goes
    on alone; without the lock they are sure to meet. So a missing lock shows every time, not by
    luck.
    """

    def __init__(self, parties: int) -> None:
        self._barrier = threading.Barrier(parties)
        self.held = False

    def wait(self) -> None:
        try:
            self._barrier.wait(timeout=PATIENCE)
            self.held = True
        except threading.BrokenBarrierError:
            pass

    def before(self, act: Callable[..., Any]) -> Callable[..., Any]:
        """The act, with the meeting just before it."""

        def after_the_meeting(*args: Any, **kwargs: Any) -> Any:
            self.wait()
            return act(*args, **kwargs)

        return after_the_meeting
