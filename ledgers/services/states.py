"""States of rows, as they were and as they are, in the JSON of the API."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from cashman_project.api.types import JSONObject
from cashman_project.db.types import AnyField

from ..history import read_before, stored_columns
from ..models import Change, Operation, OwnedForeignKey, OwnedModel
from ..resources import Resource

State = OwnedModel  # a row of a registered model, saved or not

UNTOLD = {"id", "version", "created_at", "updated_at"}  # which follow from the change itself


def state_of(model: type[OwnedModel], owner: UUID, before: str) -> State:
    """Return the row that a Change holds. Columns that the model did not have then get their default.

    Raises ValueError if the model, a proxy, can't hold such a row.
    """
    stored, kept = read_before(model, before), stored_columns(model)
    values: dict[str, object] = {}
    for field in model._meta.concrete_fields:  # in whose order Django expects them
        name = field.attname
        if name in kept:
            values[name] = stored[name] if name in stored else field.get_default()
    state = model.from_db(None, [*values], [*values.values()])
    state.owner_id = owner
    return state


def link(owner: UUID, states: Iterable[State | None]) -> None:
    """Give each state the rows that it refers to, as they are now, or as they were when they were deleted."""
    by_field: dict[AnyField, list[State]] = {}
    for state in filter(None, states):
        for field in state._meta.concrete_fields:
            if isinstance(field, OwnedForeignKey) and not field.is_cached(state):
                by_field.setdefault(field, []).append(state)
    for field, referring in by_field.items():
        keys = {getattr(state, field.attname) for state in referring} - {None}
        found = _rows(field.related_model, owner, keys)
        for state in referring:
            setattr(state, field.name, found.get(getattr(state, field.attname)))


def _rows(model: object, owner: UUID, keys: set[UUID]) -> dict[UUID, State]:
    """Return the rows with these keys."""
    assert isinstance(model, type)
    assert issubclass(model, OwnedModel)
    found: dict[UUID, State] = model._base_manager.filter(owner=owner).in_bulk(keys) if keys else {}
    if missing := keys - found.keys():
        deletions = Change.objects.filter(ledger=owner, row_id__in=missing, operation=Operation.DELETED)
        for pk, before in deletions.order_by("revision").values_list("row_id", "before"):
            found[pk] = state_of(model, owner, before)
    return found


def shown(resource: Resource, state: State) -> JSONObject:
    """Return the state's JSON. It is linked to the rows that it refers to."""
    return dict(resource.serializer.to_representation(state))


def differences(old: Mapping[str, object], new: Mapping[str, object]) -> list[JSONObject]:
    """Return the fields that differ in the JSON of two states of a row."""
    return [
        {"field": name, "old": old[name], "new": new[name]}
        for name in old
        if name not in UNTOLD and old[name] != new[name]
    ]
