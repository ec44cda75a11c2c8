"""All settings, from the environment; a secret may come from a file named by NAME_FILE instead."""

from __future__ import annotations

import logging
import os
from enum import StrEnum
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from environs import Env, EnvError

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("VAR_DIR") or BASE_DIR / "var")
env = Env()


class LogFormat(StrEnum):
    """One JSON object a line, or lines for people."""

    JSON = "json"
    TEXT = "text"


def wrong(sentence: str) -> NoReturn:
    """No start, and no traceback around what is to be done."""
    raise SystemExit(f"webcare: {sentence}")


def secret(name: str, default: str | None = None) -> str:
    """A setting that may stand in a file: NAME_FILE wins over NAME, and neither is a sentence."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            wrong(f"{name}_FILE cannot be read: {error}")
    value = os.environ.get(name) or default
    if value is None:
        wrong(f"Set {name}, or {name}_FILE to a file that holds it (`make run` makes one).")
    return value


try:
    DEBUG = env.bool("DEBUG", False)
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
    PUBLIC_URL = env.str("PUBLIC_URL", "http://localhost:8000").rstrip("/")
    DATABASE_POOL = env.int("DATABASE_POOL", 0)
    TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
    LOG_LEVEL = env.log_level("LOG_LEVEL", logging.INFO)
    LOG_FORMAT = env.enum("LOG_FORMAT", "json", enum=LogFormat, by_value=True)
    UNDO_SECONDS = env.float("UNDO_SECONDS", 5.0)
    SANDBOX_URL = env.str("SANDBOX_URL", "").rstrip("/")
    EMAIL_URL = env.dj_email_url("EMAIL_URL", "console:")
    STORAGE_BUCKET = env.str("STORAGE_BUCKET", "")
    STORAGE_ENDPOINT = env.str("STORAGE_ENDPOINT", "")
    TESTING = env.bool("TESTING", False)
except EnvError as error:
    wrong(f"A setting in the environment is wrong: {error}")

SECRET_KEY = secret("SECRET_KEY")
ENCRYPTION_KEYS = [key for key in secret("ENCRYPTION_KEYS").replace(",", " ").split() if key]
METRICS_TOKEN = secret("METRICS_TOKEN", "")
DEMO_PASSWORD = secret("DEMO_PASSWORD", "")  # of the people that `load_demo` makes
DATABASE_URL = secret("DATABASE_URL")
REDIS_URL = secret("REDIS_URL")

SECURE = urlsplit(PUBLIC_URL).scheme == "https"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "inbox",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "webcare.compression.CompressionMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "inbox.middleware.PreferencesMiddleware",
    "inbox.middleware.SafetyMiddleware",
]

ROOT_URLCONF = "webcare.urls"
WSGI_APPLICATION = "webcare.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "webcare.jinja.environment",
            "context_processors": ["webcare.jinja.form_token"],
        },
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]

# Data
DATABASES = {"default": env.dj_db_url("DATABASE_URL", DATABASE_URL)}
DATABASES["default"] |= {
    "ENGINE": "django.db.backends.postgresql",
    "CONN_MAX_AGE": 0 if DATABASE_POOL else 600,  # PostgreSQL keeps its plans as long
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        # Far reads cost hardly more than near ones where nothing turns, and no statement is worth compiling
        "options": "-c random_page_cost=1.1 -c jit=off",
        **DATABASES["default"].get("OPTIONS", {}),
        **({"pool": {"min_size": 1, "max_size": DATABASE_POOL, "timeout": 10}} if DATABASE_POOL else {}),
    },
}
if DATABASE_POOL:
    DATABASES["default"].pop("CONN_HEALTH_CHECKS")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {  # only allauth's: tries to log in, and codes that were used. In the database it holds when Valkey is away
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "webcare_cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

# Files: private, local or on any S3-compatible store
MEDIA_ROOT = VAR_DIR / "files"
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES: dict[str, dict[str, object]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "webcare.assets.Storage"},
}
if STORAGE_BUCKET:
    from botocore.config import Config

    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": STORAGE_BUCKET,
            "endpoint_url": STORAGE_ENDPOINT or None,
            "access_key": secret("STORAGE_KEY"),
            "secret_key": secret("STORAGE_SECRET"),
            "default_acl": "private",
            "querystring_auth": True,
            "file_overwrite": False,
            # Checksums that only the newest stores know are left out; a store that is away is not waited for long
            "client_config": Config(  # type: ignore[no-untyped-call]
                signature_version="s3v4",
                connect_timeout=3,
                read_timeout=20,
                retries={"total_max_attempts": 2},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        },
    }
WHITENOISE_USE_FINDERS = DEBUG or TESTING
WHITENOISE_AUTOREFRESH = DEBUG or TESTING
if DEBUG or TESTING:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
FILE_UPLOAD_MAX_MEMORY_SIZE = DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024

# People
AUTH_USER_MODEL = "inbox.Agent"
AUTHENTICATION_BACKENDS = ["inbox.sessions.Backend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
if TESTING:  # a real hash takes 0.3 s and 100 MB
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "inbox.accounts.LongEnough", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "inbox.accounts.InvitedOnlyAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation link has already proved the address
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
MFA_ADAPTER = "inbox.accounts.SealedSecondFactor"
MFA_FORMS = {
    "authenticate": "inbox.accounts.CodeForm",
    "reauthenticate": "inbox.accounts.CodeAgainForm",
    "activate_totp": "inbox.accounts.SetUpForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Webcare"
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
USERSESSIONS_ADAPTER = "inbox.accounts.RecordedSessions"
USERSESSIONS_TRACK_ACTIVITY = False

# Safety
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "https:"] + ([SANDBOX_URL] if SANDBOX_URL else []),
        "media-src": [SELF, "https:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_ENGINE = "inbox.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "inbox.views.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
if SECURE:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Mail
EMAIL_BACKEND = EMAIL_URL["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = EMAIL_URL.get("EMAIL_HOST", ""), EMAIL_URL.get("EMAIL_PORT", 25)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = (
    EMAIL_URL.get("EMAIL_HOST_USER", ""),
    EMAIL_URL.get("EMAIL_HOST_PASSWORD", ""),
)
EMAIL_USE_TLS, EMAIL_USE_SSL = EMAIL_URL.get("EMAIL_USE_TLS", False), EMAIL_URL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Webcare <webcare@localhost>")

# Languages and times
LANGUAGE_CODE = "nl"
LANGUAGES = [("nl", "Nederlands"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", "Europe/Amsterdam")

# Celery: a wake-up call, never the record
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
LOGGING_CONFIG = "webcare.logs.configure"
LOGGING = {"level": LOG_LEVEL, "format": LOG_FORMAT}
