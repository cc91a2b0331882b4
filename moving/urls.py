from django.urls import re_path

from .views import ExportView, RestoreView

urlpatterns = [
    re_path("^me/export/?$", ExportView.as_view(), name="me-export"),
    re_path("^me/import/?$", RestoreView.as_view(), name="me-import"),
]
