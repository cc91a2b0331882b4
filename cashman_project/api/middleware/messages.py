"""Messages for the next page. They are read only if a page shows them."""

from functools import partial

from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.messages.storage import default_storage
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject, empty


class LazyMessageMiddleware(MessageMiddleware):
    """Django's own, but it does not read the cookie until somebody reads or adds a message."""

    def process_request(self, request: HttpRequest) -> None:
        request._messages = SimpleLazyObject(partial(default_storage, request))  # type: ignore[attr-defined]  # no stub

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        is_used = request._messages._wrapped is not empty  # type: ignore[attr-defined]  # no stub
        return super().process_response(request, response) if is_used else response
