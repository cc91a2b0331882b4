"""The README of an export, for who opens it without Cashman."""

from collections.abc import Sequence

from ..files import CSV, MANIFEST, File

TEXT = """Everything of yours from Cashman
================================

You can read these files without Cashman.

{csv}
    All transactions, the newest first, for a spreadsheet. The file is in UTF-8, with commas, and its first line has
    the names of the columns. An amount below zero is an expense. A text that a spreadsheet could take for a formula
    begins with an apostrophe.

{manifest}
    When this was made, your preferences, how many rows each file has, its SHA-256, and the sums of your transactions
    by currency.

The files below have a row in each line, in JSON. Rows refer to one another by their ids. Amounts are texts with plain
digits, timestamps are in UTC, and dates are as 2026-11-30.

{files}

Your password, your logins and your personal access tokens are not here.

To bring all of it into another Cashman, register there and send this zip to POST /me/import, or choose it on the page
of your account. That works as long as nothing was added there.
"""


def readme(files: Sequence[File]) -> str:
    """Return the text, in English."""
    listed = "\n\n".join(f"{file.path}\n    {file.about}" for file in files)
    return TEXT.format(csv=CSV, manifest=MANIFEST, files=listed)
