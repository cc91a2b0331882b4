"""Settings of the other Django frameworks, as few as each needs. PEER_URLS names the module whose routes are served."""

import os
from urllib.parse import urlsplit

from .common import DATABASE_URL, KEY

_database = urlsplit(DATABASE_URL)

ALLOWED_HOSTS = ["127.0.0.1"]
AUTH_USER_MODEL = "peers.User"
BOLT_API = ["benchmarks.peers.bolt:api"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database.path[1:],
        "USER": _database.username,
        "HOST": _database.hostname,
        "PORT": _database.port,
        "CONN_MAX_AGE": None,
    }
}
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django_bolt", "benchmarks.peers"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}
ROOT_URLCONF = os.environ["PEER_URLS"]
SECRET_KEY = KEY
SIMPLE_JWT = {"SIGNING_KEY": KEY, "USER_ID_FIELD": "subject", "USER_ID_CLAIM": "sub"}
TIME_ZONE = "UTC"
USE_TZ = True
