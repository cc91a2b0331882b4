"""Logins at the API: the JSON Web Tokens (RFC 7519) of each session, and how a session ends.

A refresh token can be used once. If it is used a second time, either that time or the first time it was sent by a
thief. So the session ends for both (RFC 9700, section 4.14.2). But a response can get lost on its way. So for
REFRESH_LEEWAY seconds, the same token gets the same response again.

The reasons are in docs/adr/0013-sessions-and-personal-tokens.md.
"""

import time
from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple, TypeVar, cast
from uuid import UUID, uuid4, uuid5

import jwt
from django.conf import settings
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token
from rest_framework_simplejwt.utils import datetime_from_epoch, datetime_to_epoch

from cashman_project.api.fastpath.owner_query import OwnerColumn, OwnerQuery
from cashman_project.db.compiled import Parameter, Statement

from .models import Session, User
from .token_errors import malformed_token, token_error
from .token_owner import owner_column, owner_from

TokenT = TypeVar("TokenT", bound=Token)

HEADER = {"alg": "HS256", "typ": "JWT"}  # exactly the header of our tokens
LONGEST = 16_384  # characters of a token, far more than any identity provider needs
LONGEST_CACHED = 500  # characters of a header that is cached; ours have 36


class SessionToken(RefreshToken):
    """The refresh token of a session. It is made from the session's row alone, and so is its access token. So both are
    the same each time."""

    @classmethod
    def of(cls, session: Session) -> "SessionToken":
        """Return the session's present refresh token."""
        token = cast("SessionToken", cls.for_user(session.owner))
        token["jti"] = session.jti
        token["sid"] = str(session.pk)
        token["iat"] = datetime_to_epoch(session.issued_at)
        token["exp"] = datetime_to_epoch(session.expires_at)
        return token

    @property
    def access_token(self) -> AccessToken:
        access = super().access_token
        issued_at = datetime_from_epoch(self["iat"])
        access.set_iat(at_time=issued_at)
        access.set_exp(from_time=issued_at)
        access["jti"] = uuid5(UUID(self["sid"]), self["jti"]).hex
        return access


def start_session(owner: User) -> SessionToken:
    """Start a session and return its first refresh token. Raises IntegrityError if the owner was deleted meanwhile."""
    sessions = Session.objects.filter(owner=owner)
    sessions.filter(expires_at__lt=timezone.now()).delete()
    session = Session.objects.create(owner=owner, auth_hash=owner.get_session_auth_hash(), **_new_state())
    return SessionToken.of(session)


def refresh_session(text: str) -> SessionToken:
    """Return the next refresh token. For REFRESH_LEEWAY seconds, a token that was used before gets the same one again.

    Raises AuthenticationFailed (401) if the given token is not valid. If it was used earlier than that, the session
    ends.
    """
    presented = _validated(RefreshToken, text)
    session = _session_of(presented)
    row = Session.objects.filter(pk=session.pk, owner=session.owner)
    state = {"previous_jti": presented["jti"], **_new_state()}
    if row.filter(jti=presented["jti"]).update(**state):  # if several requests send the same token, one of them wins
        for name, value in state.items():
            setattr(session, name, value)
        return SessionToken.of(session)
    session = _session_of(presented)  # as the winner has left it
    if _may_repeat(session, presented["jti"]):
        return SessionToken.of(session)
    row.delete()
    raise AuthenticationFailed(_("This token has been used before: sign in again."), code="invalid_token")


def end_session(text: str) -> None:
    """End the session of a refresh token. Raises AuthenticationFailed (401) if the token is not valid."""
    session = _session_of(_validated(RefreshToken, text))
    Session.objects.filter(pk=session.pk, owner=session.owner).delete()


def own_user(text: str, owner_query: OwnerQuery) -> User:
    """Return the user of an access token. Run the owner query too.

    Raises AuthenticationFailed (401) with a code that says what is wrong with the token.
    """
    access = _access(text)
    if access.expires_at <= time.time():
        raise token_error(jwt.ExpiredSignatureError())
    owner_id = access.owner or _owner_id(access.subject)
    if access.session is None or owner_id is None:
        raise _ended()
    values = {"owner": owner_id, "session": access.session, **owner_query.values}
    for auth_hash, owner_text, *found in _owner_statement(*owner_query.columns).rows(values):
        owner = owner_from(owner_text)
        if _is_running(owner, auth_hash, access.subject):
            owner_query.take(*found)
            return owner
    raise _ended()


class _Access(NamedTuple):
    """The claims of an access token: its expiry in seconds since 1970, its session and its subject. `owner` is the id
    that the subject is; None if it is another name for a user."""

    expires_at: float
    session: UUID | None
    subject: object
    owner: UUID | None


@lru_cache(maxsize=4_096)
def _access(text: str) -> _Access:
    """Return the claims of a valid access token. Its signature is checked once, but the caller has to check its expiry
    each time."""
    token = _validated(AccessToken, text)
    return _Access(token["exp"], _uuid(token.get("sid")), token.get("sub"), _uuid(token.get("sub")))


@lru_cache
def _owner_statement(*columns: OwnerColumn) -> Statement:
    owner = Parameter("owner", Session._meta.get_field("owner"))
    rows = Session.objects.filter(pk=Parameter("session", Session._meta.pk), owner=owner)
    return Statement(rows.values_list("auth_hash", owner_column(), *columns))


def header_of(text: str) -> dict[str, object]:
    """Return the unverified header of a token. Raises AuthenticationFailed (401) if it has none or is too long."""
    if len(text) > LONGEST:  # reading a token of megabytes takes a good part of a second
        raise malformed_token()
    part = text.partition(".")[0]
    try:
        return _header(part) if len(part) < LONGEST_CACHED else jwt.get_unverified_header(text)
    except jwt.InvalidTokenError:
        raise malformed_token() from None


@lru_cache
def _header(part: str) -> dict[str, object]:
    return jwt.get_unverified_header(f"{part}..")


def _new_state() -> dict[str, object]:
    """Return the fields of a session that change when a pair of tokens is issued, for a pair that is issued now."""
    now = timezone.now()
    return {"jti": uuid4().hex, "issued_at": now, "expires_at": now + SessionToken.lifetime}


def _may_repeat(session: Session, jti: str) -> bool:
    """Return whether the present pair was issued for the token `jti` so recently that it may be sent again."""
    leeway = timedelta(seconds=settings.REFRESH_LEEWAY)
    return bool(leeway and jti == session.previous_jti and timezone.now() - session.issued_at < leeway)


def _validated(token_class: type[TokenT], text: str) -> TokenT:
    if header_of(text) != HEADER:
        raise malformed_token()
    try:
        return token_class(text)  # type: ignore[arg-type]  # the stub wants a token, simplejwt its text
    except TokenError as error:
        raise token_error(error) from None
    except (ArithmeticError, OSError, TypeError, ValueError):  # claims of a wrong type or size
        raise malformed_token() from None


def _session_of(token: Token) -> Session:
    """Return the token's session with its owner. Raises AuthenticationFailed (401) if it has ended."""
    key, owner = _uuid(token.get("sid")), _owner_id(token.get("sub"))
    session = Session.objects.select_related("owner").filter(pk=key, owner=owner).first() if key and owner else None
    if not session or not _is_running(session.owner, session.auth_hash, token.get("sub")):
        raise _ended()
    return session


def _owner_id(subject: object) -> UUID | None:
    """Return the id of the user whom a token's subject names; None if there is no such user.

    It is the subject itself, unless the user came from an identity provider.
    """
    if (owner := _uuid(subject)) or not (isinstance(subject, str) and subject.isprintable()):
        return owner  # a database can't take every character, and no subject has one that is not printable
    return User.objects.filter(subject=subject).values_list("pk", flat=True).first()


def _ended() -> AuthenticationFailed:
    return AuthenticationFailed(_("The login of this token has ended: sign in again."), code="invalid_token")


def _is_running(owner: User, auth_hash: str, subject: object) -> bool:
    """Return whether the login has not ended: its owner is active, is the token's `subject`, and has the same password
    as at login."""
    return owner.is_active and owner.subject == subject and _is_same_password(auth_hash, owner.password)


@lru_cache(maxsize=4_096)
def _is_same_password(auth_hash: str, password: str) -> bool:
    """Return whether this is the session hash for this password hash. It takes three digests, so it is cached."""
    return constant_time_compare(auth_hash, User(password=password).get_session_auth_hash())


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
