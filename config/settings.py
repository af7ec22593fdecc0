"""Every setting, and the only reader of the environment.

A secret or an address has no default: a process that lacks one stops here with its name.
"""

import base64
import os
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import dj_database_url
from celery.schedules import schedule
from django.core.exceptions import ImproperlyConfigured


def env(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set")
    return value


def flag(name: str) -> bool:
    return os.environ.get(name, "") in {"1", "true", "yes"}


def keyring(text: str) -> list[tuple[str, bytes]]:
    """`k2:<base64 of 32 bytes>,k1:…` → [(key id, key)]; the first seals, all of them open."""
    ring = []
    for part in text.split(","):
        key_id, _, encoded = part.strip().partition(":")
        key = base64.b64decode(encoded)
        if len(key) != 32 or not key_id.isalnum():
            raise ImproperlyConfigured("FIELD_KEYS wants id:base64 pairs of 32 bytes each")
        ring.append((key_id, key))
    return ring


BASE_DIR = Path(__file__).resolve().parent.parent

# --- secrets and addresses -----------------------------------------------------------------
SECRET_KEY = env("SECRET_KEY")
FIELD_KEYS = keyring(env("FIELD_KEYS"))
INDEX_KEY = base64.b64decode(env("INDEX_KEY"))
DEBUG = flag("DEBUG")
ALLOWED_HOSTS = [host for host in os.environ.get("ALLOWED_HOSTS", "").split(",") if host]
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("CSRF_TRUSTED_ORIGINS", "").split(",") if o]

# --- where this is, and whom it may reach -----------------------------------------------------
# dev, qa, uat or prod: routes of another environment are not taken.
ENVIRONMENT = os.environ.get("ENVIRONMENT") or "prod"
# Where the world reaches us, for links in alerts and for receipts that come later (AS2).
PUBLIC_URL = (os.environ.get("PUBLIC_URL") or "").rstrip("/")
# Networks beside the public internet in which a partner may live, e.g. 10.20.0.0/16.
PRIVATE_PARTNERS = [
    str(ip_network(net.strip())) for net in os.environ.get("PRIVATE_PARTNERS", "").split(",") if net.strip()
]

# --- database: one alias. Migrations run as its owner, everything else as the app role ---------
APP_ROLE = "preflight_app"
DISPATCHER_ROLE = "preflight_dispatcher"
_as_owner = os.environ.get("DATABASE_ROLE") == "owner"
_database_url = env("DATABASE_URL")
if not _as_owner:
    _database_url = os.environ.get("DATABASE_APP_URL") or _database_url
DATABASES: dict[str, Any] = {"default": dict(dj_database_url.parse(_database_url))}
DATABASES["default"].setdefault("OPTIONS", {})
if not _as_owner:
    DATABASES["default"]["OPTIONS"] |= {
        # Not Django's assume_role: with a pool it waits for itself (5.2, compose_sql).
        "options": f"-c role={APP_ROLE}",
        "pool": {
            "min_size": 1,
            "max_size": int(os.environ.get("DATABASE_POOL") or 32),
            "timeout": 30,
        },
    }
# A request must not hold a transaction while it waits for a payer.
ATOMIC_REQUESTS = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: broker and cache; it may be lost at any moment ------------------------------------
REDIS_URL = env("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"IGNORE_EXCEPTIONS": True},
    }
}

INSTALLED_APPS = [
    "practice.admin_site.PreflightAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "django_celery_beat",
    "guardian",
    "pgtrigger",
    "pghistory",
    "practice",
    "tradingpartners",
    "coverage",
    "eligibility",
    "sweeps",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "practice.middleware.PrivatePages",
    "practice.middleware.CurrentOrganization",
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
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "practice.context_processors.rights",
            ],
        },
    }
]

# --- who ---------------------------------------------------------------------------------
AUTH_USER_MODEL = "practice.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# --- sessions and headers --------------------------------------------------------------------
_https = not flag("INSECURE_COOKIES")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = _https
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if flag("BEHIND_PROXY") else None
X_FRAME_OPTIONS = "DENY"

# --- words and times: rows hold UTC; pages show the facility's zone -------------------------------
LANGUAGE_CODE = "en-us"
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = os.environ.get("STATIC_ROOT")  # for collectstatic; WhiteNoise finds files without it
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True

# --- errors and logs: no patient data; DEBUG off hides locals ------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("LOG_LEVEL", "INFO")},
    # asyncssh logs paths and user names at INFO; one line a file is TransportLog's work
    "loggers": {"asyncssh": {"level": "WARNING"}},
}

# --- Celery: a bell, not a queue of record. No results, no eta, no retries -----------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "socket_timeout": 10}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_DEFAULT_QUEUE = "control"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = "UTC"
CELERY_TASK_ROUTES = {
    "sweeps.tick": {"queue": "control"},
    "sweeps.fire": {"queue": "control"},
    "tradingpartners.poll": {"queue": "inbound"},
    "tradingpartners.try_out": {"queue": "inbound"},
    "tradingpartners.fetch_directory": {"queue": "inbound"},
    "practice.send_outbox": {"queue": "inbound"},
    "tradingpartners.read_inbound": {"queue": "inbound"},
    "tradingpartners.read_delivery": {"queue": "inbound"},
    "tradingpartners.send_receipts": {"queue": "inbound"},
}
CELERY_BEAT_SCHEDULE = {
    # A tick that was not taken in time is worth nothing: the next one does all of it.
    "tick": {"task": "sweeps.tick", "schedule": schedule(3.0), "options": {"expires": 3.0}},
}

# --- the API ---------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "practice.api_authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.api.problem_response",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Preflight",
    "DESCRIPTION": "Eligibility sweeps: ask the payers, read the answers, see who needs a person.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "AcknowledgeEnum": "tradingpartners.models.TradingPartner.Acknowledge",
        "EnrolmentStateEnum": "tradingpartners.models.Enrolment.State",
    },
}

# --- what tradingpartners may carry: one line a transaction set we send --------------------------
# `tradingpartners.contents` says what each of them is given.
TRANSACTION_SETS = {
    "270": {
        "compose": "eligibility.messages.compose_questions",
        "recognize": "eligibility.messages.recognize_people",
        "find": "eligibility.messages.find_people",
        "apply": "eligibility.services.apply_outcomes",
        "facilities": "eligibility.messages.facilities_of",
        "unwanted": "sweeps.services.unwanted",
    },
}

# Who puts alerts into words: `practice.outbox.AlertWords` of an alert.
ALERT_WORDS = "tradingpartners.alert_words.words"

# --- e-mail: for alerts; without a server no e-mail channel works, and says so -----------------------
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT") or 587)
EMAIL_HOST_USER = os.environ.get("EMAIL_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_PASSWORD", "")
EMAIL_USE_TLS = not flag("EMAIL_WITHOUT_TLS")
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM") or "preflight@localhost"

# pghistory: statement-level triggers that keep the row as it was before the change.
PGHISTORY_LEVEL = "STATEMENT"
PGHISTORY_APPEND_ONLY = False
PGHISTORY_ADMIN_ALL_EVENTS = False
PGHISTORY_INSTALL_CONTEXT_FUNC_ON_MIGRATE = True

TESTING = "pytest" in sys.modules
