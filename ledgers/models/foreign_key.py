"""Foreign keys between the rows of one owner (docs/adr/0002-owner-first.md)."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.expressions import Col
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor
from django.db.models.lookups import Exact
from django.db.models.sql.where import WhereNode
from django.utils.translation import gettext_lazy as _

from cashman_project.db.types import AnyField

from .owned import OwnedModel

Row = Any  # a row of the model that a field belongs to or refers to, which only the models say


class OwnedForwardDescriptor(ForwardManyToOneDescriptor):  # type: ignore[type-arg]  # not subscriptable at run time
    """Prefetches only the row of the same owner."""

    def get_prefetch_querysets(
        self, instances: list[Row], querysets: list[models.QuerySet[Row]] | None = None
    ) -> tuple[models.QuerySet[Row], Callable[[Row], object], Callable[[Row], object], bool, str, bool]:
        prefetch = super().get_prefetch_querysets(instances, querysets)
        queryset, remote_key, local_key, is_single, cache_name, is_descriptor = prefetch
        return (
            queryset.filter(owner__in={instance.owner_id for instance in instances}),
            lambda remote: (remote.owner_id, *remote_key(remote)),
            lambda instance: (instance.owner_id, *local_key(instance)),
            is_single,
            cache_name,
            is_descriptor,
        )


class OwnedForeignKey(models.ForeignKey[Row, Row]):
    """A foreign key between two owned models. Both rows have the same owner.

    Joins, lazy access and prefetched access compare the owners too. So a row of another owner is never reached, and the
    tables can be distributed by owner. There is no reverse accessor, because it would not compare them.
    """

    forward_related_accessor_class = OwnedForwardDescriptor

    # The other options of Django's foreign key.
    def __init__(self, to: type[OwnedModel] | str, on_delete: Callable[..., None], **options: Any) -> None:
        if on_delete is not models.RESTRICT:
            raise ValueError("Use RESTRICT: Django would find the rows that refer to a deleted one by its id alone.")
        super().__init__(to, on_delete, **{"related_name": "+", "db_index": False, **options})

    def get_extra_restriction(self, alias: str, related_alias: str) -> WhereNode:
        remote, local = _owner_field(self.remote_field.model), _owner_field(self.model)
        same_owner: Exact[object] = Exact(Col(alias, remote), Col(related_alias, local))
        return WhereNode([same_owner])  # type: ignore[list-item]  # the stub forgets lookups

    def get_extra_descriptor_filter(self, instance: OwnedModel) -> dict[str, object]:
        return {"owner": instance.owner_id}

    def pre_save(self, model_instance: Row, add: bool) -> object:
        """Return the key. Raises ValueError if the related row belongs to another owner."""
        if self.is_cached(model_instance):
            related = getattr(model_instance, self.name)
            if related is not None and related.owner_id != model_instance.owner_id:
                raise ValueError(f"{self.name} belongs to another owner.")
        return super().pre_save(model_instance, add)

    def validate(self, value: object, model_instance: Row) -> None:
        """Raise ValidationError unless `value` is the key of a row of the same owner."""
        models.Field.validate(self, value, model_instance)
        rows = self.remote_field.model._base_manager.filter(pk=value, owner=model_instance.owner_id)
        if value is not None and not rows.exists():
            raise ValidationError(_("There is no such %(name)s."), code="invalid", params={"name": self.verbose_name})


def _owner_field(model: type[models.Model]) -> AnyField:
    field = model._meta.get_field("owner")
    assert isinstance(field, models.Field)
    return field
