"""Start the service with one command, in one process."""

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "What `make run` does: migrate the database, make the demo if DEBUG is on, and serve."

    def handle(self, *args: object, **options: object) -> None:
        call_command("migrate", interactive=False)
        call_command("demo")
        call_command("serve")
