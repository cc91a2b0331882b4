"""What the database writes is, byte for byte, what the serializers would make of the row."""

import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from rest_framework.test import APIClient

from cashman_project.api.dates import FIRST_DATE, LAST_DATE
from cashman_project.money.currencies import DIGITS
from conftest import client_of
from transactions.choices import TransactionType
from transactions.models import Category, Expense, Transaction
from transactions.serializers import CategorySerializer, TransactionSerializer
from transactions.tests import books
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from transactions.tests.orderings import ORDERINGS, ids_of, in_order
from transactions.tests.shares import reached, reaches
from transactions.tests.strategies import stored
from users.models import PersonalToken, TokenScope, User

# Whatever the database can hold: no NUL, and no half of a pair.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200)
MOMENTS = st.integers(0, 2**53).map(lambda n: datetime.datetime.fromtimestamp(n / 2**21, datetime.UTC))  # to 2106
DAYS = ["2025-12-31", "2026-10-30", "2026-10-31", "2026-11-01", "2026-11-02"]
FILTERS = {
    "date": st.sampled_from(DAYS),
    "date_after": st.sampled_from(DAYS),
    "date_before": st.sampled_from(DAYS),
    "amount_min": st.sampled_from(["0", "20"]),
    "category": st.lists(st.sampled_from(["Food", "fOOD", "Fun", "Work", "Empty"]), min_size=1, max_size=2),
    "uncategorized": st.sampled_from(["true", "false"]),
    "currency": st.sampled_from(["USD", "JPY", "EUR"]),
    "type": st.sampled_from(TransactionType.values),
    "external_id": st.sampled_from(["bank-1", "BANK-1", "none"]),
    "updated_after": st.sampled_from(["2026-11-01T08:17:00Z", "2026-11-01T09:20:00.000001+01:00"]),
    "search": st.sampled_from(["s", "%", " "]),
}
FEW_FILTERS = st.lists(st.sampled_from(list(FILTERS)), max_size=2, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: FILTERS[name] for name in names})
)  # more of them leave no row
WHOLE = MOMENTS.map(lambda timestamp: timestamp.replace(microsecond=0))


@st.composite
def transactions(draw: st.DrawFn) -> dict[str, Any]:
    amount = draw(stored())
    return {
        "type": TransactionType.INCOME if amount > 0 else TransactionType.EXPENSE,
        "amount": amount,
        "currency": draw(st.sampled_from(sorted(DIGITS))),
        "description": draw(TEXTS),
        "notes": draw(TEXTS),
        "external_id": draw(st.none() | TEXTS),
        "date": draw(st.dates(FIRST_DATE, LAST_DATE)),
        "version": draw(st.integers(1, 2**40)),
        "created_at": draw(MOMENTS | WHOLE),
    }


def contents(client: APIClient, path: str, rows: list[Any], serializer: Any) -> tuple[list[bytes], list[bytes]]:
    """Return what the rows and their page are in HTTP, and what the serializer makes of them."""
    expected = [orjson.dumps(serializer(row).data) for row in rows]
    got = [client.get(f"{path}/{row.pk}").content for row in rows]
    page = client.get(path).content
    return [*got, page], [*expected, b'{"next":null,"previous":null,"results":[%s]}' % b",".join(expected)]


def users() -> tuple[User, APIClient]:
    """Return alice and her client; bob has a row too. (They belong to the example, which is rolled back.)"""
    alice, bob = User.objects.create(username="alice"), User.objects.create(username="bob")
    ExpenseFactory.create(owner=bob, category=CategoryFactory.create(owner=bob))
    return alice, client_of(alice)


class TestAnyRow(TestCase):
    @reaches(escaped=20, categorized=25)
    @given(transactions(), st.none() | TEXTS)
    def test_of_a_transaction(self, values: dict[str, Any], name: str | None) -> None:
        alice, as_alice = users()
        category = None
        if name is not None:
            [category] = Category.objects.bulk_create([Category(owner=alice, name=name)])
        Transaction.objects.bulk_create([Transaction(owner=alice, category=category, **values)])

        got, expected = contents(
            as_alice, "/transactions", list(Transaction.objects.for_owner(alice)), TransactionSerializer
        )

        assert got == expected
        if category:
            reached("categorized")
        if not values["description"].isprintable() or not values["description"].isascii():
            reached("escaped")

    @reaches(fractions=40, escaped=20)
    @given(TEXTS, MOMENTS)
    def test_of_a_category(self, name: str, timestamp: datetime.datetime) -> None:
        alice, as_alice = users()
        Category.objects.bulk_create([Category(owner=alice, name=name, created_at=timestamp)])

        got, expected = contents(as_alice, "/categories", list(Category.objects.for_owner(alice)), CategorySerializer)

        assert got == expected
        if timestamp.microsecond:
            reached("fractions")
        if not name.isprintable() or not name.isascii():
            reached("escaped")


class TestAnyFilters(TestCase):
    @reaches(rows=36, filtered=25, pages=15)
    @given(FEW_FILTERS, st.sampled_from(ORDERINGS))
    def test_leave_the_same_rows_of_a_page_as_of_an_export(self, filters: dict[str, Any], ordering: str) -> None:
        """An export's query is made for its values; a page's, for most filters, was made for whichever."""
        alice, as_alice = users()
        books.fill(alice)
        asked = {"ordering": ordering, **filters}
        export: Any = as_alice.get("/transactions.ndjson", asked)
        expected = b"".join(export.streaming_content).splitlines()

        page = as_alice.get("/transactions", asked)
        walked, path = [], f"/transactions?{urlencode(asked | {'page_size': 3}, doseq=True)}"
        while path:
            part = as_alice.get(path).json()
            walked += part["results"]
            path = part["next"]

        assert page.content == b'{"next":null,"previous":null,"results":[%s]}' % b",".join(expected)
        assert walked == [orjson.loads(line) for line in expected]
        if walked:
            reached("rows")
            if filters:
                reached("filtered")
        if len(walked) > 3:
            reached("pages")


@pytest.mark.parametrize("ordering", ORDERINGS)
def test_a_walk_with_a_filter_is_that_without(
    ordering: str, alice: User, bob: User, as_alice: APIClient, as_outsider: APIClient
) -> None:
    """A filter that lets every row through takes the way on which the query is compiled each time."""
    for number in range(1, 8):
        ExpenseFactory.create(
            owner=alice, amount=Decimal(number % 3 + 1), date=datetime.date(2026, 11, number // 2 + 1)
        )
        ExpenseFactory.create(owner=bob, notes="for bob alone")

    def walk(client: APIClient, query: str) -> list[Any]:
        path, rows = f"/expenses?page_size=2&ordering={ordering}{query}", []
        while path:
            page = client.get(path).json()
            rows += page["results"]
            path = page["next"]
        return rows

    plain = walk(as_alice, "")

    assert len(plain) == 7
    assert walk(as_alice, "&amount_min=1&amount_max=3") == plain
    assert walk(as_outsider, "") == []


@pytest.mark.parametrize("ordering", ORDERINGS)
def test_a_walk_in_pages_of_the_usual_size_there_and_back(
    ordering: str, alice: User, bob: User, as_alice: APIClient, as_outsider: APIClient
) -> None:
    """Its statements are prepared where the database can."""
    for owner in (alice, bob):
        Expense.objects.bulk_create(
            Expense(
                owner=owner,
                description=f"{owner.username} {number % 3}",
                amount=Decimal(-1 - number % 7),
                currency="USD",
                date=datetime.date(2026, 1, 1 + number % 5),
            )
            for number in range(120)
        )
    expected = ids_of(in_order(Expense.objects.for_owner(alice), ordering))

    forth, path = [], f"/expenses?ordering={ordering}"
    while path:
        page = as_alice.get(path).json()
        forth.append([row["id"] for row in page["results"]])
        path = page["next"]
    back = []
    while page["previous"]:
        page = as_alice.get(page["previous"]).json()
        back.append([row["id"] for row in page["results"]])

    assert [len(ids) for ids in forth] == [50, 50, 20]
    assert [pk for ids in forth for pk in ids] == expected
    assert back == forth[-2::-1]
    assert as_outsider.get(f"/expenses?ordering={ordering}").json()["results"] == []


def test_a_filter_that_is_given_again_without_a_value_still_counts(alice: User, bob: User, as_alice: APIClient) -> None:
    for owner in (alice, bob):
        ExpenseFactory.create(owner=owner, category=CategoryFactory.create(owner=owner, name="Food"))
        ExpenseFactory.create(owner=owner)

    page = as_alice.get("/expenses?category=Food&category=").json()

    assert [row["category"] for row in page["results"]] == ["Food"]


@pytest.mark.parametrize("credentials", ["session", "personal token"])
def test_others_than_a_login_over_the_api_read_the_same(
    credentials: str, alice: User, bob: User, as_alice: APIClient, as_outsider: APIClient
) -> None:
    for owner in (alice, bob):
        for number in range(60):
            ExpenseFactory.create(owner=owner, description=f"{number} of {owner.username}")
    client = APIClient()
    if credentials == "session":
        client.force_login(alice)
    else:
        token = PersonalToken.objects.create(owner=alice, name="script", scope=TokenScope.READ)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token.secret}")

    first = as_alice.get("/transactions").json()
    row, of_bob = f"/expenses/{first['results'][7]['id']}", Expense.objects.for_owner(bob)[0].pk
    for path in ("/transactions", first["next"], "/expenses?page_size=7", "/categories", row):
        response = as_alice.get(path)
        assert response.status_code == 200
        assert client.get(path, headers={"Accept": "application/json"}).content == response.content
    assert client.get(f"/expenses/{of_bob}", headers={"Accept": "application/json"}).status_code == 404
    assert as_outsider.get(row).status_code == 404


@pytest.mark.parametrize("path", ["/transactions", "/expenses", "/categories"])
@pytest.mark.parametrize("key", ["x", "01a20000-0000-7000-8000", "\x00", "1"])
def test_what_is_no_id_names_no_row(path: str, key: str, as_alice: APIClient, nobody: APIClient) -> None:
    assert as_alice.get(f"{path}/{key}").status_code == 404
    assert nobody.get(f"{path}/{key}").status_code == 401
