"""Columns that hold another column's text in a form of their own, whichever way that is written."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import pre_save
from django.dispatch import receiver

from ..texts import fold, text_key

if TYPE_CHECKING:
    Base = models.Field[Any, Any]
else:
    Base = object


class DerivedField(Base):
    """The base of a field whose value follows that of the field `source`: at every save, and in `DerivedQuerySet`."""

    def __init__(self, *args: Any, source: str, **kwargs: Any) -> None:
        self.source = source
        super().__init__(*args, **{"editable": False, "serialize": False, **kwargs})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "source": self.source}

    def derive(self, text: str) -> str:
        """Return the form of the source's text."""
        raise NotImplementedError

    def derive_all(self, texts: Sequence[str]) -> list[str]:
        """Return the forms of many texts."""
        return [self.derive(text) for text in texts]

    def derived(self, text: object) -> str:
        """Return the form of the source's value; raises FieldError where that is no text, but an expression."""
        if not isinstance(text, str):
            raise FieldError(f"{self.name} follows {self.source}, so give the {self.source} as text.")
        return self.derive(text)

    def pre_save(self, model_instance: Any, add: bool) -> str:
        value = self.derived(getattr(model_instance, self.source))
        setattr(model_instance, self.attname, value)
        return value

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        """Return Django's, with an order by code points, which SQLite has anyway, whatever the database's own is."""
        parameters = super().db_parameters(connection)
        return {**parameters, "collation": "C" if connection.vendor == "postgresql" else None}


class KeyField(DerivedField, models.CharField):  # type: ignore[type-arg]  # not subscriptable at run time
    """The `text_key` of a name: unique where the name is to be, and what it is found and sorted by."""

    def derive(self, text: str) -> str:
        return text_key(text, self.limit)

    @property
    def limit(self) -> int:
        """How many characters the name has at most."""
        length: int = self.model._meta.get_field(self.source).max_length  # type: ignore[union-attr,assignment]
        return length


class FoldedField(DerivedField, models.TextField):  # type: ignore[type-arg]  # not subscriptable at run time
    """The folded text that a search looks at."""

    def derive(self, text: str) -> str:
        return fold(text)

    def derive_all(self, texts: Sequence[str]) -> list[str]:
        """Return the forms of many texts, which are folded as one, between characters that no database takes."""
        folded = fold("\0".join(texts)).split("\0")
        return [form or text for form, text in zip(folded, texts, strict=True)]


@lru_cache
def derived_fields(model: Any) -> dict[str, DerivedField]:
    """Return the model's derived fields by the name of what they follow."""
    return {field.source: field for field in model._meta.concrete_fields if isinstance(field, DerivedField)}


class DerivedQuerySet(models.QuerySet[Any]):
    """Rows whose derived fields are kept by `update` and `bulk_update` too."""

    model: type[models.Model]

    def update(self, **values: Any) -> int:
        """Update the rows; raises FieldError where what another field follows is given as an expression alone."""
        for source, field in derived_fields(self.model).items():
            if source in values and (isinstance(values[source], str) or field.name not in values):
                values[field.name] = field.derived(values[source])
        return super().update(**values)

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        """Update `fields` of the given rows, after what each field does before a save."""
        rows = list(objs)
        names, _following = with_following(self.model, tuple(fields))
        for name in names:
            field = self.model._meta.get_field(name)
            assert isinstance(field, models.Field)
            for row in rows:
                field.pre_save(row, add=False)
        return super().bulk_update(rows, names, batch_size)


@lru_cache
def with_following(model: Any, columns: tuple[str, ...]) -> tuple[tuple[str, ...], list[tuple[int, DerivedField]]]:
    """Return the columns with those that follow them, and the latter's fields with the places of their sources."""
    fields = [(columns.index(source), field) for source, field in derived_fields(model).items() if source in columns]
    return (*columns, *(field.attname for _position, field in fields)), fields


@receiver(pre_save)
def derive_raw(sender: type[models.Model], instance: models.Model, raw: bool, **kwargs: Any) -> None:
    """Derive what `loaddata` saves, of which no field prepares anything."""
    if raw:
        for field in derived_fields(sender).values():
            field.pre_save(instance, add=True)
