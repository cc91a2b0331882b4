"""Fields that are derived from another field's text. They follow it however it is written."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import FieldError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import pre_save
from django.dispatch import receiver

from ..texts import fold, text_key

RowT = TypeVar("RowT", bound=models.Model)

if TYPE_CHECKING:
    Base = models.Field[str, str]
else:
    Base = object


class DerivedField(Base):
    """The base of a field whose value follows the text of the field `source`, at each save and in `DerivedQuerySet`."""

    def __init__(self, *, source: str, **options: Any) -> None:  # Any: the options of Django's fields
        self.source = source
        super().__init__(**{"editable": False, "serialize": False, **options})

    def deconstruct(self) -> tuple[str, str, Sequence[object], dict[str, object]]:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "source": self.source}

    def derive(self, text: str) -> str | None:
        """Return the value for the source's text."""
        raise NotImplementedError

    def derive_all(self, texts: Sequence[str]) -> Sequence[str | None]:
        """Return the values for many texts."""
        return [self.derive(text) for text in texts]

    def derived(self, text: object) -> str | None:
        """Return the value for the source's value. Raises FieldError if that is an expression and not a text."""
        if text is None and self.null:
            return None
        if not isinstance(text, str):
            raise FieldError(f"{self.name} follows {self.source}, so give the {self.source} as text.")
        return self.derive(text)

    def pre_save(self, model_instance: models.Model, add: bool) -> str | None:
        value = self.derived(getattr(model_instance, self.source))
        setattr(model_instance, self.attname, value)
        return value

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, str | None]:
        """Return Django's own, but sort by code points on PostgreSQL too, whatever its collation is. SQLite does."""
        parameters = super().db_parameters(connection)
        return {**parameters, "collation": "C" if connection.vendor == "postgresql" else None}


class KeyField(DerivedField, models.CharField):  # type: ignore[type-arg]  # not subscriptable at run time
    """The `text_key` of a name. The name is found, sorted and kept unique by it. If there may be no name, it is NULL
    then."""

    def derive(self, text: str | None) -> str | None:
        return None if text is None else text_key(text, self.limit)

    @property
    def limit(self) -> int:
        """The largest number of characters of the name."""
        length: int = self.model._meta.get_field(self.source).max_length  # type: ignore[union-attr,assignment]
        return length


class FoldedField(DerivedField, models.TextField):  # type: ignore[type-arg]  # not subscriptable at run time
    """The folded text that a search reads."""

    def derive(self, text: str) -> str:
        return fold(text)

    def derive_all(self, texts: Sequence[str]) -> list[str]:
        """Return the folded texts. They are folded together, separated by a character that no database accepts."""
        folded = fold("\0".join(texts)).split("\0")
        return [form or text for form, text in zip(folded, texts, strict=True)]  # a text of accents only is kept


@lru_cache
def derived_fields(model: type[models.Model]) -> dict[str, DerivedField]:
    """Return the model's derived fields, by the names of their sources."""
    return {field.source: field for field in model._meta.concrete_fields if isinstance(field, DerivedField)}


class DerivedQuerySet(models.QuerySet[RowT]):
    """Rows whose derived fields are also written by `update` and `bulk_update`."""

    def update(self, **values: object) -> int:
        """Update the rows. Raises FieldError for a source that is an expression, unless its derived field is given."""
        for source, field in derived_fields(self.model).items():
            if source in values and (isinstance(values[source], str) or field.name not in values):
                values[field.name] = field.derived(values[source])
        return super().update(**values)

    def bulk_update(self, objs: Iterable[RowT], fields: Iterable[str], batch_size: int | None = None) -> int:
        """Update `fields` of the given rows, after each field's `pre_save`."""
        rows = list(objs)
        names, _derived = with_derived(self.model, tuple(fields))
        for name in names:
            field = self.model._meta.get_field(name)
            assert isinstance(field, models.Field)
            for row in rows:
                field.pre_save(row, add=False)
        return super().bulk_update(rows, names, batch_size)


@lru_cache
def with_derived(
    model: type[models.Model], columns: tuple[str, ...]
) -> tuple[tuple[str, ...], list[tuple[int, DerivedField]]]:
    """Return the columns and the columns that are derived from them, and the derived fields with the positions of their
    sources."""
    fields = [(columns.index(source), field) for source, field in derived_fields(model).items() if source in columns]
    return (*columns, *(field.attname for _position, field in fields)), fields


@receiver(pre_save)
def derive_raw(sender: type[models.Model], instance: models.Model, raw: bool, **kwargs: object) -> None:
    """Write the derived fields of rows that `loaddata` saves. Django calls no field's `pre_save` for these."""
    if raw:
        for field in derived_fields(sender).values():
            field.pre_save(instance, add=True)
