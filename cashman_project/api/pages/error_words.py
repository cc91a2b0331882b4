"""What an error page says: what happened, and what to do next."""

from typing import NamedTuple

from django.utils.translation import gettext_lazy as _


class ErrorWords(NamedTuple):
    heading: object
    advice: object = ""


ERROR_WORDS = {
    400: ErrorWords(_("That could not be understood")),
    401: ErrorWords(_("Please sign in")),
    403: ErrorWords(_("This is not allowed")),
    404: ErrorWords(_("There is nothing here"), _("It may have been deleted, or the address is not quite right.")),
    405: ErrorWords(_("This does not work here"), _("Go back and try it another way.")),
    410: ErrorWords(_("This is not kept any more")),
    413: ErrorWords(_("That is too large"), _("Go back and send less at once.")),
    429: ErrorWords(_("Too many attempts")),
    500: ErrorWords(
        _("Something went wrong"), _("It is not your fault, and it has been logged. Try again in a moment.")
    ),
    503: ErrorWords(_("Not available right now"), _("Nothing is lost. Wait a moment, then load the page again.")),
}
