"""The WSGI application (PEP 3333) that granian serves (docs/adr/0022-a-path-of-its-own.md)."""

import gc
import os
from collections.abc import Callable
from typing import Any

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

WITHOUT_DATABASE = ("/livez", "/livez/")  # which answer while every connection is in use
LONGEST_TYPE = 255  # characters of a Content-Type; its parameters take time


class Request(WSGIRequest):
    """A request whose URL is read as UTF-8, and which exists even if its Content-Type is malformed.

    Django reads the URL in the charset of the body. If that charset is wrong, the view refuses it. The host is checked
    once for each request.
    """

    host = ""

    def __init__(self, environ: dict[str, Any]) -> None:
        path = environ["PATH_INFO"]
        if not path.isascii():  # in what is no UTF-8, Django would go from fault to fault, each an exception
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
    """Runs a request once its body is there, with a database connection that no client keeps waiting.

    The response is sent after that: it holds all of its content, in memory or in a file.
    """

    request_class = Request

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> HttpResponseBase:
        receive(environ)
        if environ["PATH_INFO"] in WITHOUT_DATABASE:
            return super().__call__(environ, start_response)
        POOL.lend()
        try:
            response: HttpResponseBase = super().__call__(environ, start_response)
        finally:
            POOL.take_back()
        return response


class PrefixHandler(Handler):
    """Serves below BASE_PATH, whether or not the proxy in front has cut it off; probes don't name it."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        path, prefix = environ["PATH_INFO"], settings.BASE_PATH
        if path == prefix or path.startswith(f"{prefix}/"):
            environ["PATH_INFO"] = path[len(prefix) :]
        return super().__call__(environ, start_response)


application = PrefixHandler() if settings.BASE_PATH else Handler()
# No server may run with a missing secret, however it is started.
BaseCommand().check()
gc.freeze()  # what is loaded by now stays, and a full garbage collection that scans it would stop all threads for 0.1 s
