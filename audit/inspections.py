"""How the last look at each record went, for those who watch."""

from collections.abc import Sequence

from django.utils import timezone

from audit.models import Inspection, Subject


def note(subject: Subject, *, faults: Sequence[str] = (), count: int = 0) -> None:
    """Keep the outcome of a look that has just ended: each fault in a line, and at how many
    things it looked."""
    Inspection.objects.update_or_create(
        subject=subject,
        defaults={
            "at": timezone.now(),
            "count": count,
            "faults": len(faults),
            "first_fault": faults[0] if faults else "",
        },
    )
