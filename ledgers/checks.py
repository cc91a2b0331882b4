"""System checks of owned models: `/changes` and the history can show the rows of each of them."""

from django.apps import apps
from django.core import checks

from cashman_project.api.fastpath.row_json import row_json

from .models import OwnedModel
from .resources import RESOURCES

INDEXED = ["owner", "revision", "id"]


@checks.register
def check_registered(**kwargs: object) -> list[checks.CheckMessage]:
    """ledgers.E001: each owned model that is not registered, or whose JSON has no form in SQL."""
    faults = {}
    for model in apps.get_models():
        if not issubclass(model, OwnedModel) or model._meta.proxy:
            continue
        resource = RESOURCES.get(getattr(model, "resource", ""))
        if resource is None or resource.model is not model:
            faults[model] = f"{model.__name__} is not registered, so /changes would miss its rows."
            continue
        try:
            row_json(resource.serializer_class())
        except TypeError as error:
            faults[model] = f"{resource.serializer_class.__name__} has no form in SQL: {error}"
    hint = "Call ledgers.resources.register in the ready() of its app, as transactions/apps.py does."
    return [checks.Error(fault, hint=hint, obj=model, id="ledgers.E001") for model, fault in faults.items()]


@checks.register
def check_indexed(**kwargs: object) -> list[checks.CheckMessage]:
    """ledgers.E002: each owned model without the index by which `/changes` finds what a revision has written."""
    return [
        checks.Error(
            f"{model.__name__} has no index of owner, revision and id, so /changes would read all its rows.",
            hint=f'Add models.Index(fields={INDEXED}, name="{model.__name__.lower()}_revision") to its Meta.indexes.',
            obj=model,
            id="ledgers.E002",
        )
        for model in apps.get_models()
        if issubclass(model, OwnedModel)
        and not model._meta.proxy
        and not any(index.fields == INDEXED and index.condition is None for index in model._meta.indexes)
    ]
