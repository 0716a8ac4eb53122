"""What holds for people of the administration and for nobody else."""

from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.conf import settings

from accounts.models import User


def is_staff(user: User) -> bool:
    """Officials, and whoever installed the system."""
    return user.is_official or user.is_superuser


def needs_second_factor(user: User) -> bool:
    """Whether the person cannot do without; where STAFF_SECOND_FACTOR is off, nobody must."""
    return settings.STAFF_SECOND_FACTOR and is_staff(user)


def has_second_factor(user: User) -> bool:
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()


def idle_limit(user: User) -> timedelta:
    """After how long without doing anything a sign-in ends."""
    return settings.IDLE_LIMIT_STAFF if is_staff(user) else settings.IDLE_LIMIT
