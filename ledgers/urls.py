from django.urls import re_path

from . import views

urlpatterns = [
    re_path("^changes/?$", views.ChangesView.as_view(), name="change-list"),
    re_path("^revisions/?$", views.RevisionListView.as_view(), name="revision-list"),
    re_path("^revisions/(?P<number>[0-9]{1,18})/?$", views.RevisionView.as_view(), name="revision-detail"),
    re_path("^revisions/(?P<number>[0-9]{1,18})/undo/?$", views.UndoView.as_view(), name="revision-undo"),
]
