from django.urls import re_path

from . import views

urlpatterns = [
    re_path("^me/?$", views.MeView.as_view(), name="me"),
    re_path("^auth/register/?$", views.RegisterView.as_view(), name="register"),
    re_path("^auth/token/?$", views.TokenView.as_view(), name="token"),
    re_path("^auth/token/refresh/?$", views.RefreshView.as_view(), name="token-refresh"),
]
