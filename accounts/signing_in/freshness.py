"""How long ago somebody proved who they are."""

import time

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.http import HttpRequest

from accounts.models import User


def is_fresh(request: HttpRequest) -> bool:
    """Whether the person gave the password or a code within the last minutes
    (ACCOUNT_REAUTHENTICATION_TIMEOUT). A sign-in without a record of it is not fresh."""
    user = request.user
    if not isinstance(user, User):
        return False
    records = get_authentication_records(request, user)
    newest = max((record["at"] for record in records), default=0)
    return time.time() - newest < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
