"""Counts on pages have the reader's marks between groups of digits."""

import datetime
from decimal import Decimal

import pytest

from cashman_project.api.tests.pages import Browser, Page, form_of
from transactions.models import Category, Transaction
from transactions.tests.factories import CategoryFactory
from users.models import User

ROWS = 1_234
TODAY = datetime.date(2026, 11, 20)


@pytest.fixture
def many(alice: User, bob: User, outsider: User, monkeypatch: pytest.MonkeyPatch) -> Category:
    """A category of alice's with ROWS transactions; bob has one less, and the outsider none."""
    monkeypatch.setattr(User, "today", lambda user: TODAY)
    categories = []
    for owner, rows in ((alice, ROWS), (bob, ROWS - 1)):
        category = CategoryFactory.create(owner=owner, name="Food")
        values = {"type": "EXPENSE", "amount": Decimal(-1), "currency": "USD", "date": TODAY, "category": category}
        Transaction.objects.bulk_create([Transaction(owner=owner, description="x", **values) for _ in range(rows)])
        categories.append(category)
    return categories[0]


def counts_of(page: Page, digits: str) -> set[str]:
    """Return the words in the page's cells and paragraphs that are these digits, with any marks between them."""
    texts = [node.text for tag in ("td", "p") for node in page.root.all(tag)]
    return {word for text in texts for word in text.split() if "".join(filter(str.isdigit, word)) == digits}


@pytest.mark.parametrize(("language", "written"), [("en", "1,234"), ("de", "1.234")])
def test_each_page_writes_its_counts_as_the_reader_does(
    language: str, written: str, alice: User, many: Category
) -> None:
    alice.language = language
    alice.save()
    browser = Browser(alice)
    paths = [
        *("/transactions", "/expenses?category=Food", "/categories", f"/categories/{many.pk}"),
        *("/summary", "/summary?group_by=category", "/charts/categories"),
    ]

    assert {path: counts_of(browser.get(path), str(ROWS)) for path in paths} == {path: {written} for path in paths}
    in_use = Page(browser.send(form_of(browser.get(f"/categories/{many.pk}"), "DELETE")))
    assert (in_use.status, counts_of(in_use, str(ROWS))) == (409, {written})


def test_the_admin_does_too(staff: User, many: Category) -> None:
    browser = Browser(staff)

    for path in ("/admin/", "/admin/transactions/transaction/"):
        assert counts_of(browser.get(path), str(2 * ROWS - 1)) == {"2,467"}


def test_nobody_sees_the_counts_of_others(bob: User, outsider: User, many: Category) -> None:
    assert counts_of(Browser(bob).get("/transactions"), str(ROWS)) == set()
    assert counts_of(Browser(outsider).get("/transactions"), str(ROWS)) == set()
