"""Signing in, and how a person wants pages to look."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.models import User


class SignInView(LoginView):
    """In the demo district the page names the people that one may be."""

    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if settings.DEMO:
            context["demo_users"] = (
                User.objects.filter(is_demo=True, is_active=True)
                .prefetch_related("appointments__department", "memberships__company")
                .order_by("pk")
            )
            context["demo_password"] = getattr(settings, "DEMO_PASSWORD", "")
        return context


@require_POST
@login_not_required
def toggle_large_type(request: HttpRequest) -> HttpResponse:
    """Large type on or off: with the person who is signed in, else for the visit."""
    user = request.user
    if user.is_authenticated:
        user.large_type = not user.large_type
        user.save(update_fields=["large_type"])
    else:
        request.session["large_type"] = not request.session.get("large_type")
    return HttpResponseRedirect(_back(request))


def _back(request: HttpRequest) -> str:
    """The page one came from; another site's address is not followed."""
    url = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if safe else "/"
