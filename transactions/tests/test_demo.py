"""The demo command: the same data at every run, and only in an empty database with DEBUG on."""

import io
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import IntegrityError
from rest_framework.test import APIClient

from transactions.models import Account, BalanceCheck, Category, Rule, Transaction, Transfer
from transactions.models.rule import texts_of
from transactions.names import tag_names
from transactions.services import demo
from transactions.services.transfers import legs_of
from users.erasure import erase_users
from users.models import User

pytestmark = pytest.mark.django_db

LOGIN = "Sign in as demo / demo, or as admin / admin for /admin/."


@pytest.fixture(autouse=True)
def debug(settings: LazySettings) -> None:
    settings.DEBUG = True


def run() -> list[str]:
    """Run the command; return the lines that it prints."""
    out = io.StringIO()
    call_command("demo", stdout=out)
    return out.getvalue().splitlines()


def books() -> Iterator[tuple[Any, ...]]:
    """Yield the values of each transaction, in the order of their creation."""
    names = dict(Category.objects.values_list("id", "name"))
    for row in Transaction.objects.order_by("created_at", "id"):
        category = names[row.category_id] if row.category_id else None
        yield row.date, row.description, row.amount, row.currency, category, row.notes, row.external_id


def test_the_four_records_of_the_tutorial_come_first(as_outsider: APIClient) -> None:
    demo.create_demo()

    for order in ("created_at", "id", "date"):
        first = Transaction.objects.order_by(order)[:4]
        assert [(row.type, row.description, row.amount) for row in first] == [
            ("INCOME", "Salary", 5000),
            ("INCOME", "Dividends", 200),
            ("EXPENSE", "pizza", -50),
            ("EXPENSE", "Rock Concert", -100),
        ]
    assert as_outsider.get("/transactions").json()["results"] == []


def test_three_years_that_a_person_could_have_lived() -> None:
    run()

    rows = list(Transaction.objects.select_related("category"))
    for row in rows:
        row.full_clean()
    assert {row.owner.username for row in Transaction.objects.select_related("owner")} == {"demo"}
    assert 1_000 <= len(rows) <= 1_700
    assert len({row.date.strftime("%Y-%m") for row in rows}) == 37
    assert {row.currency for row in rows} == {"USD", "EUR", "JPY"}
    assert any(row.category is None for row in rows if not row.transfer_id)
    assert any(row.amount > 0 and row.category.name == "Clothing" for row in rows if row.category)
    tags = Counter(name for row in rows for name in tag_names(row.tags))
    assert tags.keys() == {"Lisbon 2024", "Kyoto 2025", "Berlin 2025", "Rome 2026"}
    months = Counter(f"{row.date:%Y-%m}" for row in rows if row.description == "Salary")
    assert set(months.values()) == {1}
    assert len(months) == 37


def test_every_run_makes_the_same_books() -> None:
    run()
    first = list(books())
    erase_users(users=User.objects.all())
    run()

    assert list(books()) == first
    own = Transaction.objects.without_transfers()
    # Pinned, since another process or version of Python must not differ either.
    assert [(total.currency, total.count, total.amounts()["net"]) for total in own.totals()] == [
        ("EUR", 84, "-4025.50"),
        ("JPY", 48, "-365040"),
        ("USD", 1288, "111317.09"),
    ]


def test_its_accounts_are_those_of_a_person_who_saves() -> None:
    run()

    demo_user = User.objects.get(username="demo")
    accounts = {account.pk: account for account in Account.objects.for_owner(demo_user)}
    balances = Account.objects.for_owner(demo_user).balances(demo_user.pk, demo.LAST_DAY)
    shown = {accounts[pk].name: Decimal(units).scaleb(-4) for pk, units in balances.items()}
    assert shown == {
        "Checking": Decimal("22359.59"),
        "Credit card": Decimal("-370.5"),
        "Euro account": Decimal("174.5"),
        "Index fund": Decimal(38500),
        "Savings": Decimal(62000),
    }
    for legs in legs_of(demo_user, Transfer.objects.for_owner(demo_user)):
        assert legs.expense
        assert legs.income
        assert legs.expense.currency != legs.income.currency or legs.expense.amount == -legs.income.amount
    checks = [(check.account.name, check.locked) for check in BalanceCheck.objects.select_related("account")]
    assert sorted(checks) == [("Checking", False), ("Savings", True)]


def test_large_receipts_are_split() -> None:
    run()

    parts = Transaction.objects.filter(split__isnull=False).select_related("category", "account")
    receipts: dict[Any, list[Transaction]] = {}
    for part in parts:
        receipts.setdefault(part.split, []).append(part)
    assert len(receipts) == 19
    for split, own in receipts.items():
        assert {part.category.name for part in own if part.category} == {"Groceries", "Household"}
        assert len({(part.date, part.account_id, part.currency, part.type) for part in own}) == 1
        assert split in {part.pk for part in own}
        assert sum(part.amount for part in own) <= -70


def test_demo_and_admin_log_in_with_their_names(nobody: APIClient) -> None:
    assert run() == ["Cashman: http://127.0.0.1:5000/", LOGIN]

    for name, is_superuser in (("demo", False), ("admin", True)):
        assert nobody.post("/auth/token", {"username": name, "password": name}).status_code == 200
        user = User.objects.get(username=name)
        assert (user.is_staff, user.is_superuser) == (is_superuser, is_superuser)


def test_a_second_run_changes_nothing_and_says_how_to_log_in() -> None:
    first = run()
    before = list(Transaction.objects.order_by("id").values())

    assert run() == first
    assert list(Transaction.objects.order_by("id").values()) == before


def test_a_database_with_a_user_is_left_alone(alice: User) -> None:
    assert run() == ["Cashman: http://127.0.0.1:5000/"]
    assert list(User.objects.all()) == [alice]
    assert not Transaction.objects.exists()


def test_nothing_without_debug(settings: LazySettings) -> None:
    settings.DEBUG = False

    assert run() == ["No demo: DEBUG is off."]
    assert not User.objects.exists()


def test_all_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    doubled = demo.MonthlyTransaction("Rent", "-1", "Housing", day=1, reference="rent")
    monkeypatch.setattr(demo, "MONTHLY_TRANSACTIONS", [*demo.MONTHLY_TRANSACTIONS, doubled])

    with pytest.raises(IntegrityError, match="external_id"):
        demo.create_demo()
    assert not User.objects.exists()


def test_its_rules_say_what_it_does() -> None:
    run()

    rules = list(Rule.objects.select_related("category").order_by("position"))
    assert [(rule.position, texts_of(rule.words)[0]) for rule in rules] == [(1, "cinema"), (2, "taxi")]
    for rule in rules:
        rule.full_clean()
        rows = Transaction.objects.filter(description__icontains=texts_of(rule.words)[0])
        assert {row.category_id for row in rows} == {rule.category_id}
