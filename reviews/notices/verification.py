"""The check code: where it leads, and how people type it."""

import unicodedata

from django.conf import settings
from django.urls import reverse

from reviews.models import Notice


def verification_url(notice: Notice) -> str:
    """The public page that vouches for a notice; printed on it as text and as a QR code."""
    return settings.BASE_URL + reverse("notice_verify_code", args=[notice.check_code])


def spaced(code: str) -> str:
    """The code in fours, as it is printed: `7K2M 9QXD 4HTA`."""
    return " ".join(code[place : place + 4] for place in range(0, len(code), 4))


def normalised(typed: str) -> str:
    """What was typed as a code: full width, lower case, spaces and dashes make no difference."""
    text = unicodedata.normalize("NFKC", typed).upper()
    return "".join(sign for sign in text if sign.isalnum())
