"""Routes that work with and without a trailing slash. The schema shows them without one."""

from typing import Any

from django.urls import URLPattern, URLResolver, re_path
from rest_framework.routers import SimpleRouter


class OptionalSlashRouter(SimpleRouter):
    """A router whose paths may end with a slash. `reverse` returns them without it.

    PATCH of a list changes many rows. A list's path may end with a format: /transactions.json is the list as JSON.
    /transactions.csv and the other formats of its viewset export the whole list, and can only be read.
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

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Return the routes, the most frequent ones first: lists at the start, exports at the end."""
        registry: list[tuple[str, Any, str]] = self.registry  # of our viewsets
        exports = [
            re_path(
                rf"^{prefix}\.(?P<format>{'|'.join(renderer.format for renderer in viewset.exports)})/?$",
                viewset.as_view({"get": "list"}, basename=basename, detail=False),
                name=f"{basename}-export",
            )
            for prefix, viewset, basename in registry
        ]
        routes = super().get_urls()
        return [*sorted(routes, key=lambda route: not str(getattr(route, "name", "")).endswith("-list")), *exports]
