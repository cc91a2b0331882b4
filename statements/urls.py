from django.urls import re_path

from . import views

KEY = "(?P<pk>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"

urlpatterns = [
    re_path("^imports/?$", views.ImportListView.as_view(), name="import-list"),
    re_path(f"^imports/{KEY}/?$", views.ImportView.as_view(), name="import-detail"),
    re_path(f"^imports/{KEY}/rows/?$", views.ImportRowsView.as_view(), name="import-rows"),
    re_path(f"^imports/{KEY}/rows/(?P<row>[0-9]{{1,9}})/?$", views.ImportRowView.as_view(), name="import-row"),
    re_path(f"^imports/{KEY}/commit/?$", views.ImportCommitView.as_view(), name="import-commit"),
]
