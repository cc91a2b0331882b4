"""Personal access tokens as credentials: finding the owner, and storing the time of the last use.

The reasons are in docs/adr/0013-sessions-and-personal-tokens.md.
"""

import base64
import datetime
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed

from cashman_project.api.fastpath.owner_query import OwnerColumn, OwnerQuery
from cashman_project.api.idempotency import IdempotencyKeyReused, is_first_submission
from cashman_project.api.models import IdempotencyKey
from cashman_project.api.types import AnySerializer
from cashman_project.db.compiled import Parameter, Statement

from .models import TOKEN_PREFIX, PersonalToken, User, digest_of, secret_of
from .oidc.tokens import is_configured
from .token_owner import owner_column, owner_from

SECRET = re.compile(f"{TOKEN_PREFIX}([A-Za-z0-9_-]{{64}})")  # 16 bytes of the owner's id and 32 random ones
NAMES = [field.attname for field in PersonalToken._meta.concrete_fields]
LAST_USE_STORED_EVERY = datetime.timedelta(minutes=1)
SENT_TWICE = datetime.timedelta(minutes=1)  # a form that comes again within it shows its token again


def personal_token(text: str, owner_query: OwnerQuery) -> PersonalToken:
    """Return the token with this secret, and its owner. Run the owner query too, and store the time of use.

    Raises AuthenticationFailed (401) if there is no such token, if it has expired, or if its owner is deactivated or
    can't sign in any more.
    """
    match = SECRET.fullmatch(text)
    token = None
    if match:
        owner = UUID(bytes=base64.urlsafe_b64decode(match[1])[:16])
        token = _token_of(owner, digest_of(text), owner_query)
    if token is None or not token.owner.is_active or _is_locked_out(token.owner):
        raise AuthenticationFailed(_("There is no such personal access token."), code="invalid_token")
    if token.expires_at and token.expires_at <= timezone.now():
        raise AuthenticationFailed(_("This personal access token has expired."), code="token_expired")
    _store_last_use(token)
    return token


def token_of_form(owner: User, key: str, form: AnySerializer) -> PersonalToken:
    """Return the token, with its secret, that a page's valid form with this key makes, in a database transaction.

    A double click sends the form twice, and the browser shows the second response. So both make one token and show one
    secret, which is stored nowhere. Raises IdempotencyKeyReused (422) if the form comes later, or was another, or if
    its token has been deleted meanwhile: a secret that was deleted never comes back.
    """
    is_first = is_first_submission(owner, key)
    secret = _secret_of_form(owner, key)
    if is_first:
        made: PersonalToken = form.save(owner=owner, secret=secret)
        return made
    token = PersonalToken.objects.for_owner(owner).filter(digest=digest_of(secret)).first()
    if (
        token is None
        or token.created_at < timezone.now() - SENT_TWICE
        or any(getattr(token, name) != value for name, value in form.validated_data.items())
    ):
        raise IdempotencyKeyReused
    token.secret = secret
    return token


def _secret_of_form(owner: User, key: str) -> str:
    """Return the secret for a form's key and the time when it came first, which outlives no key.

    Without our SECRET_KEY nobody can tell it from them.
    """
    first = IdempotencyKey.objects.get(owner=owner, key=key).created_at
    value = f"{owner.pk} {key} {first.timestamp()!r}"
    return secret_of(owner, salted_hmac("users.personal_token", value, algorithm="sha256").digest())


def _is_locked_out(owner: User) -> bool:
    """Return whether the owner has no password and belongs to an identity provider that is no longer accepted."""
    return " " in owner.subject and not is_configured(owner.subject) and not owner.has_usable_password()


def _token_of(owner: UUID, digest: str, owner_query: OwnerQuery) -> PersonalToken | None:
    statement = _token_statement(*owner_query.columns)
    for row in statement.rows({"owner": owner, "digest": digest, **owner_query.values}):
        values = statement.converted(row)
        token = PersonalToken.from_db(None, NAMES, values[: len(NAMES)])
        token.owner = owner_from(values[len(NAMES)])
        owner_query.take(*values[len(NAMES) + 1 :])
        return token
    return None


@lru_cache
def _token_statement(*columns: OwnerColumn) -> Statement:
    owner, digest = (Parameter(name, PersonalToken._meta.get_field(name)) for name in ("owner", "digest"))
    rows = PersonalToken.objects.for_owner(owner).filter(digest=digest)
    return Statement(rows.values_list(*NAMES, owner_column(), *columns))


def _store_last_use(token: PersonalToken) -> None:
    """Store the time of use, about once a minute. If it would have to wait for a lock, skip it: a read never waits."""
    now = timezone.now()
    if token.last_used_at and now - token.last_used_at < LAST_USE_STORED_EVERY:
        return
    row = PersonalToken.objects.filter(pk=token.pk, owner=token.owner)
    with suppress(OperationalError), _without_waiting(), transaction.atomic():
        if row.select_for_update(skip_locked=True, no_key=True):
            row.update(last_used_at=now)


@contextmanager
def _without_waiting() -> Iterator[None]:
    """Don't wait for a lock on SQLite, where a writer locks the whole database."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        [timeout] = cursor.execute("PRAGMA busy_timeout").fetchone()
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {timeout}")
