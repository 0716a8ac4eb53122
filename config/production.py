"""What must hold in the database before production serves anybody.

The settings refuse what the environment alone shows; this is asked once by every web server,
worker and beat when it starts.
"""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import connections


def refuse_demo_accounts() -> None:
    if not settings.PRODUCTION:
        return
    count = get_user_model().objects.filter(is_demo=True, is_active=True).count()
    # The servers fork after this: each process opens a connection of its own.
    connections.close_all()
    if count:
        raise ImproperlyConfigured(
            f"Production refuses to start: {count} demo accounts, whose passwords are public, "
            "can sign in. Start with an empty database, or deactivate them."
        )
