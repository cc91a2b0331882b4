"""The daily sweep: one worker deletes what has expired, in a thread beside the requests."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import Error, connection
from django.dispatch import Signal
from django.utils import timezone

from cashman_project.api.idempotency import expired_keys
from cashman_project.api.sweeping import claim, delete_expired

from .models import Attempts, BrowserSession, Session

INTERVAL = timedelta(days=1)
CHECK_EVERY = 3_600  # seconds after which it is checked again whether a sweep is due

# The apps above receive it with `wait`, and delete what they keep no longer. They return the numbers of deleted rows.
delete_old = Signal()

logger = logging.getLogger("cashman.housekeeping")


def sweep(*, wait: Callable[[float], object] = lambda seconds: None) -> dict[str, int]:
    """Delete what has expired. Return the number of deleted rows of each kind."""
    now = timezone.now()
    expired = {
        "idempotency keys": expired_keys(),
        "logins": Session.objects.filter(expires_at__lte=now),
        "browser sessions": BrowserSession.objects.filter(expire_date__lte=now),
        "counters of attempts": Attempts.objects.filter(until__lte=now),
    }
    swept = {name: delete_expired(rows, wait=wait) for name, rows in expired.items()}
    answers: Any = delete_old.send(sender=None, wait=wait)  # pairs of a receiver and what it returned
    for _receiver, deleted in answers:
        swept |= deleted
    return swept


def start() -> None:
    """Start a thread that sweeps once a day for all workers. The process can end while it runs."""
    threading.Thread(target=_keep_sweeping, name="housekeeping", daemon=True).start()


def _keep_sweeping() -> None:
    while True:
        try:
            if claim("sweep", timezone.now() + INTERVAL):
                logger.info("Swept: %(swept)s", {"swept": sweep(wait=time.sleep)})
        except Error as error:  # the database can't be reached, or is not migrated yet
            logger.warning("Sweeping has to wait: %s", type(error).__name__)
        finally:
            connection.close()  # it is not needed for an hour
        time.sleep(CHECK_EVERY)
