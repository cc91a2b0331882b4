"""Categories, by which transactions are grouped (docs/adr/0004-category-by-name.md)."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from cashman_project.texts import validate_one_line
from ledgers.models.owned import OwnedManager

from ..names import LONGEST_NAME
from ..querysets import CategoryQuerySet
from .named import NamedModel

CategoryManager = OwnedManager.from_queryset(CategoryQuerySet)


class Category(NamedModel):
    """A name to group transactions by. It has no type: a refund is an income in "Clothing", and reduces its net
    expense.

    Categories of the same `group` belong together. Sums leave an `excluded` one out, unless they are asked for it.
    """

    resource = "categories"

    group = models.CharField(  # noqa: DJ001
        _("group"), max_length=LONGEST_NAME, null=True, blank=True, editable=False, validators=[validate_one_line]
    )
    excluded = models.BooleanField(_("excluded"), default=False, db_default=False, editable=False)

    objects: "ClassVar[CategoryManager[Category]]" = CategoryManager()

    class Meta(NamedModel.Meta):
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        indexes = [models.Index(fields=["owner", "revision", "id"], name="category_revision")]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "key"],
                name="category_name_unique",
                violation_error_message=_("You already have a category with this name."),
            )
        ]
