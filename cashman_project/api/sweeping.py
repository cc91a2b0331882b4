"""Deleting what has expired, a few rows at a time, so that nobody waits for it."""

import time
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from .models import Claim

AT_ONCE = 500  # rows of one transaction


def delete_expired(expired: "QuerySet[Any]", *, wait: Callable[[float], object] = time.sleep) -> int:
    """Delete the rows, but for those that somebody is using at that moment; return how many there were.

    The table is walked once, by its key. After each few rows it waits as long as they have taken, so
    that others have at least half of the time to themselves.
    """
    deleted, last = 0, None
    rows = expired.order_by("pk").values_list("pk", flat=True)
    while True:
        began = time.monotonic()
        keys = list((rows.filter(pk__gt=last) if last else rows)[:AT_ONCE])
        if not keys:
            return deleted
        last = keys[-1]
        with transaction.atomic():
            # Judged anew, and locked: a key may have been sent again since, or a login refreshed.
            free = list(expired.filter(pk__in=keys).select_for_update(skip_locked=True).values_list("pk", flat=True))
            deleted += expired.model._base_manager.filter(pk__in=free).delete()[0]
        wait(time.monotonic() - began)


def claim(work: str, until: Any) -> bool:
    """Return whether the work is this process's to do, and nobody else's until then: of several one gets it."""
    now = timezone.now()
    if Claim.objects.filter(work=work, until__gt=now).exists():  # which takes no lock
        return False
    Claim.objects.bulk_create([Claim(work=work, until=now)], ignore_conflicts=True)
    return Claim.objects.filter(work=work, until__lte=now).update(until=until) == 1
