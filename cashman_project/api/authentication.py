"""Browser sessions as credentials of the API."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied


class BrowserAuthentication(SessionAuthentication):
    """A browser session. Its CSRF token is checked before the body is parsed: the parsers need to know the user."""

    def enforce_csrf(self, request: Any) -> None:  # of the REST framework, which the stub does not know
        try:
            super().enforce_csrf(request._request)
        except PermissionDenied as error:
            message = _("A write with a browser session needs its CSRF token, in X-CSRFToken or the form. %(reason)s")
            raise PermissionDenied(message % {"reason": error.detail}) from None
