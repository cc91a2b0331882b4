"""The figures on the admin's front page, each for those who may view the rows behind it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from django import template

from cashman_project.api.owner import owner_of

from ..services.admin_front import months_until, newest_transactions, number_of_users

if TYPE_CHECKING:
    from rest_framework.request import Request

register = template.Library()


@register.inclusion_tag("admin/transactions/front.html", takes_context=True)
def front_figures(context: Mapping[str, object]) -> dict[str, object]:
    """Show how many users there are, the transactions of the last months, and the newest ones."""
    user = owner_of(cast("Request", context["request"]))
    figures: dict[str, object] = {}
    if user.has_perm("users.view_user"):
        figures["users"] = number_of_users()
    if user.has_perm("transactions.view_transaction"):
        figures |= {"months": months_until(user.today()), "newest": newest_transactions()}
    return figures
