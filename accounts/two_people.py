"""Acts that want two people, also where one of them stands in for somebody else."""

from django.db.models import F, Q


def second_person(first: str, second: str) -> Q:
    """For a constraint: no name of the first act stands under the second. The acts keep who did
    them in `<act>_by`, and on whose behalf in `<act>_for`."""
    apart = Q()
    for later in (f"{second}_by", f"{second}_for"):
        for earlier in (f"{first}_by", f"{first}_for"):
            apart &= ~Q(**{later: F(earlier)})
    return apart
