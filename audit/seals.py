"""A seal on what leaves the database: whoever changes it afterwards needs a key that the database
does not hold. Without a key the seal still shows an accident."""

import hashlib
import hmac

from django.conf import settings
from django.utils.crypto import constant_time_compare


def seal(text: str) -> str:
    """The seal under SEAL_KEY, 64 hexadecimal digits."""
    return hmac.new(settings.SEAL_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def is_sealed(text: str, found: str) -> bool:
    return constant_time_compare(seal(text), found)
