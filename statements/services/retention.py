"""How long plans are kept that nobody commits."""

import time
from collections.abc import Callable
from datetime import timedelta

from django.dispatch import receiver
from django.utils import timezone

from cashman_project.api.sweeping import owners_of
from users import housekeeping

from ..choices import Status
from ..models import Import
from .undoing import discard

KEPT = timedelta(days=30)


@receiver(housekeeping.delete_old)
def delete_old_plans(wait: Callable[[float], object] = time.sleep, **kwargs: object) -> dict[str, int]:
    """Delete the previews and the undone plans that are older than KEPT. Return their number."""
    deleted = 0
    old = Import.objects.filter(created_at__lt=timezone.now() - KEPT).exclude(status=Status.COMMITTED)
    for owner in owners_of(old, "owner"):
        for pk in list(old.filter(owner=owner).values_list("pk", flat=True)):
            began = time.monotonic()
            discard(owner, pk)
            deleted += 1
            wait(time.monotonic() - began)
    return {"import plans": deleted}
