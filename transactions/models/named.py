"""The base of rows that are known by a name (docs/adr/0004-category-by-name.md)."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from cashman_project.db.derived_fields import KeyField
from cashman_project.texts import check_visible, compose, validate_one_line
from ledgers.models.owned import OwnedModel

from ..names import LONGEST_NAME, name_key


class NameField(models.CharField):  # type: ignore[type-arg]  # not subscriptable at run time
    """A name, composed (NFC), trimmed and on one line."""

    default_validators = (validate_one_line,)

    def to_python(self, value: object) -> object:
        value = super().to_python(value)
        return compose(value, LONGEST_NAME).strip() if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> object:
        name = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, name)
        return name


class NamedModel(OwnedModel):
    """A row that is found by its name, however that is written. Each model has a unique constraint of owner and key."""

    name = NameField(_("name"), max_length=LONGEST_NAME)
    key = KeyField(source="name", max_length=6 * LONGEST_NAME + 1)

    class Meta(OwnedModel.Meta):
        abstract = True
        ordering = ["key", "id"]

    def __str__(self) -> str:
        return str(self.name)

    def clean(self) -> None:
        """Raise ValidationError unless the name has a visible character and is short enough in Unicode NFC.

        NFC can make it three times as long.
        """
        self.check_name("name")
        self.key = name_key(self.name)  # for the unique constraint, which is validated next

    def check_name(self, name: str) -> None:
        """Raise ValidationError unless the row's text of this name has a visible character and is short enough."""
        check_visible(self, name)
        field = self._meta.get_field(name)
        assert isinstance(field, NameField)
        try:
            field.run_validators(field.to_python(getattr(self, name)))
        except ValidationError as error:
            raise ValidationError({name: error}) from None
