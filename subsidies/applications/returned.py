"""Why an application came back to the company: the room that reviews it knows."""

from collections.abc import Callable

from subsidies.applications.models import Application

# Rooms that send applications back add theirs when the applications are loaded.
REASONS: list[Callable[[Application], str]] = []


def reason_of(application: Application) -> str:
    """What was asked for when it was sent back last; empty where nobody did."""
    return "；".join(reason for source in REASONS if (reason := source(application)))
