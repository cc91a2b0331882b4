"""The WSGI application (PEP 3333) that granian serves (docs/adr/0022-a-path-of-its-own.md)."""

import gc
import os
from typing import TYPE_CHECKING

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.management import BaseCommand
from django.http.response import HttpResponseBase
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")

django.setup(set_prefix=False)

from .api.slow_clients import receive  # noqa: E402  # needs the apps
from .db.connection_pool import POOL  # noqa: E402

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

WITHOUT_DATABASE = ("/livez", "/livez/")  # they answer even if all connections are in use
LONGEST_TYPE = 255  # characters of a Content-Type, because its parameters take time


class Request(WSGIRequest):
    """A request with a URL in UTF-8, and possibly with a malformed Content-Type.

    Django would read the URL in the charset of the body, and fail on a malformed Content-Type before a view can refuse
    it. The host is checked once for each request.
    """

    host = ""

    def __init__(self, environ: "WSGIEnvironment") -> None:
        path = environ["PATH_INFO"]
        if not path.isascii():  # Django would raise an exception for each byte that is not UTF-8
            environ["PATH_INFO"] = path.encode("latin-1").decode(errors="replace").encode().decode("latin-1")
        super().__init__(environ)

    def get_host(self) -> str:
        self.host = self.host or super().get_host()
        return self.host

    def _set_content_type_params(self, meta: dict[str, str]) -> None:
        value = meta.get("CONTENT_TYPE", "")
        try:
            if len(value) > LONGEST_TYPE:
                raise ValueError
            self.content_type, self.content_params = parse_header_parameters(value)
        except ValueError:
            meta["CONTENT_TYPE"] = self.content_type = "malformed"
            self.content_params = {}


class Handler(WSGIHandler):
    """Runs a request when its body has arrived, so that no database connection waits for a client.

    The response is sent after the connection is returned. It has all of its content in memory or in a file.
    """

    request_class = Request

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> HttpResponseBase:
        body = receive(environ)
        try:
            if environ["PATH_INFO"] in WITHOUT_DATABASE:
                return super().__call__(environ, start_response)
            POOL.lend()
            try:
                return super().__call__(environ, start_response)
            finally:
                POOL.take_back()
        finally:
            if body is not None:
                body.close()  # now, and not when garbage is collected: it may be a large file


class PrefixHandler(Handler):
    """Serves below BASE_PATH, whether or not the proxy has removed it from the path. Probes don't have it."""

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> HttpResponseBase:
        path, prefix = environ["PATH_INFO"], settings.BASE_PATH
        if path == prefix or path.startswith(f"{prefix}/"):
            environ["PATH_INFO"] = path[len(prefix) :]
        return super().__call__(environ, start_response)


application = PrefixHandler() if settings.BASE_PATH else Handler()
# However it is started, no server may run with a missing secret.
BaseCommand().check()
# What is loaded by now is never collected. A full garbage collection that scans it would stop all threads for 0.1 s.
gc.freeze()
