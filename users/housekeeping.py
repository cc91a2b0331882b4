"""What has expired is deleted once a day, by one worker, beside the requests."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from django.db import Error, connection
from django.utils import timezone

from cashman_project.api.idempotency import expired_keys
from cashman_project.api.sweeping import claim, delete_expired

from .models import Attempts, BrowserSession, Session

EVERY = timedelta(days=1)
LOOK = 3_600  # seconds between two looks whether it is due

logger = logging.getLogger("cashman.housekeeping")


def sweep(*, wait: Callable[[float], object] = lambda seconds: None) -> dict[str, int]:
    """Delete all that has expired; return how many rows there were, by what they are."""
    now = timezone.now()
    expired = {
        "idempotency keys": expired_keys(),
        "logins": Session.objects.filter(expires_at__lte=now),
        "browser sessions": BrowserSession.objects.filter(expire_date__lte=now),
        "counters of attempts": Attempts.objects.filter(until__lte=now),
    }
    return {name: delete_expired(rows, wait=wait) for name, rows in expired.items()}


def start() -> None:
    """Start a thread that sweeps once a day, for all the workers there are; it keeps no process from ending."""
    threading.Thread(target=_keep_sweeping, name="housekeeping", daemon=True).start()


def _keep_sweeping() -> None:
    while True:
        try:
            if claim("sweep", timezone.now() + EVERY):
                logger.info("Swept: %(swept)s", {"swept": sweep(wait=time.sleep)})
        except Error as error:  # a database that is away, or not migrated yet
            logger.warning("Sweeping has to wait: %s", type(error).__name__)
        finally:
            connection.close()  # nobody needs it for an hour
        time.sleep(LOOK)
