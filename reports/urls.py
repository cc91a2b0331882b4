from django.urls import re_path

from .views import PICTURES

urlpatterns = [
    *(re_path(f"^charts/{view.name}/?$", view.as_view(), name=f"{view.name}-chart") for view in PICTURES),
    *(re_path(rf"^charts/{view.name}\.svg/?$", PICTURES[view].as_view(), name=f"{view.name}-svg") for view in PICTURES),
]
