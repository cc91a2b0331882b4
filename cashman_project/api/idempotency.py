"""Idempotency-Key: a request that is sent again gets the same response, and is carried out once.

The reasons are in docs/adr/0010-idempotency-keys.md.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from django.db import OperationalError, connection
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request, is_form_media_type

from ..db.retry import in_transaction
from .errors import RETRY_AFTER
from .models import IdempotencyKey
from .owner import owner_of
from .pages.requests import is_page_form
from .serializers import FORM_FIELDS

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from users.models import User

HEADER = "Idempotency-Key"
KEY = re.compile(r"[!-~]{1,255}")  # visible ASCII
LIFETIME = timedelta(hours=24)
WAIT = timedelta(seconds=5)  # for the response to the same request, which is still being processed
SWEPT = 100  # expired keys that a request deletes at most
LOCK_NOT_AVAILABLE = "55P03"  # error code of PostgreSQL


class IdempotencyKeyReused(APIException):
    """422: the key belongs to another request."""

    status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    default_detail = gettext_lazy("This Idempotency-Key was sent with another request: use a new key for each request.")
    default_code = "idempotency_key_reused"


class IdempotencyInProgress(APIException):
    """409: the same request is still being processed."""

    status_code = HTTPStatus.CONFLICT
    default_detail = gettext_lazy("The same request is still being processed. Try again in a moment.")
    default_code = "idempotency_in_progress"
    wait = RETRY_AFTER


class Answer(NamedTuple):
    """The response to a request: `data` is None if there is no body, `location` is "" if nothing was created."""

    status: int
    data: Any = None  # Any: what a serializer has written, or what was stored of it
    location: str = ""
    replayed: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the response."""
        location = {"Location": self.location} if self.location else {}
        return location | ({"Idempotency-Replayed": "true"} if self.replayed else {})


class IdempotentRequest(NamedTuple):
    """A request that must be carried out once: its owner, its key, and a fingerprint that tells it from other
    requests."""

    owner: "User"
    key: str
    fingerprint: str


def idempotent_request(request: Request, content: bytes | None = None) -> IdempotentRequest | None:
    """Return the request as its key describes it; None without a key. Call it before the request's JSON is parsed.

    `content` stands for what a request with a file has sent. Raises ValidationError (400) for a malformed key.
    """
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return None
    if not KEY.fullmatch(key):
        raise ValidationError({HEADER: [_("Not a key: give 1 to 255 visible ASCII characters.")]})
    if content is not None:
        pass
    elif is_page_form(request):
        content = _form_content(request.POST)
    elif is_form_media_type(request.content_type):
        raise ValidationError({HEADER: [_("Only a request in JSON can have a key.")]})
    else:
        content = request.body
    query = f"?{query}" if (query := request.META["QUERY_STRING"]) else ""
    content = f"{request.method} {request.path_info.rstrip('/')}{query}\n".encode() + content
    return IdempotentRequest(owner_of(request), key, hashlib.blake2b(content, digest_size=16).hexdigest())


def _form_content(data: QueryDict) -> bytes:
    """Return the fields of a page's form, without those that every form has, such as the CSRF token."""
    fields = sorted((name, values) for name, values in data.lists() if name not in FORM_FIELDS)
    return repr(fields).encode("utf-8", "backslashreplace")


def answer_once(idempotent_request: IdempotentRequest | None, write: Callable[[], Answer]) -> Answer:
    """Return the answer of `write`, run in one database transaction, or the stored answer if it was run before.

    The answer is stored in the same database transaction, so both are stored or neither. If the same request is still
    being processed, this waits for its answer. Raises IdempotencyKeyReused (422) if the key belongs to another request,
    IdempotencyInProgress (409) after WAIT, and whatever `write` raises, which is not stored.
    """
    if idempotent_request is None:
        return in_transaction(write)
    return in_transaction(lambda: _stored_answer(idempotent_request) or _store_answer(idempotent_request, write()))


def expired_keys() -> "QuerySet[IdempotencyKey]":
    """Return the expired keys of all owners."""
    return IdempotencyKey.objects.filter(created_at__lt=_expiry())


def is_first_submission(owner: "User", key: str) -> bool:
    """Return whether a form of the admin was sent for the first time, and store its key in the write's transaction.

    If the same form comes again in the meantime, it waits for that transaction. A malformed key is not stored, and its
    form counts as sent for the first time.
    """
    if not KEY.fullmatch(key):
        return True
    row = _locked(IdempotentRequest(owner, key, ""))
    if row.status is None:
        _store_answer(IdempotentRequest(owner, key, ""), Answer(HTTPStatus.SEE_OTHER))
    return row.status is None


def _expiry() -> datetime:
    """Return the timestamp before which a key has expired."""
    return timezone.now() - LIFETIME


def _stored_answer(idempotent_request: IdempotentRequest) -> Answer | None:
    """Return the stored answer of the key. If the key is new or has expired, lock it and return None."""
    with _limited_wait():
        row = _locked(idempotent_request)
    if row.status is None or row.created_at < _expiry():
        return None
    if row.fingerprint != idempotent_request.fingerprint:
        raise IdempotencyKeyReused
    return Answer(row.status, orjson.loads(row.body), row.location, replayed=True)


def _locked(idempotent_request: IdempotentRequest) -> IdempotencyKey:
    """Insert the key unless it is there; return its row, locked.

    PostgreSQL waits here for a transaction that inserts the same key. SQLite has waited when its transaction began.
    """
    while True:
        IdempotencyKey.objects.bulk_create(
            [IdempotencyKey(owner=idempotent_request.owner, key=idempotent_request.key)], ignore_conflicts=True
        )
        rows = IdempotencyKey.objects.filter(owner=idempotent_request.owner, key=idempotent_request.key)
        row = rows.select_for_update(no_key=True).first()
        if row is not None:  # otherwise it had expired, and was deleted in the meantime
            return row


@contextmanager
def _limited_wait() -> Iterator[None]:
    """Wait at most WAIT for a lock; raises IdempotencyInProgress after that."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = %s", [f"{WAIT // timedelta(milliseconds=1)}ms"])
        try:
            yield
        except OperationalError as error:
            if getattr(error.__cause__, "pgcode", None) == LOCK_NOT_AVAILABLE:
                raise IdempotencyInProgress from None
            raise
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")


def _store_answer(idempotent_request: IdempotentRequest, answer: Answer) -> Answer:
    """Store the answer with its key, and delete a few expired keys of the owner; return the answer."""
    keys = IdempotencyKey.objects.filter(owner=idempotent_request.owner)
    keys.filter(key=idempotent_request.key).update(
        fingerprint=idempotent_request.fingerprint,
        status=answer.status,
        body=orjson.dumps(answer.data).decode(),
        location=answer.location,
        created_at=timezone.now(),
    )
    expired = keys.filter(created_at__lt=_expiry()).select_for_update(skip_locked=True)
    # Not a subquery of the DELETE: PostgreSQL may run that several times, each time for other keys.
    if found := list(expired.values_list("key", flat=True)[:SWEPT]):
        keys.filter(key__in=found).delete()
    return answer
