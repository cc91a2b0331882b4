"""Make the secrets of a new installation."""

import os
import secrets
import tempfile
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

BYTES = 48  # 64 characters: Django warns of a SECRET_KEY below 50
# Each with the mode of its file. PostgreSQL's server reads the password as another user.
MODES = {"SECRET_KEY": 0o600, "JWT_SIGNING_KEY": 0o600, "DATABASE_PASSWORD": 0o644}


class Command(BaseCommand):
    help = "Make the files that SECRET_KEY_FILE, JWT_SIGNING_KEY_FILE and DATABASE_PASSWORD_FILE name, if not there."
    requires_system_checks = ()  # they would report the secrets that are still missing

    def handle(self, *args: object, **options: object) -> None:
        """Write random bytes, as text, into each file that is named and does not exist.

        Raises CommandError if a file can't be written.
        """
        for name, mode in MODES.items():
            file = os.environ.get(f"{name}_FILE", "").strip()
            if not file or Path(file).exists():
                continue
            try:
                make_secret(Path(file), mode)
            except OSError as error:
                message = _("%(name)s_FILE: %(file)s can't be written (%(reason)s)")
                raise CommandError(message % {"name": name, "file": file, "reason": error.strerror}) from None
            self.stdout.write(_("Made %(file)s") % {"file": file})


def make_secret(path: Path, mode: int) -> None:
    """Write a new secret to `path`, all of it or nothing; raises OSError."""
    descriptor, unfinished = tempfile.mkstemp(dir=path.parent)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(BYTES))
        file.flush()
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    Path(unfinished).replace(path)
