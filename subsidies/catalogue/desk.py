"""The editions, for those who keep and check them. They come from files; nothing is typed here."""

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, for_roles
from accounts.models import Role
from subsidies.catalogue.models import Edition

EDITION_ROLES = (Role.POLICY_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR)


@require_GET
@for_roles(*EDITION_ROLES)
def edition_list(request: SignedInRequest) -> HttpResponse:
    """All editions of the districts in which the person has one of the roles."""
    editions = (
        Edition.objects.filter(document__district__in=request.user.district_ids(*EDITION_ROLES))
        .select_related("document")
        .defer("body")
        .annotate(
            item_count=Count("items", distinct=True),
            level_count=Count("items__levels", distinct=True),
        )
        .order_by("document__code", "-name")
    )
    return render(request, "catalogue/edition_list.html", {"editions": editions})
