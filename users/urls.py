from functools import partial

from django.urls import re_path

from . import views

tokens = partial(views.PersonalTokenViewSet.as_view, basename="personal-token")

urlpatterns = [
    re_path("^me/?$", views.MeView.as_view(), name="me"),
    re_path("^me/erase/?$", views.EraseView.as_view(), name="me-erase"),
    re_path("^auth/register/?$", views.RegisterView.as_view(), name="register"),
    re_path("^auth/token/?$", views.TokenView.as_view(), name="token"),
    re_path("^auth/token/refresh/?$", views.RefreshView.as_view(), name="token-refresh"),
    re_path("^auth/logout/?$", views.LogoutView.as_view(), name="token-logout"),
    re_path("^auth/password/?$", views.PasswordView.as_view(), name="password"),
    re_path("^tokens/?$", tokens({"get": "list", "post": "create"}), name="personal-token-list"),
    re_path("^tokens/(?P<pk>[^/.]+)/?$", tokens({"delete": "destroy"}), name="personal-token-detail"),
]
