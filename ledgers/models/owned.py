"""The base of all owned rows.

The reasons are in docs/adr/0001-uuidv7-ids.md, docs/adr/0002-owner-first.md, docs/adr/0007-one-write-path.md.
"""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import connections, models
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from cashman_project.db.constraint_errors import field_of

from ..querysets import OwnedQuerySet
from ..writer import ADD, CREATED

if TYPE_CHECKING:
    from django.db.models.base import ModelBase

    from cashman_project.db.types import AnyField


OwnedManager = models.Manager.from_queryset(OwnedQuerySet)


class UpdatedAtField(models.DateTimeField):  # type: ignore[type-arg]  # not subscriptable at run time
    """The timestamp of a row's last write. A new row's is the timestamp of its creation."""

    def pre_save(self, model_instance: Any, add: bool) -> object:  # Any: an OwnedModel, but not in migrations
        if add:
            setattr(model_instance, self.attname, model_instance.created_at)
        return super().pre_save(model_instance, add)


class OwnerField(models.ForeignKey[Any, Any]):  # Any: a user, whom no model of ledgers knows by class
    """The owner of a row of a ledger.

    On PostgreSQL, the column refers to the owner's ledger, whose id is the owner's. So all rows of an owner are in one
    place if the tables are distributed by owner, and no write of them locks the user's row.
    """

    references_ledger = "ledgers_ledger"  # the table

    # What Django's foreign key takes.
    def __init__(self, to: Any = settings.AUTH_USER_MODEL, on_delete: Any = models.CASCADE, **options: Any) -> None:
        super().__init__(to, on_delete, **{"related_name": "+", "db_index": False, **options})


class OwnedModel(models.Model):
    """A row with an owner. `version` counts its writes, and `updated_at` is the timestamp of the last one.

    `revision` is the revision of the owner's ledger that wrote the row last, and `created_revision` the one that
    created it; 0 is from before there were revisions. A model names its `resource` as the paths of the API do.
    """

    resource: ClassVar[str]

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = OwnerField(verbose_name=_("owner"))
    version = models.PositiveBigIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    updated_at = UpdatedAtField(default=timezone.now, editable=False)
    revision = models.BigIntegerField(default=0, db_default=0, editable=False)
    created_revision = models.BigIntegerField(default=0, db_default=0, editable=False)

    objects = OwnedManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(
        self,
        *,
        force_insert: "bool | tuple[ModelBase, ...]" = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Insert the row in a write of its owner's ledger, or update it through `OwnedQuerySet.update`.

        Raises ObjectDoesNotExist if the owner has no such row (of this type) any more, because an update must not bring
        a deleted row back.
        """
        rows: Any = type(self)._base_manager.using(using)  # the stub has a QuerySet of no class of ours
        with rows.writing(self.owner_id) as write:
            write.lock()
            adding = self._state.adding
            if adding:
                rows.check_new([self])
                self.revision = self.created_revision = write.revision
            super().save(force_insert=force_insert, force_update=force_update, using=using, update_fields=update_fields)
            if adding:
                write.count(self.resource, CREATED, 1)
            else:
                self.refresh_from_db(using, ["version", "updated_at", "revision"])

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Raise ValidationError if a constraint is violated. The error of a unique constraint has the code `unique` and
        belongs to the field that the constraint is named after.

        As in Django, a constraint with an excluded field is not checked. The owner and fields that are not editable
        don't count as excluded. A form excludes them only because it never shows them.
        """
        hidden = {"owner", *(field.name for field in self._meta.fields if not field.editable)}
        errors: dict[str, list[ValidationError]] = {}
        for model, constraints in self.get_constraints():
            for constraint in constraints:
                try:
                    unchecked = set(exclude or ()) - hidden
                    constraint.validate(model, self, exclude=unchecked)  # type: ignore[attr-defined]  # not in the stub
                except ValidationError as error:
                    if field := field_of(model, constraint):
                        error.code = "unique"
                    errors.setdefault(field or NON_FIELD_ERRORS, []).append(error)
        if errors:
            raise ValidationError(errors)

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: "models.QuerySet[Self] | None" = None,
    ) -> None:
        """Read the row's values anew, by its owner and its id."""
        if from_queryset is None and "owner_id" in self.__dict__:
            from_queryset = type(self)._base_manager.using(using).filter(owner=self.owner_id)
        super().refresh_from_db(using, fields, from_queryset)

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete the row through the queryset, if the owner still has it. Return what Django does."""
        return type(self)._base_manager.using(using).filter(pk=self.pk, owner=self.owner_id).delete()

    def _do_update(
        self,
        base_qs: models.QuerySet[Self],
        using: str | None,
        pk_val: object,
        values: "Collection[tuple[AnyField, type[models.Model] | None, object]]",
        *args: object,
    ) -> Any:  # Any: Django 5.2 only asks whether a row came back, but 6.0 reads the rows
        """Update the row: Django's own hook for the UPDATE of `save`. `values` has (field, _, value) for each field.

        Return the rows that came back.
        """
        assert isinstance(base_qs, OwnedQuerySet)
        fixed = {name for name in base_qs.fixed_fields if name != "id"}
        row = {field.attname: value for field, _model, value in values if field.name in fixed}
        changes = {field.attname: value for field, _model, value in values if field.name not in fixed}
        updated = base_qs.filter(pk=pk_val, owner=self.owner_id, **row).update(**changes)
        if not updated and not self._state.adding:  # loaddata adds rows, but tries an update first
            raise self.DoesNotExist(f"There is no {self._meta.verbose_name} {pk_val} of this owner to update.")
        return [()] * updated


@receiver(pre_save)
def add_ledger(instance: models.Model, raw: bool, using: str, **kwargs: object) -> None:
    """Make the ledger of a row that `loaddata` saves. It does so past `save`, so nothing has locked the ledger."""
    if raw and isinstance(instance, OwnedModel):
        with connections[using].cursor() as cursor:
            cursor.execute(
                ADD, [instance._meta.get_field("owner").get_db_prep_value(instance.owner_id, connections[using])]
            )
