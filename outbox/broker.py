"""How much the broker still has to hand out."""

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry


def messages_waiting() -> int:
    """Messages for workers that none of them has taken. Raises redis.RedisError within seconds
    where the broker is away or hangs."""
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    with redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=options["socket_connect_timeout"],
        socket_timeout=options["socket_timeout"],
        retry=Retry(NoBackoff(), 0),
    ) as client:
        return int(client.llen(settings.CELERY_TASK_DEFAULT_QUEUE))
