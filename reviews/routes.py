"""The standard route, from acceptance to approval, as data."""

from django.conf import settings
from django.utils import translation

from accounts.models import District, Role
from reviews.models import Route, Stage, StageKind, Where

# kind, who, where, working days
STANDARD = (
    (StageKind.ACCEPTANCE, Role.REVIEWER, Where.LEAD, 2),
    (StageKind.REVIEW, Role.REVIEWER, Where.LEAD, 5),
    (StageKind.JOINT, Role.REVIEWER, Where.CO, 5),
    (StageKind.DETERMINATION, Role.LEAD, Where.LEAD, 5),
    (StageKind.FINANCE, Role.FINANCE, Where.FINANCE, 3),
    (StageKind.PUBLIC_NOTICE, "", Where.NOBODY, 5),
    (StageKind.APPROVAL, Role.LEAD, Where.LEAD, 3),
)


def current_route(district: District) -> Route:
    """The district's route for new cases; the standard one where it has none yet."""
    route, created = Route.objects.get_or_create(
        district=district, is_current=True, defaults={"name": "标准流程"}
    )
    if created:
        # Whoever opens the first case, the route's words are kept in Chinese.
        with translation.override(settings.LANGUAGE_CODE):
            names = {kind: str(StageKind(kind).label) for kind, *_rest in STANDARD}
        Stage.objects.bulk_create(
            Stage(
                route=route,
                position=position,
                kind=kind,
                name=names[kind],
                role=role,
                where=where,
                days=days,
            )
            for position, (kind, role, where, days) in enumerate(STANDARD, start=1)
        )
    return route
