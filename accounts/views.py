"""Signing in, and how a person wants pages to look."""

from collections.abc import Sequence
from typing import Any

from allauth.account.views import LoginView
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.signing_in.address import is_own_page


class SignInView(LoginView):
    """In the demo district the page names the people that one may be.

    `sign_ins` are user names with what each is for; without them all demo people are named.
    """

    sign_ins: Sequence[tuple[str, str]] = ()
    demo_password = ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if settings.DEMO:
            context["demo_people"] = self._demo_people()
            context["demo_password"] = self.demo_password
        return context

    def _demo_people(self) -> list[tuple[User, str]]:
        people = {
            person.username: person
            for person in User.objects.filter(is_demo=True, is_active=True)
            .prefetch_related("appointments__department", "memberships__company")
            .order_by("pk")
        }
        named = [(people[name], purpose) for name, purpose in self.sign_ins if name in people]
        return named or [(person, _roles(person)) for person in people.values()]


def _roles(person: User) -> str:
    """Whom the person acts for, in a line."""
    companies = [str(member.company) for member in person.memberships.all()]
    posts = [
        f"{appointment.department}·{appointment.get_role_display()}"
        for appointment in person.appointments.all()
    ]
    return gettext("、").join(companies + posts)


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
    return url if is_own_page(request, url) else "/"
