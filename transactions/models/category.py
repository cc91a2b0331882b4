"""Categories, by which transactions are grouped (docs/adr/0004-category-by-name.md)."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from cashman_project.db.derived_fields import KeyField
from cashman_project.texts import check_visible, compose, validate_one_line
from ledgers.models.owned import OwnedManager, OwnedModel

from ..category_names import LONGEST_NAME, category_key
from ..querysets import CategoryQuerySet

CategoryManager = OwnedManager.from_queryset(CategoryQuerySet)


class CategoryNameField(models.CharField):  # type: ignore[type-arg]  # not subscriptable at run time
    """A category's name, composed (NFC), trimmed and on one line."""

    default_validators = (validate_one_line,)

    def to_python(self, value: object) -> object:
        value = super().to_python(value)
        return compose(value, LONGEST_NAME).strip() if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> object:
        name = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, name)
        return name


class Category(OwnedModel):
    """A name to group transactions by. It has no type: a refund is an income in "Clothing", and reduces its net
    expense."""

    resource = "categories"

    name = CategoryNameField(_("name"), max_length=LONGEST_NAME)
    key = KeyField(source="name", max_length=6 * LONGEST_NAME + 1)

    objects: "ClassVar[CategoryManager[Category]]" = CategoryManager()

    class Meta(OwnedModel.Meta):
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["key", "id"]
        indexes = [models.Index(fields=["owner", "revision", "id"], name="category_revision")]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "key"],
                name="category_name_unique",
                violation_error_message=_("You already have a category with this name."),
            )
        ]

    def __str__(self) -> str:
        return str(self.name)

    def clean(self) -> None:
        """Raise ValidationError unless the name has a visible character and is short enough in Unicode NFC.

        NFC can make it three times as long.
        """
        check_visible(self, "name")
        self.key = category_key(self.name)  # for the unique constraint, which is validated next
        field = self._meta.get_field("name")
        assert isinstance(field, CategoryNameField)
        try:
            field.run_validators(field.to_python(self.name))
        except ValidationError as error:
            raise ValidationError({"name": error}) from None
