"""How much a file of statements may hold. Each limit bounds the memory and the time that it can cost."""

BYTES = 20_000_000  # of a file, and of all files in a zip together
ROWS = 100_000  # lines, and parts of lines
TEXT = 10_000  # characters of one field, or of one line of a text file
DEPTH = 60  # elements within each other
MEMBERS = 1_000  # files in a zip
HEAD = 65_536  # bytes that are enough to recognise a file
CHUNK = 65_536  # bytes that are read at once
