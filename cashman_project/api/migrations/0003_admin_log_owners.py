"""Say of each entry in the admin's log whose row it is about. What is known of rows that are gone is taken out."""

from typing import Any
from uuid import UUID

from django.db import migrations

AT_ONCE = 500
# The table of each kind of row, by its content type, and the column of its owner.
OWNERS = {
    ("users", "user"): ("users", "User", "pk"),
    ("transactions", "transaction"): ("transactions", "Transaction", "owner"),
    ("transactions", "income"): ("transactions", "Transaction", "owner"),
    ("transactions", "expense"): ("transactions", "Transaction", "owner"),
    ("transactions", "category"): ("transactions", "Category", "owner"),
}


def key_of(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def say_whose(apps: Any, schema_editor: Any) -> None:
    log, owned_log = apps.get_model("admin", "LogEntry").objects, apps.get_model("api", "AdminLogEntry")
    for kind, (app, model, column) in OWNERS.items():
        entries = log.filter(content_type__app_label=kind[0], content_type__model=kind[1]).order_by("pk")
        last = 0
        while found := list(entries.filter(pk__gt=last)[:AT_ONCE]):
            last = found[-1].pk
            keys = {entry.pk: key_of(entry.object_id) for entry in found}
            rows = apps.get_model(app, model)._base_manager.filter(pk__in=filter(None, keys.values()))
            owners = dict(rows.values_list("pk", column))
            for entry in found:
                if owner := owners.get(keys[entry.pk]):
                    owned_log(logentry_ptr_id=entry.pk, about_id=owner).save_base(raw=True)
            gone = [entry.pk for entry in found if keys[entry.pk] not in owners]
            log.filter(pk__in=gone).update(object_id=None, object_repr="")


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0002_claim_and_admin_log"),
        ("transactions", "0001_initial"),
    ]

    operations = [migrations.RunPython(say_whose, migrations.RunPython.noop)]
