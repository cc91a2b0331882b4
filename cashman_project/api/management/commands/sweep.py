from typing import Any

from django.core.management.base import BaseCommand

from cashman_project.api.idempotency import sweep


class Command(BaseCommand):
    help = "Delete the idempotency keys that have expired, of those too who have sent none since."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Deleted {sweep()} expired idempotency keys.")
