"""The base of all owned rows.

The reasons are in docs/adr/0001-uuidv7-ids.md, docs/adr/0002-owner-first.md, docs/adr/0007-one-write-path.md.
"""

from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from cashman_project.db.constraint_errors import field_of

from ..querysets import OwnedQuerySet


class UpdatedAtField(models.DateTimeField):  # type: ignore[type-arg]  # not subscriptable at run time
    """The timestamp of a row's last write; for a new row, that of its creation."""

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        if add:
            setattr(model_instance, self.attname, model_instance.created_at)
        return super().pre_save(model_instance, add)


class OwnedModel(models.Model):
    """A row with an owner. `version` counts its writes; `updated_at` is the timestamp of the last one."""

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
        """Raise ValidationError if a constraint is violated. A unique one has the code `unique`, and the field that it
        is named after.

        A constraint with an excluded field is not checked, as in Django. The owner and fields that no form can have
        don't count as excluded, because a form that doesn't show them excludes them.
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
