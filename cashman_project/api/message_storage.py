"""The storage of the messages that the next page shows."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http import HttpResponse


class MessageCookieStorage(CookieStorage):
    """Django's own, but its cookie has this service's path and a name of its own, like the session's cookie."""

    cookie_name = "messages" + settings.BASE_PATH.replace("/", "_")

    def _update_cookie(self, encoded_data: str, response: HttpResponse) -> None:
        super()._update_cookie(encoded_data, response)  # type: ignore[misc]  # not in the stub
        if self.cookie_name in response.cookies:
            response.cookies[self.cookie_name]["path"] = settings.SESSION_COOKIE_PATH


class MessageStorage(FallbackStorage):
    """A cookie; messages that are too large for it are stored in the session."""

    storage_classes = (MessageCookieStorage, SessionStorage)
