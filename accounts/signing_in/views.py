"""One's own sign-ins, and the way out."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.internal.flows.sessions import end_sessions
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.views import LogoutView
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import SignedInRequest
from accounts.signing_in.address import origin_of
from accounts.signing_in.records import SHOWN_TO_OWNER
from accounts.signing_in.staff import needs_second_factor
from audit.models import Entry
from audit.services import record

SHOWN = 20

sign_out = LogoutView.as_view()


@require_GET
def security(request: SignedInRequest) -> HttpResponse:
    """Who came in under one's name, from where, and what protects it."""
    user = request.user
    entries = Entry.objects.about(user).filter(action__in=SHOWN_TO_OWNER).order_by("-seq")[:SHOWN]
    factors = {factor.type: factor for factor in Authenticator.objects.filter(user=user)}
    codes = factors.get(Authenticator.Type.RECOVERY_CODES)
    context = {
        "sessions": UserSession.objects.purge_and_list(user),
        "here": request.session.session_key,
        "entries": entries,
        "second_factor": factors.get(Authenticator.Type.TOTP),
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "must_have_second_factor": needs_second_factor(user),
    }
    return render(request, "account/security.html", context)


@require_POST
def end_sign_in(request: SignedInRequest, pk: int) -> HttpResponse:
    """End one's sign-in elsewhere, at once."""
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    person = session.user
    with transaction.atomic():
        record(
            "person.sign_in_ended", about=person, by=person, ended=session.ip, **origin_of(request)
        )
        end_sessions(request, [session])
    messages.success(request, _("那一处的登录已结束。"))
    return redirect("security")
