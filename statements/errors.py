"""What plans refuse, each with its code."""

from django.utils.translation import gettext_lazy as _

from cashman_project.api.errors import Conflict


class Stale(Conflict):
    """409: what the plan relies on has changed since it was made."""

    default_detail = _(
        "What this plan relies on has changed since it was made. Read the file again: PATCH the plan with {}."
    )
    default_code = "stale"


class Unanswered(Conflict):
    """409: a plan with open questions."""

    default_detail = _("This plan has open questions. Answer them first.")
    default_code = "unanswered"


class NotAPreview(Conflict):
    """409: a plan that is not read yet, or is committed or undone, doesn't change."""

    default_detail = _("This plan is not a preview: its file is not read yet, or it was imported already.")
    default_code = "not_a_preview"


class TooManyPlans(Conflict):
    """409: the owner has as many previews as the service keeps."""

    default_code = "too_many_plans"
