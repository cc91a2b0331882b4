"""Routes that work with and without a trailing slash, and are published without one."""

from typing import Any

from django.urls import re_path
from rest_framework.routers import SimpleRouter


class OptionalSlashRouter(SimpleRouter):
    """A router whose paths may end with a slash. `reverse` returns them without it.

    PATCH of a list changes many rows. A list's path may name a format: /transactions.json is the list as JSON, and
    /transactions.csv and /transactions.ndjson are all of it, to be read only.
    """

    routes = [
        SimpleRouter.routes[0]._replace(  # type: ignore[call-arg]  # the stub takes it for the other kind of route
            url="^{prefix}(?:[.](?P<format>json))?{trailing_slash}$",
            mapping={"get": "list", "post": "create", "patch": "update_many"},
        ),
        *SimpleRouter.routes[1:],
    ]

    def __init__(self) -> None:
        super().__init__()
        self.trailing_slash = "/?"

    def get_urls(self) -> list[Any]:
        """Return the routes, in the order of how often they are asked for: lists first, exports last."""
        exports = [
            re_path(
                rf"^{prefix}\.(?P<format>csv|ndjson)/?$",
                viewset.as_view({"get": "list"}, basename=basename, detail=False),
                name=f"{basename}-export",
            )
            for prefix, viewset, basename in self.registry
        ]
        routes: list[Any] = super().get_urls()
        return [*sorted(routes, key=lambda route: not route.name.endswith("-list")), *exports]
