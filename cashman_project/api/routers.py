"""Routes that work with and without a trailing slash, and are published without."""

from rest_framework.routers import SimpleRouter


class OptionalSlashRouter(SimpleRouter):
    """A router whose paths may end in a slash; `reverse` leaves it out.

    PATCH of a list changes many rows. A list's path may name a format, as /transactions.csv does.
    """

    routes = [
        SimpleRouter.routes[0]._replace(  # type: ignore[call-arg]  # the stub takes it for the other kind of route
            url="^{prefix}(?:[.](?P<format>json|csv|ndjson))?{trailing_slash}$",
            mapping={"get": "list", "post": "create", "patch": "update_many"},
        ),
        *SimpleRouter.routes[1:],
    ]

    def __init__(self) -> None:
        super().__init__()
        self.trailing_slash = "/?"
