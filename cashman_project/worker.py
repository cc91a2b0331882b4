"""What each worker process of the server runs: the application, and the housekeeping beside it."""

from .wsgi import application  # first, since it sets Django up

__all__ = ["application"]

from users import housekeeping

housekeeping.start()
