"""The options that are kept for the next file of an account, over HTTP."""

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from cashman_project.api.etags import check_preconditions, is_conditional, tagged_response
from cashman_project.api.owner import owner_of
from cashman_project.api.schema import CHANGE_HEADERS, DELETE_HEADERS, READ_HEADERS
from cashman_project.api.types import JSONObject
from cashman_project.api.views import StrictViewMixin
from cashman_project.api.viewsets import UUID_FORM

from . import examples
from .models import ImportProfile
from .serializers import (
    ImportProfileListSerializer,
    ImportProfileSerializer,
    ProfileOptionsSerializer,
    options_of,
)
from .services.profiles import change_profile, kept
from .services.shown import profiles_json

ID = OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH)


class ImportProfileViewSet(StrictViewMixin, ViewSet):
    """What was said of a file and kept with `save_profile`, for the next file of the account that has the same
    shape."""

    queryset = ImportProfile.objects.all()
    bodiless = StrictViewMixin.bodiless | {"remove"}
    pages = {"index": "statements/import_profiles.html"}

    def profile(self, key: str) -> ImportProfile:
        """Return the owner's profile; raises NotFound, also if its account is gone."""
        if not UUID_FORM.fullmatch(key):
            raise NotFound
        profile = ImportProfile.objects.filter(owner=owner_of(self.request), pk=key).first()
        if profile is None or not profiles_json(owner_of(self.request), [profile]):
            raise NotFound
        return profile

    def shown(self, profile: ImportProfile) -> JSONObject:
        [content] = profiles_json(owner_of(self.request), [profile])
        return content

    @extend_schema(
        operation_id="list_import_profiles",
        summary="List kept options",
        tags=["imports"],
        responses=ImportProfileListSerializer,
    )
    def index(self, request: Request) -> Response:
        """All options that are kept, the newest first."""
        owner = owner_of(request)
        profiles = ImportProfile.objects.filter(owner=owner).order_by("-created_at", "-pk")
        return Response({"results": profiles_json(owner, list(profiles))})

    @extend_schema(
        operation_id="get_import_profile",
        summary="Read kept options",
        tags=["imports"],
        parameters=[ID, *READ_HEADERS],
        responses=ImportProfileSerializer,
    )
    def show(self, request: Request, pk: str) -> HttpResponseBase:
        """The options that are kept for one account and one shape of files."""
        return tagged_response(request, self.shown(self.profile(pk)))

    @extend_schema(
        operation_id="update_import_profile",
        summary="Change kept options",
        tags=["imports"],
        parameters=[ID, *CHANGE_HEADERS],
        request=ProfileOptionsSerializer,
        responses=ImportProfileSerializer,
        examples=[examples.ANSWER, *examples.PROFILE],
    )
    def change(self, request: Request, pk: str) -> HttpResponseBase:
        """Keep other options. One that is null is not kept any more."""
        profile = self.profile(pk)
        serializer = ProfileOptionsSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = options_of(serializer.validated_data)
        if is_conditional(request):
            check_preconditions(request, self.shown(profile))
        change_profile(profile, kept({**profile.options, **given}))
        return tagged_response(request, self.shown(profile))

    @extend_schema(
        operation_id="delete_import_profile",
        summary="Delete kept options",
        tags=["imports"],
        parameters=[ID, *DELETE_HEADERS],
        responses={204: OpenApiResponse(description="They are not kept any more.")},
    )
    def remove(self, request: Request, pk: str) -> Response:
        """Keep these options no longer. Files that they were used for stay as they are."""
        profile = self.profile(pk)
        if is_conditional(request):
            check_preconditions(request, self.shown(profile))
        ImportProfile.objects.filter(owner=owner_of(request), pk=profile.pk).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)
