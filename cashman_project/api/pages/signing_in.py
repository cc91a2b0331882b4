"""Signing in on a page, and the form that was sent after the sign-in had expired.

The form is kept in the sign-in page, and shown again after it (docs/adr/0009-pages-without-a-script.md).
"""

import copy
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.exceptions import SuspiciousOperation
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict, UnreadablePostError
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import get_script_prefix, resolve
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied

from ..owner import signed_in_user
from ..parsers import BASE_FIELD, FORM_HEADERS, METHOD_FIELD, NEXT_FIELD
from ..types import FieldsSerializer
from .inputs import form_inputs
from .layout import laid_out
from .merging import decided

if TYPE_CHECKING:
    from users.models import User

KEPT_FIELD = "_form"  # of the sign-in form: the form that was sent before
KEY_BEFORE = "csrf_key_before"  # in the session: the browser's CSRF secret until somebody signed in
LIFETIME = timedelta(hours=24)  # as long as the idempotency key of a form is valid
MAX_KEPT = 12_000  # characters: fits in a body of `limits.CREDENTIALS`, with a name and a password
FORM = "application/x-www-form-urlencoded"
PAGE_FIELDS = (METHOD_FIELD, BASE_FIELD, NEXT_FIELD, *FORM_HEADERS)  # all of a form but its CSRF token
METHODS = (None, "PUT", "PATCH")  # a form that deletes has nothing that was typed


class KeptForm(NamedTuple):
    """A form of a page: `path` is that of its action, below the base path. No field is a password."""

    path: str
    fields: dict[str, list[str]]


def keep_form(request: HttpRequest) -> str:
    """Return the page's form in the request, signed; "" if it is none, is too large, or has nothing that was typed.

    Its CSRF token must be valid, so no other site can have made it up. Call this before the body was read.
    """
    if request.method != "POST" or request.content_type != FORM or request.resolver_match is None:
        return ""
    try:
        SessionAuthentication().enforce_csrf(request)  # type: ignore[arg-type]  # Django's request will do
        data = decided(request.POST)
    except (PermissionDenied, SuspiciousOperation, UnreadablePostError):
        return ""
    typed = [name for name in _typed_fields(request.resolver_match.func) if name in data]
    if not typed or data.get(METHOD_FIELD) not in METHODS:
        return ""
    fields = {name: _texts(data, name) for name in (*typed, *PAGE_FIELDS) if name in data}
    signed = _signer(request).sign_object([request.path_info, fields], compress=True)
    return signed if len(signed) <= MAX_KEPT else ""


def _texts(data: QueryDict, name: str) -> list[str]:
    """Return the values of the field, their lines ending as the parser of forms has them."""
    return [value.replace("\r\n", "\n") for value in data.getlist(name)]


def kept_form(request: HttpRequest) -> KeptForm | None:
    """Return the form that the request to sign in carries; None if it is not one that this browser was given."""
    try:
        return KeptForm(*_signer(request).unsign_object(request.POST.get(KEPT_FIELD, ""), max_age=LIFETIME))
    except BadSignature:
        return None


def _signer(request: HttpRequest) -> TimestampSigner:
    """Return the signer for this browser: its CSRF secret changes when somebody signs in."""
    return TimestampSigner(salt=f"{__name__}:{request.META.get('CSRF_COOKIE', '')}")


def _typed_fields(view: object) -> list[str]:
    """Return the names of the fields in a form of the view."""
    serializer = getattr(getattr(view, "cls", None), "serializer_class", None)
    fields = serializer().fields.items() if serializer else ()
    return [name for name, field in fields if not field.read_only and field.style.get("input_type") != "password"]


@method_decorator(csrf_exempt, name="dispatch")  # Django's own view checks the token, after `_sent_late`
class SignInView(LoginView):
    """The page to sign in at. If it has kept a form, the form is shown next, to be sent with one click."""

    template_name = "rest_framework/login.html"

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        return self._sent_late(request) or super().dispatch(request, *args, **kwargs)

    def _sent_late(self, request: HttpRequest) -> HttpResponse | None:
        """Return what follows a sign-in, if this page was opened before the present one, and is sent only now.

        It was sent again, because the next page was loaded again, or somebody has signed in in another window. Its CSRF
        token, and the form that it keeps, are of the secret that the browser had until then.
        """
        user = signed_in_user(request) if request.method == "POST" else None
        secret = request.session.get(KEY_BEFORE) if user else None
        if user is None or secret is None:
            return None
        late = copy.copy(request)
        late.POST, late.COOKIES = request.POST, {settings.CSRF_COOKIE_NAME: secret}
        late.META = {**request.META}
        try:
            SessionAuthentication().enforce_csrf(late)  # type: ignore[arg-type]  # Django's request will do
        except PermissionDenied:
            return None
        kept = kept_form(late)
        return _page_of(kept, request, user) if kept else HttpResponseRedirect(self.get_success_url())

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        kept = self.request.POST.get(KEPT_FIELD, "") if kept_form(self.request) else ""
        return {**super().get_context_data(**kwargs), "kept": kept}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        kept = kept_form(self.request)  # read before the sign-in, which changes the CSRF secret
        secret = self.request.META.get("CSRF_COOKIE")
        response = super().form_valid(form)
        self.request.session[KEY_BEFORE] = secret
        return _page_of(kept, self.request, form.get_user()) if kept else response


def _page_of(kept: KeptForm, request: HttpRequest, owner: "User") -> HttpResponse:
    """Return the page that shows the form, filled in as it was."""
    view: Any = resolve(kept.path).func  # Any: only a view of the API was kept, and the stub knows none
    data = QueryDict(mutable=True)
    for name, values in kept.fields.items():
        data.setlist(name, values)
    serializer: FieldsSerializer = view.cls.serializer_class(data=data, partial=True, context={"request": request})
    form = laid_out(form_inputs(serializer), serializer, owner)
    more = [one for one in form if one.more]
    context = {
        "action": get_script_prefix().rstrip("/") + kept.path,
        "hidden": [(name, value) for name in PAGE_FIELDS for value in kept.fields.get(name, [])],
        "form": form,
        "form_more": more,
        "form_more_open": any(one.value for one in more),
    }
    return render(request, "pages/kept_form.html", context)
