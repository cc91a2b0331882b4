"""Django settings. What differs between installations comes from the environment; docs/settings.md explains it."""

from datetime import timedelta
from ipaddress import ip_address

from corsheaders.defaults import default_headers
from django.utils.translation import gettext_noop as _

from . import languages
from .environment import (
    BASE_DIR,
    DatabaseSettings,
    Invalid,
    address,
    base_path,
    database,
    database_server,
    errors,
    flag,
    hosts,
    identity_provider,
    language,
    number,
    origin_patterns,
    origins,
    read,
    read_secret,
    read_text,
    time_zone,
)

# -- Settings from the environment ------------------------------------------------------------

DEBUG = read("DEBUG", flag, False)
HTTPS = read("HTTPS", flag, not DEBUG)
HSTS_PRELOAD = read("HSTS_PRELOAD", flag, False)
NUM_PROXIES = read("NUM_PROXIES", number(0, 10), 0)
HOST = read("HOST", address, "127.0.0.1")
PORT = read("PORT", number(1, 65535), 5000)
BASE_PATH = read("BASE_PATH", base_path, "")
WORKERS = read("WORKERS", number(1, 64), 2)
ALLOW_SIGNUP = read("ALLOW_SIGNUP", flag, False)
REFRESH_LEEWAY = read("REFRESH_LEEWAY", number(0, 60), 10)  # seconds
HISTORY_DAYS = read("HISTORY_DAYS", number(0, 36500), 0)  # 0: for ever
DEFAULT_CURRENCY = read("DEFAULT_CURRENCY", str, "USD")
TIME_ZONE = read("TIME_ZONE", time_zone, "UTC")
LANGUAGE_CODE = read("LANGUAGE_CODE", language, "en")
ALLOWED_HOSTS = read("ALLOWED_HOSTS", hosts, ["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = read("CSRF_TRUSTED_ORIGINS", origin_patterns, list[str]())
CORS_ALLOWED_ORIGINS = read("CORS_ALLOWED_ORIGINS", origins, list[str]())
SECRET_KEY = read_secret("SECRET_KEY", debug_value="for debugging only: a secret of this machine" if DEBUG else None)
JWT_SIGNING_KEY = read_secret(
    "JWT_SIGNING_KEY", debug_value="for debugging only: the key of its tokens" if DEBUG else None
)
OIDC = identity_provider(
    domain=read("AUTH0_DOMAIN", str, ""),
    api_audience=read("API_AUDIENCE", str, ""),
    issuer=read("OIDC_ISSUER", str, ""),
    audience=read("OIDC_AUDIENCE", str, ""),
    keys_url=read("OIDC_JWKS_URL", str, ""),
    provision=read("OIDC_PROVISION", flag, False),
)
if not DEBUG and not ALLOWED_HOSTS:
    missing = _("missing; set it to the host names that the service answers to, comma separated")
    errors.append(("ALLOWED_HOSTS", Invalid(missing)))
if DEBUG and not ip_address(HOST).is_loopback:
    open_to_all = _("%(value)s lets others in, and with DEBUG anyone knows the keys; leave one of the two out")
    errors.append(("HOST", Invalid(open_to_all, value=HOST)))

# -- Database ---------------------------------------------------------------------------------

# The demo has a file of its own, so that a production start in the same checkout doesn't serve its users.
_file = BASE_DIR / ("demo.sqlite3" if DEBUG else "cashman.sqlite3")
_sqlite = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(_file)}
_password = read_text("DATABASE_PASSWORD")
_pooled = read("DISABLE_SERVER_SIDE_CURSORS", flag, False)
_database: DatabaseSettings = read("DATABASE_URL", database, _sqlite)
_database |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
if _database["ENGINE"].endswith("sqlite3"):
    _database["ENGINE"] = "cashman_project.db.sqlite"
    _database["OPTIONS"] = {
        # A writer takes its lock at the start, and waits for it. If it upgraded a read lock later, it could fail at
        # once with "database is locked".
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,  # seconds that a writer waits for the lock; some wait long, because SQLite has no queue
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    # Tests use several connections, which an in-memory database can't have.
    _database["TEST"] = {"NAME": str(BASE_DIR / "test.sqlite3")}
else:
    _database["ENGINE"] = "cashman_project.db.postgresql"
    _database["PASSWORD"] = _password or _database["PASSWORD"]
    _database["POOLED"] = _pooled  # not Django's own setting, which would load a whole export into memory
    _options: dict[str, object] = {
        "connect_timeout": 1,  # second
        "tcp_user_timeout": 10_000,  # milliseconds without an acknowledgement, after which the network counts as down
    }
    _limits = {"options": "-c statement_timeout=30s -c lock_timeout=5s"}
    _several = {"target_session_attrs": "read-write"} if "," in _database["HOST"] else {}  # one of them takes writes
    _database["OPTIONS"] = {
        **_options,
        **({} if _pooled else _limits),  # PgBouncer refuses them: docs/deploy.md
        **_several,
        **_database.get("OPTIONS", {}),
    }
DATABASES = {"default": _database}
_replica: DatabaseSettings = read("DATABASE_REPLICA_URL", database_server, {})
if _replica and _database["ENGINE"].endswith("sqlite"):
    errors.append(("DATABASE_REPLICA_URL", Invalid(_("it needs a PostgreSQL server in DATABASE_URL, too"))))
elif _replica:
    DATABASES["replica"] = {
        **_database,
        **_replica,
        "ENGINE": _database["ENGINE"],
        "PASSWORD": _password or _replica["PASSWORD"],
        "POOLED": False,  # only the standby itself says that it was promoted
        # A network that is down must not hold up reads for long, because the primary can answer them.
        "OPTIONS": {**_options, **_limits, "tcp_user_timeout": 2_000, **_replica.get("OPTIONS", {})},
    }
    DATABASE_ROUTERS = ["ledgers.router.LedgerRouter"]

# -- Application ------------------------------------------------------------------------------

ROOT_URLCONF = "cashman_project.urls"
WSGI_APPLICATION = "cashman_project.wsgi.application"
FORCE_SCRIPT_NAME = BASE_PATH or None
LOGIN_REDIRECT_URL = "root"
AUTH_USER_MODEL = "users.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "cashman_project.api",
    "users",
    "ledgers",
    "transactions",
    "reports",
    "statements",
    "moving",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "corsheaders",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "cashman_project.api.logs.RequestLogMiddleware",
    "cashman_project.api.middleware.security_headers.SecurityHeadersMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    *(["corsheaders.middleware.CorsMiddleware"] if CORS_ALLOWED_ORIGINS else []),
    "cashman_project.api.middleware.language.LanguageMiddleware",
    "cashman_project.api.middleware.problems.ProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cashman_project.api.middleware.messages.LazyMessageMiddleware",
    *(["cashman_project.api.middleware.replica.ReplicaMiddleware"] if "replica" in DATABASES else []),
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

USE_TZ = True
LANGUAGES = [*languages.LANGUAGES.items()]
LOCALE_PATHS = [BASE_DIR / "translations"]
STATIC_URL = f"{BASE_PATH}/static/"
STATIC_ROOT = BASE_DIR / "static_collected"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# -- Security ---------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["users.backends.ThrottledBackend"]
PASSWORD_HASHERS = ["users.hashers.BoundedArgon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if NUM_PROXIES else None
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HSTS_PRELOAD
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # it asks for HSTS preloading, which lasts for years: the operator decides
SESSION_ENGINE = "users.browser_sessions"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 31_536_000  # seconds
# Below a path, cookies of other applications on the host arrive too, so ours have names of their own.
SESSION_COOKIE_NAME = "sessionid" + BASE_PATH.replace("/", "_")
CSRF_COOKIE_NAME = "csrftoken" + BASE_PATH.replace("/", "_")
LANGUAGE_COOKIE_NAME = "language" + BASE_PATH.replace("/", "_")
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = LANGUAGE_COOKIE_PATH = BASE_PATH or "/"
MESSAGE_STORAGE = "cashman_project.api.message_storage.MessageStorage"
CORS_ALLOW_HEADERS = [
    *default_headers,
    *("cache-control", "idempotency-key", "if-match", "if-none-match", "min-revision", "prefer", "x-request-id"),
    *("traceparent", "tracestate"),  # W3C's Trace Context
]
CORS_EXPOSE_HEADERS = [
    *("Content-Disposition", "ETag", "Idempotency-Replayed", "Link", "Location", "Preference-Applied", "Retry-After"),
    *("Ledger-Revision", "WWW-Authenticate", "X-Request-ID"),
]
BODY_LIMIT = 5_000_000  # bytes of a body that may have many rows; api/limits.py has the other limits
FILE_LIMIT = 20_000_000  # bytes of a file of bank statements
FILE_PATHS = ("/imports",)  # which take a file
EXPORT_LIMIT = 200_000_000  # bytes of an export that is brought in again
EXPORT_PATHS = ("/me/import",)  # which take one
DATA_UPLOAD_MAX_MEMORY_SIZE = BODY_LIMIT

# -- Logs -------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,  # granian's
    "formatters": {
        "json": {"()": "cashman_project.api.logs.JSONFormatter"},
        "text": {"()": "cashman_project.api.logs.TextFormatter", "format": "[%(levelname)s] %(message)s"},
    },
    "filters": {"crashes": {"()": "cashman_project.api.logs.CrashFilter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "text" if DEBUG else "json"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "cashman": {"level": "INFO"},
        "django": {"handlers": [], "level": "INFO"},  # only those of the root
        "django.request": {"filters": ["crashes"]},
    },
}

# -- REST framework ---------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "users.authentication.BearerAuthentication",
        "cashman_project.api.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "users.permissions.WithinScope",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "cashman_project.api.parsers.StrictJSONParser",
        "cashman_project.api.parsers.SessionFormParser",
        "cashman_project.api.parsers.SessionMultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": [
        "cashman_project.api.renderers.JSONRenderer",
        "cashman_project.api.pages.renderer.PageRenderer",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "cashman_project.api.negotiation.Negotiation",
    "DEFAULT_FILTER_BACKENDS": ["cashman_project.api.filters.StrictFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "cashman_project.api.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "cashman_project.api.schema.ProblemAutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "cashman_project.api.exception_handler.exception_handler",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": JWT_SIGNING_KEY,
    "ISSUER": "cashman",
    "AUDIENCE": "cashman",
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=5),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
    "USER_ID_FIELD": "subject",
    "USER_ID_CLAIM": "sub",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Cashman",
    "DESCRIPTION": "Keeps track of what comes in and what goes out: incomes, expenses, their categories and sums.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.0.3",
    "SERVERS": [{"url": BASE_PATH or "/"}],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "LICENSE": {"name": "MIT", "url": "https://spdx.org/licenses/MIT.html"},
    "CONTACT": {"name": "The Cashman authors"},
    "TAGS": [
        {"name": "auth", "description": "Register, sign in and sign out."},
        {"name": "tokens", "description": "Personal access tokens, for scripts."},
        {"name": "me", "description": "You and your preferences."},
        {"name": "incomes", "description": "Money that came in."},
        {"name": "expenses", "description": "Money that went out."},
        {"name": "transactions", "description": "Incomes and expenses together."},
        {"name": "accounts", "description": "Where money is, their balances, registers and checks."},
        {"name": "transfers", "description": "Money that moves between accounts."},
        {"name": "categories", "description": "Names to group transactions by, one each."},
        {"name": "tags", "description": "Names to group transactions by, several each."},
        {"name": "rules", "description": "What new transactions get by themselves."},
        {"name": "imports", "description": "Bank statements: a file becomes a plan, and the plan transactions."},
        {"name": "moving", "description": "Everything of yours out, and into another ledger."},
        {"name": "history", "description": "What was changed, when and by whom."},
        {"name": "summary", "description": "Income, expense and net."},
        {"name": "charts", "description": "Sums as pictures, and the numbers in them."},
        {"name": "service", "description": "Whether the service works."},
    ],
    "PREPROCESSING_HOOKS": ["cashman_project.api.schema_hooks.without_optional_slash"],
    "POSTPROCESSING_HOOKS": [
        "cashman_project.api.schema_hooks.name_enumerations",
        "cashman_project.api.schema_hooks.type_what_may_be_null",
        "cashman_project.api.schema_hooks.share_examples",
        "cashman_project.api.schema_hooks.add_server",
    ],
    # Browser sessions and forms are for the pages. Programs send tokens and JSON.
    "AUTHENTICATION_WHITELIST": ["users.authentication.BearerAuthentication"],
    "PARSER_WHITELIST": ["cashman_project.api.parsers.StrictJSONParser"],
    "ENUM_SUFFIX": "",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "AccountKind": "transactions.choices.AccountKind",
        "FileFormat": ["camt", "csv", "mt940", "ofx", "qif"],
        "ImportStatus": ["reading", "preview", "committed", "undone"],
        "TransactionType": "transactions.choices.TransactionType",
    },
}
