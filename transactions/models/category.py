"""Categories, by which transactions are grouped (docs/adr/0004-category-by-name.md)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cashman_project.db.derived_fields import KeyField
from ledgers.models.owned import OwnedManager

from ..names import LONGEST_NAME
from ..querysets import CategoryQuerySet
from .named import NamedModel, NameField

CategoryManager = OwnedManager.from_queryset(CategoryQuerySet)


class Category(NamedModel):
    """A name to group transactions by. It has no type: a refund is an income in "Clothing", and reduces its net
    expense.

    Categories of the same `group` belong together; groups are compared as names are. Sums leave out the transactions
    of an `excluded` category, unless they are asked for them.
    """

    resource = "categories"

    group = NameField(_("group"), max_length=LONGEST_NAME, null=True, blank=True)
    group_key = KeyField(source="group", max_length=6 * LONGEST_NAME + 1, null=True)  # type: ignore[misc]  # the stub has one type for all
    excluded = models.BooleanField(_("left out of sums"), default=False, db_default=False)

    objects: "ClassVar[CategoryManager[Category]]" = CategoryManager()

    class Meta(NamedModel.Meta):
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        indexes = [
            models.Index(fields=["owner", "revision", "id"], name="category_revision"),
            models.Index(fields=["owner", "group_key"], name="category_group", condition=Q(group_key__isnull=False)),
            models.Index(fields=["owner", "id"], name="category_excluded", condition=Q(excluded=True)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "key"],
                name="category_name_unique",
                violation_error_message=_("You already have a category with this name."),
            )
        ]

    def clean(self) -> None:
        """Raise ValidationError unless the name and the group are valid. An empty group is none."""
        super().clean()
        self.group = self.group or None
        if self.group:
            self.check_name("group")
