from django.urls import re_path

from .profile_views import ImportProfileViewSet
from .views import ImportViewSet

KEY = "(?P<pk>[^/.]+)"
ROW = "(?P<row>[0-9]{1,9})"

urlpatterns = [
    re_path("^imports/?$", ImportViewSet.as_view({"get": "index", "post": "upload"}), name="import-list"),
    re_path("^imports/profiles/?$", ImportProfileViewSet.as_view({"get": "index"}), name="import-profile-list"),
    re_path(
        f"^imports/profiles/{KEY}/?$",
        ImportProfileViewSet.as_view({"get": "show", "patch": "change", "delete": "remove"}),
        name="import-profile-detail",
    ),
    re_path(
        f"^imports/{KEY}/?$",
        ImportViewSet.as_view({"get": "show", "patch": "answer", "delete": "remove"}),
        name="import-detail",
    ),
    re_path(f"^imports/{KEY}/read/?$", ImportViewSet.as_view({"post": "read"}), name="import-read"),
    re_path(f"^imports/{KEY}/commit/?$", ImportViewSet.as_view({"post": "commit"}), name="import-commit"),
    re_path(f"^imports/{KEY}/rows/?$", ImportViewSet.as_view({"get": "rows"}), name="import-rows"),
    re_path(f"^imports/{KEY}/rows/{ROW}/?$", ImportViewSet.as_view({"get": "row", "patch": "edit"}), name="import-row"),
]
