"""Writes that span a category and its transactions."""

from django.db import transaction
from django.utils.translation import gettext as _

from cashman_project.api.errors import Conflict

from ..models import Category, Transaction


def delete_category(*, category: Category, force: bool) -> None:
    """Delete `category`. With `force`, it is first removed from its transactions.

    Raises Conflict with the number of its `transactions` if there are any and `force` is off.
    """
    with transaction.atomic():
        # This waits for those who are creating rows in the category. Those who come later wait, and then find it gone.
        list(Category.objects.filter(owner=category.owner_id, pk=category.pk).select_for_update())
        in_use = Transaction.objects.filter(owner=category.owner_id, category=category)
        if force:
            in_use.update(category=None)
        elif count := in_use.count():
            raise Conflict(_("This category is in use: ?force=true unlinks its transactions."), transactions=count)
        category.delete()
