"""Which tables have owners. A table that forgets its owner would stay on one machine of many."""

from django.apps import apps
from django.conf import settings

from cashman_project.db.owned_tables import foreign_keys, owned_models, owner_field, reference

# The tables whose rows have no owner, with the reason.
WITHOUT = {
    "api_adminlogentry": "the staff's log tells of the rows of all owners",
    "api_claim": "work of the whole service",
    "auth_group": "groups of staff",
    "auth_group_permissions": "groups of staff",
    "auth_permission": "what staff may do",
    "django_admin_log": "the staff's log tells of the rows of all owners",
    "django_content_type": "names of models",
    "django_session": "empty: users_browsersession has the sessions",
    "users_attempts": "counts the names that were tried, whether or not somebody has them",
    "users_browsersession": "a cookie is looked up before it is known whose it is",
    "users_user": "they are the owners",
    "users_user_groups": "staff only",
    "users_user_user_permissions": "staff only",
}


def test_every_table_has_owners_or_a_reason_to_have_none() -> None:
    every = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    owned = {model._meta.db_table for model in owned_models()}

    assert owned | WITHOUT.keys() == every
    assert not owned & WITHOUT.keys()


def test_only_owned_tables_refer_to_owned_tables() -> None:
    """Nothing on the coordinator of a Citus can refer to a row on a worker."""
    users = apps.get_model(settings.AUTH_USER_MODEL)._meta.db_table
    owned = {model._meta.db_table for model in owned_models()}
    for model in apps.get_models(include_auto_created=True):
        targets = {reference(model, field).to_table for field in foreign_keys(model)}
        if owner_field(model):
            assert targets <= owned | {users}, model
        else:
            assert not targets & owned, model
