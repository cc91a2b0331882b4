"""What every row of the ledger has, and how owned rows refer to each other."""

from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models.expressions import Col
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor
from django.db.models.lookups import Exact
from django.db.models.sql.where import WhereNode
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from cashman_project.api.integrity import field_of

from ..querysets import OwnedQuerySet


class UpdatedAtField(models.DateTimeField):  # type: ignore[type-arg]  # not subscriptable at run time
    """The moment of a row's last write; a new row's is that of its creation."""

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        if add:
            setattr(model_instance, self.attname, model_instance.created_at)
        return super().pre_save(model_instance, add)


class OwnedModel(models.Model):
    """A row that belongs to one user. `version` counts its writes; `updated_at` is the moment of the last."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    version = models.PositiveBigIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = UpdatedAtField(default=timezone.now, editable=False)

    objects: ClassVar[models.Manager[Any]] = OwnedQuerySet.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, **kwargs: Any) -> None:
        """Insert the row, or update it through `OwnedQuerySet.update`.

        Raises ObjectDoesNotExist when there is no such row of that owner (and type) any more: an
        update never brings a deleted row back.
        """
        adding = self._state.adding
        super().save(**kwargs)
        if not adding:
            own = type(self)._base_manager.filter(owner=self.owner_id)
            self.refresh_from_db(fields=["version", "updated_at"], from_queryset=own)

    def validate_constraints(self, exclude: Any = None) -> None:
        """Raise ValidationError where a constraint is broken: a unique one as `unique`, on the field it is named after.

        A constraint that holds an excluded field is left out, as in Django; but not for the owner, or
        a field that no form can hold: a form that doesn't show them excludes them.
        """
        hidden = {"owner", *(field.name for field in self._meta.fields if not field.editable)}
        errors: dict[str, list[ValidationError]] = {}
        constraint: Any
        for model, constraints in self.get_constraints():
            for constraint in constraints:
                try:
                    constraint.validate(model, self, exclude=set(exclude or ()) - hidden)
                except ValidationError as error:
                    if field := field_of(model, constraint):
                        error.code = "unique"
                    errors.setdefault(field or NON_FIELD_ERRORS, []).append(error)
        if errors:
            raise ValidationError(errors)

    def delete(self, using: Any = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete the row, if it is still that owner's, through the queryset; return what Django does."""
        return type(self)._base_manager.using(using).filter(pk=self.pk, owner=self.owner_id).delete()

    def _do_update(self, base_qs: Any, using: Any, pk_val: Any, values: Any, *args: Any) -> Any:
        """Django's own hook for the UPDATE of `save`; `values` holds (field, _, value) of each field.

        Return the rows that came back: Django 5.2 asks only whether there are any, 6.0 for what they hold.
        """
        fixed = {name for name in base_qs.fixed_fields if name != "id"}
        row = {field.attname: value for field, _model, value in values if field.name in fixed}
        changes = {field.attname: value for field, _model, value in values if field.name not in fixed}
        updated = base_qs.filter(pk=pk_val, owner=self.owner_id, **row).update(**changes)
        if not updated and not self._state.adding:  # loaddata, which adds, tries an update first
            raise self.DoesNotExist(f"There is no {self._meta.verbose_name} {pk_val} of this owner to update.")
        return [()] * updated


class OwnedForwardDescriptor(ForwardManyToOneDescriptor):  # type: ignore[type-arg]  # not subscriptable at run time
    """Prefetches the row of the same owner only."""

    def get_prefetch_querysets(self, instances: Any, querysets: Any = None) -> Any:
        queryset, remote_key, local_key, *rest = super().get_prefetch_querysets(instances, querysets)
        return (
            queryset.filter(owner__in={instance.owner_id for instance in instances}),
            lambda remote: (remote.owner_id, *remote_key(remote)),
            lambda instance: (instance.owner_id, *local_key(instance)),
            *rest,
        )


class OwnedForeignKey(models.ForeignKey[Any, Any]):
    """A foreign key between two owned models, which holds within one owner.

    Joins, lazy and prefetched access all compare the owners too, so that a row of another owner is
    never reached, and so that the tables can be distributed by owner. There is no reverse accessor:
    it would not compare them.
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
        """Return the key; raises ValueError where the row at hand belongs to another owner."""
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
