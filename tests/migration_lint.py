"""The settings under which `make check` looks for migrations that would lock a running system."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS as PROJECT_APPS

INSTALLED_APPS = [*PROJECT_APPS, "django_migration_linter"]
# Libraries bring their own; they were run when their tables were new.
MIGRATION_LINTER_OPTIONS = {"exclude_apps": ["account", "axes", "mfa", "usersessions"]}
