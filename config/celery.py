"""The Celery application. Its settings stand in `config.settings` under CELERY_."""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("subsidies")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
@beat_init.connect
def refuse_demo_accounts(**_: Any) -> None:
    import django

    django.setup()
    # Models can be imported only when the applications are set up.
    from config import production

    try:
        production.refuse_demo_accounts()
    except Exception as error:
        # Celery logs a signal's exception and goes on; nothing passes but SystemExit, whose text
        # is lost where beat has taken over the standard error.
        print(error, file=sys.__stderr__)
        raise SystemExit(1) from error
