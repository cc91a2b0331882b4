"""Routes that work with and without a trailing slash, and are published without."""

from rest_framework.routers import SimpleRouter


class OptionalSlashRouter(SimpleRouter):
    """A router whose paths may end in a slash; `reverse` leaves it out."""

    def __init__(self) -> None:
        super().__init__()
        self.trailing_slash = "/?"
