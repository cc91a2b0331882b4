"""How much a file of statements may hold. Each limit bounds the memory and the time that it can cost."""

from django.utils.translation import gettext_noop as _

BYTES = 20_000_000  # of a file, and of all files in a zip together
ROWS = 100_000  # lines, parts of lines, and all else that is told of a file
LINES_OF_FILE = 500_000  # of CSV, also empty ones and those within cells: each takes time
TEXT = 10_000  # characters of one field, or of one line of a text file
DEPTH = 60  # elements within each other
MEMBERS = 1_000  # files in a zip
HEAD = 65_536  # bytes that are enough to recognise a file
CHUNK = 65_536  # bytes that are read at once

TOO_MANY_ROWS = _("The file has more than %(most)d rows. Ask your bank for a shorter period.")
