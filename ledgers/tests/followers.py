"""Clients that follow a ledger, and writes at random."""

import json
from typing import Any

from hypothesis import strategies as st
from rest_framework.test import APIClient

from ledgers.models import Change, Operation
from ledgers.writer import CREATED, writing
from transactions.models import Category, Transaction
from transactions.services.categories import delete_category
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User

PATHS = {"transactions": "/transactions", "categories": "/categories"}
WRITES = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "create",
                "create many",
                "update",
                "delete",
                "delete",
                "rename",
                "unlink",
                "restore",
                "restore",
                "read",
                "read",
            ]
        ),
        st.integers(0, 30),
    ),
    min_size=4,
    max_size=25,
)


class Follower:
    """Keeps a copy of a ledger, as a client would."""

    def __init__(self, client: APIClient, limit: int | None = None) -> None:
        self.client = client
        self.limit = limit
        self.cursor = ""
        self.rows: dict[tuple[str, str], str] = {}  # JSON, by resource and id
        self.places: list[tuple[int, str]] = []

    def read(self) -> dict[str, Any]:
        """Read one page."""
        query = {"since": self.cursor, "limit": str(self.limit or "")}
        response = self.client.get("/changes", query)
        assert response.status_code == 200, response.content
        page: dict[str, Any] = response.json()
        assert len(page["changes"]) <= (self.limit or 100)
        for change in page["changes"]:
            key = (change["resource"], change["id"])
            place = (change["revision"], change["id"])
            assert not self.places or self.places[-1] < place
            self.places.append(place)
            if change["operation"] == "deleted":
                assert change["data"] is None
                self.rows.pop(key, None)
            else:
                self.rows[key] = json.dumps(change["data"])
        self.cursor = page["cursor"]
        return page

    def catch_up(self) -> list[dict[str, Any]]:
        """Read all pages; return their changes."""
        found = []
        while True:
            page = self.read()
            found += page["changes"]
            if not page["more"]:
                return found


def restore(row: Any) -> None:
    """Restore a deleted row, as an undo does: with its id and its first revision, and a Change that says so."""
    owner = row.owner_id
    with writing(owner) as write:
        number = write.lock()
        before = Change.objects.filter(ledger=owner, row_id=row.pk).latest("revision")
        fields = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
        again = type(row)(**{**fields, "version": row.version + 1, "revision": number})
        fields_of = list(row._meta.concrete_fields)
        type(row).objects.all()._insert([again], fields=fields_of, using="default")
        Change.objects.create(
            ledger_id=owner,
            revision=number,
            row_id=row.pk,
            resource=before.resource,
            operation=Operation.CREATED,
            before="",
        )
        write.count(before.resource, CREATED, 1)


def ledger_of(client: APIClient) -> dict[tuple[str, str], str]:
    """Return all rows, as the lists give them."""
    found: dict[tuple[str, str], str] = {}
    for resource, path in PATHS.items():
        following = f"{path}?page_size=500"
        while following:
            page = client.get(following).json()
            found |= {(resource, row["id"]): json.dumps(row) for row in page["results"]}
            following = page["next"]
    return found


class Books:
    """A ledger that is written at random."""

    def __init__(self, owner: User) -> None:
        self.owner = owner
        self.deleted: list[Any] = []

    def rows(self) -> list[Any]:
        return list(Transaction.objects.for_owner(self.owner).order_by("pk"))

    def categories(self) -> list[Any]:
        return list(Category.objects.for_owner(self.owner).order_by("pk"))

    def write(self, what: str, number: int) -> None:
        rows, categories = self.rows(), self.categories()
        category = categories[number % len(categories)] if categories else None
        row = rows[number % len(rows)] if rows else None
        match what:
            case "create":
                CategoryFactory.create(owner=self.owner) if number % 3 == 0 else IncomeFactory.create(
                    owner=self.owner, category=category
                )
            case "create many":
                new = [ExpenseFactory.build(owner=self.owner, category=category) for _row in range(number % 5)]
                Transaction.objects.bulk_create(new)
            case "update" if row:
                row.notes += "x"
                row.category = category
                row.save()
            case "delete" if row:
                self.deleted.append(row)
                row.delete()
            case "rename" if category:
                category.name += "x"
                category.save()
            case "unlink" if category:
                delete_category(category=category, force=True)
            case "restore" if self.deleted:
                row = self.deleted.pop(number % len(self.deleted))
                row.category = None
                restore(row)
