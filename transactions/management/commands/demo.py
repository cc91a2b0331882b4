"""Fill an empty database with demo data, and print how to sign in."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from transactions.services.demo import create_demo


class Command(BaseCommand):
    help = "With DEBUG on and no user yet, create demo/demo with three years of data, and the superuser admin/admin."

    def handle(self, *args: object, **options: object) -> None:
        """Print the service's URL and, if there is a demo user, how to sign in. Without DEBUG, do nothing."""
        if not settings.DEBUG:
            self.stdout.write(_("No demo: DEBUG is off."))
            return
        users = get_user_model().objects
        if not users.exists():
            create_demo()
        self.stdout.write(f"Cashman: http://127.0.0.1:{settings.PORT}{settings.BASE_PATH}/")
        if users.filter(username="demo").exists():
            self.stdout.write(_("Sign in as demo / demo, or as admin / admin for /admin/."))
