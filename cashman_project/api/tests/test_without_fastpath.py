"""A viewset that does not opt into the fast path: every format and every action has the same rows, as its hooks say."""

import csv
import io
from typing import Any

import orjson
import pytest
from django.db.models import QuerySet
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.test import APIClient

from cashman_project.api.filters import StrictFilterBackend
from cashman_project.api.routers import OptionalSlashRouter
from cashman_project.api.serializers import StrictBooleanField, StrictCharField
from cashman_project.api.tests.pages import BROWSER, Browser
from cashman_project.api.tests.problems import problem_of
from cashman_project.urls import urlpatterns as paths
from transactions.models import Transaction
from transactions.serializers import TransactionSerializer
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from transactions.views import TransactionViewSet
from users.models import User

HIDDEN = "hidden"


class FormulaField(StrictCharField):
    def to_representation(self, value: str) -> str:
        return f"=({value})"


class ShownSerializer(TransactionSerializer):
    """Has fields that the fast path can't write, and writes another one in its own way."""

    large = StrictBooleanField(read_only=True)
    formula = FormulaField(source="description", read_only=True)

    class Meta(TransactionSerializer.Meta):
        fields = [*TransactionSerializer.Meta.fields, "large", "formula"]

    def to_representation(self, instance: Any) -> dict[str, Any]:
        instance.large = abs(instance.amount) > 100
        data = super().to_representation(instance)
        return data | {"description": f"={data['description']}"}


class OrdinaryViewSet(TransactionViewSet):
    fastpath = False


class QuerysetViewSet(OrdinaryViewSet):
    def get_queryset(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset()
        return rows.exclude(notes=HIDDEN)


class FilteredViewSet(OrdinaryViewSet):
    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return super().filter_queryset(queryset).exclude(notes=HIDDEN)


class Unhidden(StrictFilterBackend):
    def filter_queryset(self, request: Any, queryset: QuerySet[Any], view: Any) -> Any:
        return super().filter_queryset(request, queryset, view).exclude(notes=HIDDEN)


class BackendViewSet(OrdinaryViewSet):
    filter_backends = [Unhidden]


class RepresentingViewSet(OrdinaryViewSet):
    serializer_class = ShownSerializer


class NotHidden(BasePermission):
    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        return bool(obj.notes != HIDDEN)


class PermittedViewSet(OrdinaryViewSet):
    permission_classes = [IsAuthenticated, NotHidden]


router = OptionalSlashRouter()
for name, viewset in {
    "ordinary": OrdinaryViewSet,
    "queryset": QuerysetViewSet,
    "filtered": FilteredViewSet,
    "backend": BackendViewSet,
    "permitted": PermittedViewSet,
    "representing": RepresentingViewSet,
}.items():
    router.register(name, viewset, name)
urlpatterns = [*router.urls, *paths]

pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def shown(alice: User, bob: User) -> list[Transaction]:
    """The rows of alice that are seen, newest first. Another is hidden, and bob has one."""
    food = CategoryFactory.create(owner=alice, name="Food")
    for owner, notes in ((alice, HIDDEN), (bob, "")):
        ExpenseFactory.create(owner=owner, description="secret", notes=notes)
    rows = [ExpenseFactory.create(owner=alice, description=f"row {day}", category=food) for day in range(5)]
    return list(Transaction.objects.filter(pk__in=[row.pk for row in rows]).order_by("-date", "-pk"))


@pytest.fixture
def hidden(shown: list[Transaction], alice: User) -> Transaction:
    row: Transaction = Transaction.objects.for_owner(alice).get(notes=HIDDEN)
    return row


def lines(client: APIClient, path: str) -> Any:
    response: Any = client.get(path)
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content).decode()


@pytest.mark.parametrize("path", ["/queryset", "/filtered", "/backend"])
def test_every_format_and_action_has_the_same_rows(
    path: str,
    shown: list[Transaction],
    hidden: Transaction,
    alice: User,
    as_alice: APIClient,
    as_bob: APIClient,
    as_outsider: APIClient,
) -> None:
    descriptions = [row.description for row in shown]

    data = as_alice.get(path).json()["results"]
    assert [row["description"] for row in data] == descriptions
    assert [orjson.loads(line) for line in lines(as_alice, f"{path}.ndjson").splitlines()] == data
    table = list(csv.DictReader(io.StringIO(lines(as_alice, f"{path}.csv"))))
    assert [row["description"] for row in table] == descriptions
    assert [cell.text for cell in Browser(alice).get(path).main.all("td", class_="main")] == descriptions
    walked, link = [], f"{path}?page_size=2&ordering=amount"
    while link:
        page = as_alice.get(link).json()
        walked += page["results"]
        link = page["next"]
    assert sorted(walked, key=data.index) == data
    assert as_alice.get(f"{path}/{shown[0].pk}").json() == data[0]
    for client in (as_bob, as_outsider):
        assert "row 1" not in client.get(path).content.decode()
        problem_of(client.get(f"{path}/{shown[0].pk}"), 404, "not_found")

    of_hidden = f"{path}/{hidden.pk}"
    for accept in ("application/json", BROWSER):
        assert as_alice.get(of_hidden, headers={"Accept": accept}).status_code == 404
    problem_of(as_alice.patch(of_hidden, {"notes": ""}), 404, "not_found")
    problem_of(as_alice.delete(of_hidden), 404, "not_found")
    missing = ("0.id", "does_not_exist")
    problem_of(as_alice.patch(path, [{"id": str(hidden.pk), "notes": ""}]), 400, "invalid", missing)
    missing = ("ids.0", "does_not_exist")
    problem_of(as_alice.post(f"{path}/delete", {"ids": [str(hidden.pk)]}), 400, "invalid", missing)
    hidden.refresh_from_db()
    assert hidden.notes == HIDDEN


def test_a_row_is_changed_and_leaves_the_list(shown: list[Transaction], as_alice: APIClient) -> None:
    first, second, third = (f"{row.pk}" for row in shown[:3])

    one = as_alice.patch(f"/queryset/{first}", {"notes": HIDDEN})
    many = as_alice.patch("/queryset", [{"id": second, "notes": HIDDEN}, {"id": third, "notes": "x"}])

    assert (one.status_code, one.json()["notes"]) == (200, HIDDEN)
    assert (many.status_code, [row["notes"] for row in many.json()]) == (200, [HIDDEN, "x"])
    assert [row["id"] for row in as_alice.get("/queryset").json()["results"]] == [str(row.pk) for row in shown[2:]]


def test_a_permission_is_asked_about_each_row(
    shown: list[Transaction], hidden: Transaction, as_alice: APIClient
) -> None:
    path = f"/permitted/{hidden.pk}"

    for response in (
        as_alice.get(path),
        as_alice.patch(path, {"notes": ""}),
        as_alice.delete(path),
        as_alice.patch("/permitted", [{"id": str(row.pk), "notes": ""} for row in (shown[0], hidden)]),
        as_alice.post("/permitted/delete", {"ids": [str(shown[0].pk), str(hidden.pk)]}),
    ):
        problem_of(response, 403, "permission_denied")
    hidden.refresh_from_db()
    assert hidden.notes == HIDDEN
    assert as_alice.get(f"/permitted/{shown[0].pk}").status_code == 200


def test_every_format_and_action_has_what_the_serializer_makes_of_a_row(
    shown: list[Transaction], as_alice: APIClient
) -> None:
    data = as_alice.get("/representing").json()["results"][:5]
    first = f"/representing/{shown[0].pk}"

    assert [row["description"] for row in data] == [f"={row.description}" for row in shown]
    assert {row["large"] for row in data} <= {True, False}
    assert [orjson.loads(line) for line in lines(as_alice, "/representing.ndjson").splitlines()][:5] == data
    table = list(csv.DictReader(io.StringIO(lines(as_alice, "/representing.csv"))))[:5]
    assert [row["description"] for row in table] == [f"'={row.description}" for row in shown]
    assert [row["formula"] for row in table] == [f"'=({row.description})" for row in shown]
    assert [row["amount"] for row in table] == [row["amount"] for row in data]
    response = as_alice.get(first)
    assert response.json() == data[0]
    changed = as_alice.patch(first, {"notes": "x"}, headers={"If-Match": response["ETag"]})
    assert changed.json()["description"] == data[0]["description"]
    [many] = as_alice.patch("/representing", [{"id": data[1]["id"], "notes": "x"}]).json()
    assert many == as_alice.get(f"/representing/{data[1]['id']}").json()
    new = as_alice.post("/representing", {"type": "EXPENSE", "description": "new", "amount": "1"})
    assert new.json()["description"] == "=new"


def test_without_hooks_it_answers_the_same_bytes_as_the_fast_path(
    shown: list[Transaction], as_alice: APIClient
) -> None:
    queries = ["", "?page_size=2", "?category=Food", "?ordering=created_at&page_size=3"]
    for path in [*queries, f"/{shown[0].pk}"]:
        ordinary, fast = (as_alice.get(f"{start}{path}") for start in ("/ordinary", "/transactions"))
        assert ordinary.status_code == fast.status_code == 200
        assert _without_links(ordinary.content) == _without_links(fast.content)
        assert ordinary.get("ETag") == fast.get("ETag")
    for suffix in ("csv", "ndjson"):
        assert lines(as_alice, f"/ordinary.{suffix}") == lines(as_alice, f"/transactions.{suffix}")
    for path in ("?page_size=0", "?cursor=x", "?nonsense=1", "/nonsense"):
        ordinary, fast = (as_alice.get(f"{start}{path}") for start in ("/ordinary", "/transactions"))
        assert (ordinary.status_code, ordinary.json()["code"]) == (fast.status_code, fast.json()["code"])
        assert ordinary.status_code >= 400


def _without_links(content: bytes) -> bytes:
    """Return a page without its links, which name the path and are signed for it."""
    return content.partition(b'"results":')[2] or content
