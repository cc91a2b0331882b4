"""The triggers that keep the table of tags: a row for each name in the `tags` of a transaction.

They run for the rows that have tags, and cost the others nothing.
"""

# ruff: noqa: S608  # no input

TAGS, TRANSACTIONS = "transactions_transactiontag", "transactions_transaction"
NONE = "'[]'"
CONDITIONS = {
    "INSERT": f"NEW.tags <> {NONE}",
    "UPDATE": "OLD.tags <> NEW.tags",
    "DELETE": f"OLD.tags <> {NONE}",
}
NAMES = tuple(f"{TAGS}_{event.lower()}" for event in CONDITIONS)
DELETE = f"DELETE FROM {TAGS} WHERE owner_id = OLD.owner_id AND transaction_id = OLD.id;"
COLUMNS = "owner_id, name, transaction_id"


def statements(vendor: str) -> list[str]:
    """Return the statements that create or replace the triggers, and fill the table again."""
    make = _on_postgresql if vendor == "postgresql" else _on_sqlite
    made = [statement for event in CONDITIONS for statement in make(event)]
    names = "json_array_elements_text(tags::json)" if vendor == "postgresql" else "json_each(tags)"
    value = "value" if vendor == "sqlite" else "name"
    fill = (
        f"INSERT INTO {TAGS} ({COLUMNS}) SELECT DISTINCT owner_id, found.{value}, {TRANSACTIONS}.id"
        f" FROM {TRANSACTIONS}, {names} AS found{'' if vendor == 'sqlite' else '(name)'} WHERE tags <> {NONE}"
    )
    return [*made, f"DELETE FROM {TAGS}", fill]


def _on_postgresql(event: str) -> list[str]:
    name = f"{TAGS}_{event.lower()}"
    added = f"""
        FOR tag IN SELECT DISTINCT found.name FROM json_array_elements_text(NEW.tags::json) AS found(name) LOOP
            INSERT INTO {TAGS} ({COLUMNS}) VALUES (NEW.owner_id, tag, NEW.id);
        END LOOP;
    """
    body = {"INSERT": added, "UPDATE": DELETE + added, "DELETE": DELETE}[event]
    function = f"""
        CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            tag text;
        BEGIN
            {body}
            RETURN NULL;
        END $$
    """
    trigger = (
        f"CREATE OR REPLACE TRIGGER {name} AFTER {event} ON {TRANSACTIONS}"
        f" FOR EACH ROW WHEN ({CONDITIONS[event]}) EXECUTE FUNCTION {name}()"
    )
    return [function, trigger]


def _on_sqlite(event: str) -> list[str]:
    added = f"INSERT OR IGNORE INTO {TAGS} ({COLUMNS}) SELECT NEW.owner_id, value, NEW.id FROM json_each(NEW.tags);"
    body = {"INSERT": added, "UPDATE": DELETE + added, "DELETE": DELETE}[event]
    name = f"{TAGS}_{event.lower()}"
    return [f"CREATE TRIGGER {name} AFTER {event} ON {TRANSACTIONS} WHEN {CONDITIONS[event]} BEGIN {body} END"]
