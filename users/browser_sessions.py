"""The store of browser sessions. Each row names its user, so that the sessions can be listed, ended and erased."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.db import IntegrityError
from django.utils import timezone

from .models import BrowserSession, digest_of


class SessionStore(db.SessionStore):
    """Django's own store, but a row holds only the hash of its key, so that nobody can sign in with a stolen table."""

    @classmethod
    def get_model_class(cls) -> type[BrowserSession]:  # type: ignore[override]  # the stub has Django's own model
        return BrowserSession

    def exists(self, session_key: str) -> bool:
        return BrowserSession.objects.filter(pk=digest_of(session_key)).exists()

    def create_model_instance(self, data: dict[str, str]) -> BrowserSession:  # type: ignore[override]  # as above
        key: str = self._get_or_create_session_key()  # type: ignore[attr-defined]  # not in the stub
        return BrowserSession(
            digest=digest_of(key),
            user_id=data.get("_auth_user_id"),
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
        )

    def save(self, must_create: bool = False) -> None:
        """Write the session. Raises UpdateError if its row or its user was deleted meanwhile."""
        try:
            super().save(must_create)
        except (CreateError, IntegrityError):  # Django would try other keys for ever, but keys are never the same
            raise UpdateError from None

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            BrowserSession.objects.filter(pk=digest_of(key)).delete()

    def _get_session_from_db(self) -> BrowserSession | None:
        row = BrowserSession.objects.filter(
            pk=digest_of(self.session_key or ""), expire_date__gt=timezone.now()
        ).first()
        if row is None:
            self._session_key = None
        return row
