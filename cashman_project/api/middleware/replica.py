"""Reads that the replica has failed."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from ...db.replica import READING, REPLICA


class ReplicaMiddleware:
    """Repeat a read on the primary if the replica has failed it: lost, out of date, busy with what the primary sent.

    It is the innermost middleware, because a page is only read to its end when it is rendered.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            response = self.get_response(request)
            if response.status_code < 500 or not REPLICA.has_failed:
                return response
            REPLICA.fail()
        finally:
            REPLICA.take_back()
        READING.is_barred = True
        try:
            return self.get_response(request)
        finally:
            READING.is_barred = False
