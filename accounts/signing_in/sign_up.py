"""Apart from the other forms: allauth's own sign-up form is built on this one."""

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class PersonForm(forms.Form):
    """What allauth does not ask of somebody who signs up."""

    name = forms.CharField(label=_("姓名"), max_length=50)

    def signup(self, request: HttpRequest, user: User) -> None:
        """allauth calls it; the adapter has saved the name with the rest."""
