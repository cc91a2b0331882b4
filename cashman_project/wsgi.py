"""The WSGI application (PEP 3333) that granian serves."""

import os

from django.core.management import BaseCommand
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")

application = get_wsgi_application()
# No server, whoever starts it, may serve with a missing secret.
BaseCommand().check()
