"""Every path of the service, each with and without its trailing slash."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from django.views.i18n import set_language

import ledgers.urls
import moving.urls
import reports.urls
import statements.urls
import transactions.urls
from reports.start_view import StartView

from .api import views
from .api.limits import CREDENTIALS, limited
from .api.pages.signing_in import SignInView

ROOT_LINKS = {
    "incomes": "income-list",
    "expenses": "expense-list",
    "transactions": "transaction-list",
    "categories": "category-list",
    "tags": "tag-list",
    "accounts": "account-list",
    "transfers": "transfer-list",
    "rules": "rule-list",
    "imports": "import-list",
    "summary": "summary",
    "changes": "change-list",
    "revisions": "revision-list",
    "me": "me",
    "tokens": "personal-token-list",
    "token": "token",
    "schema": "schema",
    "docs": "docs",
}

# The admin's own page for a new password would accept any number of attempts at the present one.
ADMIN = [
    path("password_change/", RedirectView.as_view(pattern_name="me")),
    path("login/", limited(admin.site.login, CREDENTIALS)),
    *admin.site.get_urls(),
]

urlpatterns = [
    # Django tries them in this order; most requests are for the first ones.
    *reports.urls.SUMMARY,
    *transactions.urls.urlpatterns,
    *statements.urls.urlpatterns,
    *ledgers.urls.urlpatterns,
    *reports.urls.REPORTS,
    path("", StartView.as_view(links=ROOT_LINKS), name="root"),
    re_path("^ping/?$", views.PingView.as_view(), name="ping"),
    re_path("^secured/ping/?$", views.SecuredPingView.as_view(), name="secured-ping"),
    re_path("^livez/?$", views.LiveView.as_view(), name="livez"),
    re_path("^readyz/?$", views.ReadyView.as_view(), name="readyz"),
    re_path("^schema/?$", views.SchemaView.as_view(), name="schema"),
    re_path("^docs/?$", views.DocsView.as_view(url_name="schema"), name="docs"),
    path("", include("users.urls")),
    *moving.urls.urlpatterns,
    path("api-auth/language/", limited(set_language, CREDENTIALS), name="language"),
    path("api-auth/login", RedirectView.as_view(pattern_name="rest_framework:login", query_string=True)),
    path("api-auth/login/", limited(SignInView.as_view(), CREDENTIALS)),
    path("api-auth/", include("rest_framework.urls")),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", include((ADMIN, admin.site.name))),
]
