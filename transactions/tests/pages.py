"""The pages of the ledger in the admin, as the tests open, fill and send them."""

import datetime
from decimal import Decimal
from typing import Any

from django.test import Client

from cashman_project.api.tests.forms import fields_of
from transactions.models import Category
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User

ADMIN = "/admin/transactions"
LISTS = [f"{ADMIN}/{model}/" for model in ("transaction", "income", "expense", "category")]


def change(client: Client, row: Any, page: Any = None, **changes: Any) -> Any:
    """Open the row's page (or take the one given), change the fields and save; return the answer."""
    path = f"{ADMIN}/{row._meta.model_name}/{row.pk}/change/"
    fields = fields_of(page or client.get(path), f"{row._meta.model_name}_form")
    return client.post(path, fields | changes)


def add(client: Client, model: str, **values: Any) -> Any:
    """Open the model's page for a new row, fill it and save; return the answer."""
    path = f"{ADMIN}/{model}/add/"
    return client.post(path, fields_of(client.get(path), f"{model}_form") | values)


def errors_of(response: Any) -> dict[str, list[str]]:
    """Return the errors that the page shows, by the field beside which it shows them."""
    assert response.status_code == 200
    errors: dict[str, list[str]] = response.context["adminform"].form.errors
    for messages in errors.values():
        for message in messages:
            assert str(message) in response.content.decode()
    return {name: list(messages) for name, messages in errors.items()}


def books(*owners: User, rows: int) -> None:
    """Give each owner this many more transactions, with ten categories, two currencies and both types."""
    categories = Category.objects.all() or [CategoryFactory.create(owner=owners[n % len(owners)]) for n in range(10)]
    for n in range(rows):
        category = categories[n % 10]
        factory = ExpenseFactory if n % 2 else IncomeFactory
        factory.create(
            owner=category.owner,
            category=category,
            currency="USD" if n % 4 < 2 else "JPY",
            amount=Decimal(n + 1),
            date=datetime.date(2026, 1 + n % 12, 1 + n % 28),
        )
