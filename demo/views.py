"""Short cuts that only the demo district has."""

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import SignedInRequest
from accounts.models import Role
from reviews import services
from reviews.models import PublicNotice


@require_POST
def end_public_notice(request: SignedInRequest, pk: int) -> HttpResponse:
    """Act as if the notice's last day were over: nobody waits five working days in a demo."""
    notice = get_object_or_404(PublicNotice, pk=pk)
    if not request.user.has_role(Role.REVIEWER, Role.LEAD, department_id=notice.department_id):
        raise PermissionDenied
    if services.end_public_notice(notice.pk, notice.ends_on + timedelta(days=1)):
        messages.success(request, _("演示：公示已按期满处理，办件进入下一环节。"))
    else:
        messages.warning(request, _("这份公示已经期满。"))
    return redirect(notice)
