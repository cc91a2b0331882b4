"""The WSGI application (PEP 3333) that granian serves."""

import os

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.management import BaseCommand

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")

django.setup(set_prefix=False)


class LenientRequest(WSGIRequest):
    """A request that exists even if its Content-Type is malformed, so that a view can refuse it."""

    def _set_content_type_params(self, meta: dict[str, str]) -> None:
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]  # not in the stub
        except ValueError:
            meta["CONTENT_TYPE"] = self.content_type = "malformed"
            self.content_params = {}


class Handler(WSGIHandler):
    request_class = LenientRequest


application = Handler()
# No server, whoever starts it, may serve with a missing secret.
BaseCommand().check()
