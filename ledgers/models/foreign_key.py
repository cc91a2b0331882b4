"""Foreign keys between the rows of one owner (docs/adr/0002-owner-first.md)."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.expressions import Col
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor
from django.db.models.lookups import Exact
from django.db.models.sql.where import WhereNode
from django.utils.translation import gettext_lazy as _

from .owned import OwnedModel


class OwnedForwardDescriptor(ForwardManyToOneDescriptor):  # type: ignore[type-arg]  # not subscriptable at run time
    """Prefetches only the row of the same owner."""

    def get_prefetch_querysets(self, instances: Any, querysets: Any = None) -> Any:
        queryset, remote_key, local_key, *rest = super().get_prefetch_querysets(instances, querysets)
        return (
            queryset.filter(owner__in={instance.owner_id for instance in instances}),
            lambda remote: (remote.owner_id, *remote_key(remote)),
            lambda instance: (instance.owner_id, *local_key(instance)),
            *rest,
        )


class OwnedForeignKey(models.ForeignKey[Any, Any]):
    """A foreign key between two owned models. Both rows have the same owner.

    Joins, lazy access and prefetched access compare the owners too. So a row of another owner is never reached, and the
    tables can be distributed by owner. There is no reverse accessor, because it would not compare them.
    """

    forward_related_accessor_class = OwnedForwardDescriptor

    def __init__(self, to: Any, on_delete: Any, **kwargs: Any) -> None:
        options: dict[str, Any] = {"related_name": "+", "db_index": False}
        super().__init__(to, on_delete, **options | kwargs)

    def get_extra_restriction(self, alias: Any, related_alias: Any) -> Any:
        remote: Any = self.remote_field.model._meta.get_field("owner")
        local: Any = self.model._meta.get_field("owner")
        same_owner: Any = Exact(Col(alias, remote), Col(related_alias, local))
        return WhereNode([same_owner])

    def get_extra_descriptor_filter(self, instance: OwnedModel) -> dict[str, Any]:
        return {"owner": instance.owner_id}

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        """Return the key; raises ValueError if the related row belongs to another owner."""
        if self.is_cached(model_instance):
            related = getattr(model_instance, self.name)
            if related is not None and related.owner_id != model_instance.owner_id:
                raise ValueError(f"{self.name} belongs to another owner.")
        return super().pre_save(model_instance, add)

    def validate(self, value: Any, model_instance: Any) -> None:
        """Raise ValidationError unless `value` is the key of a row of the same owner."""
        models.Field.validate(self, value, model_instance)
        rows = self.remote_field.model._base_manager.filter(pk=value, owner=model_instance.owner_id)
        if value is not None and not rows.exists():
            raise ValidationError(_("There is no such %(name)s."), code="invalid", params={"name": self.verbose_name})
