"""The sessions of the browsable pages, as a way to know who sent a request."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied


class BrowserAuthentication(SessionAuthentication):
    """A browser's session. Its CSRF token is looked for before a parser is asked, which wants to know who sent this."""

    def enforce_csrf(self, request: Any) -> None:
        try:
            super().enforce_csrf(request._request)
        except PermissionDenied as error:
            message = _("A write with a browser session needs its CSRF token, in X-CSRFToken or the form. %(reason)s")
            raise PermissionDenied(message % {"reason": error.detail}) from None
