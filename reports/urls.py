from django.urls import re_path

from .summary_view import SummaryView
from .views import PICTURES

SUMMARY = [re_path("^summary/?$", SummaryView.as_view(), name="summary")]  # by itself, since it is requested often
REPORTS = [
    re_path(r"^summary\.(?P<format>csv|xlsx)/?$", SummaryView.as_view(), name="summary-export"),
    *(re_path(f"^charts/{view.name}/?$", view.as_view(), name=f"{view.name}-chart") for view in PICTURES),
    *(re_path(rf"^charts/{view.name}\.svg/?$", PICTURES[view].as_view(), name=f"{view.name}-svg") for view in PICTURES),
]
