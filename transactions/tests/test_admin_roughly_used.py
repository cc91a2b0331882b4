"""The ledger in the admin when things are deleted, raced for, mistyped and forged."""

import re
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection, connections, transaction
from django.db.models.signals import post_save
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from cashman_project.api.admin import MAX_SELECTED
from cashman_project.api.models import AdminLogEntry
from transactions.models import Category, Expense, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from transactions.tests.live import PATIENCE
from transactions.tests.pages import ADMIN, LISTS, add, change, errors_of
from transactions.tests.server import holds_others_up
from users.models import User

CONFIRMED = {"action": "delete_selected", "post": "yes"}


# -- Deleting ---------------------------------------------------------------------------------


def test_entries_are_deleted_singly_and_together(as_staff: Client, alice: User, bob: User) -> None:
    entries = IncomeFactory.create_batch(3, owner=alice)
    kept = ExpenseFactory.create(owner=bob)
    chosen = {"action": "delete_selected", "_selected_action": [entry.pk for entry in entries[1:]]}

    page = as_staff.post(LISTS[1], chosen).content.decode()
    assert page.count(f'<a href="{LISTS[1]}') >= 2
    assert Transaction.objects.count() == 4
    as_staff.post(f"{LISTS[1]}{entries[0].pk}/delete/", {"post": "yes"})
    as_staff.post(LISTS[1], chosen | CONFIRMED)

    assert Transaction.objects.get().pk == kept.pk
    assert LogEntry.objects.count() == 3


def test_what_a_search_has_found_is_deleted(as_staff: Client, alice: User, bob: User) -> None:
    """By its keys: Citus takes the condition of a search in a SELECT only."""
    chosen = [ExpenseFactory.create(owner=owner, description="Night train") for owner in (alice, bob)]
    kept = ExpenseFactory.create(owner=alice, description="Bread")
    pies = CategoryFactory.create(owner=alice, name="Pies")
    as_staff.post(f"{LISTS[0]}?q=train", CONFIRMED | {"_selected_action": [row.pk for row in chosen]})
    as_staff.post(f"{LISTS[3]}?q=pie", CONFIRMED | {"_selected_action": [pies.pk]})

    assert Transaction.objects.get().pk == kept.pk
    assert not Category.objects.filter(pk=pies.pk).exists()


def test_the_action_takes_so_many_at_once_and_says_so(as_staff: Client, alice: User) -> None:
    last, *_others = IncomeFactory.create_batch(MAX_SELECTED + 1, owner=alice)
    across = CONFIRMED | {"select_across": "1", "_selected_action": [last.pk]}

    page = as_staff.post(LISTS[0], across, follow=True).content.decode()
    assert f"Select at most {MAX_SELECTED} at once" in page
    assert Transaction.objects.count() == MAX_SELECTED + 1

    last.delete()
    page = as_staff.post(LISTS[0], across | {"post": ""}).content.decode()
    every = re.findall(r'name="_selected_action" value="([-\w]+)"', page)
    as_staff.post(LISTS[0], CONFIRMED | {"_selected_action": every})
    assert Transaction.objects.count() == 0


def test_a_category_in_use_stays_and_the_page_says_why(as_staff: Client, alice: User) -> None:
    used, unused = CategoryFactory.create(owner=alice, name="Fun"), CategoryFactory.create(owner=alice)
    ExpenseFactory.create_batch(2, owner=alice, category=used)
    chosen = CONFIRMED | {"_selected_action": [used.pk, unused.pk]}

    for response in (
        as_staff.get(f"{LISTS[3]}{used.pk}/delete/"),
        as_staff.post(f"{LISTS[3]}{used.pk}/delete/", {"post": "yes"}),
        as_staff.post(LISTS[3], chosen),
    ):
        assert response.status_code == 200
        assert (
            f'Fun: <a href="{LISTS[0]}?category__id__exact={used.pk}">2 transactions</a>' in response.content.decode()
        )
        assert "sure" not in response.content.decode()
    assert Category.objects.count() == 2

    as_staff.post(f"{LISTS[3]}{unused.pk}/delete/", {"post": "yes"})
    Transaction.objects.all().delete()
    as_staff.post(LISTS[3], chosen)
    assert Category.objects.count() == 0


# -- Races ------------------------------------------------------------------------------------


def in_a_thread(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Start the work on a database connection of its own; return the thread, and the list that gets its result."""
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(work())
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


def wait_until_blocked(thread: threading.Thread) -> None:
    """Wait until PostgreSQL holds the thread back for this transaction; SQLite does so before its first statement."""
    deadline = time.monotonic() + PATIENCE
    while connection.vendor == "postgresql":
        assert thread.is_alive()
        assert time.monotonic() < deadline
        if holds_others_up():
            return


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("task", ["add", "change", "name"])
def test_who_loses_a_race_is_told_beside_the_field(task: str, alice: User, as_staff: Client) -> None:
    expense = ExpenseFactory.create(owner=alice)
    values = {"owner": alice.pk, "description": "pizza", "amount": "50", "external_id": "bank-1"}
    tasks: dict[str, Callable[[], Any]] = {
        "add": lambda: add(as_staff, "expense", **values),
        "change": lambda: change(as_staff, expense, external_id="bank-1"),
        "name": lambda: add(as_staff, "category", owner=alice.pk, name="Fun"),
    }

    with transaction.atomic():
        IncomeFactory.create(owner=alice, external_id="bank-1")
        CategoryFactory.create(owner=alice, name="fun")
        thread, results = in_a_thread(tasks[task])
        wait_until_blocked(thread)
    thread.join(PATIENCE)

    assert list(errors_of(results[0])) == ["name" if task == "name" else "external_id"]
    assert Transaction.objects.count() == 2
    assert Category.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_form_is_validated_with_what_the_row_is_when_it_is_saved(alice: User, as_staff: Client) -> None:
    """Another transaction changes the currency to one without decimals while the form waits for the row."""
    expense = ExpenseFactory.create(owner=alice, amount=50, currency="USD")

    with transaction.atomic():
        Expense.objects.filter(pk=expense.pk).update(currency="JPY")
        thread, results = in_a_thread(lambda: change(as_staff, expense, amount="1.50"))
        wait_until_blocked(thread)
    thread.join(PATIENCE)

    assert list(errors_of(results[0])) == ["amount"]
    assert Expense.objects.values_list("amount", "currency").get() == (-50, "JPY")


def test_who_loses_again_gets_a_page_of_the_conflict(as_staff: Client, alice: User) -> None:
    fun = CategoryFactory.create(owner=alice)

    def get_into_use(**kwargs: Any) -> None:
        ExpenseFactory.create(owner=alice, category=fun)

    post_save.connect(get_into_use, sender=AdminLogEntry)  # written between the page's own look and the deletion
    try:
        response = as_staff.post(f"{LISTS[3]}{fun.pk}/delete/", {"post": "yes"})
    finally:
        post_save.disconnect(get_into_use, sender=AdminLogEntry)

    assert (response.status_code, response["Content-Type"]) == (409, "text/html; charset=utf-8")
    assert Category.objects.get() == fun
    assert LogEntry.objects.count() == 0


# -- Finding by typing ------------------------------------------------------------------------


def choices(client: Client, path: str, field: str, **query: Any) -> list[str]:
    """Return what the field offers."""
    of_field = {"app_label": "transactions", "model_name": "transaction", "field_name": field}
    return [choice["text"] for choice in client.get(path, of_field | query).json()["results"]]


def test_owners_and_categories_are_found_by_typing(
    as_staff: Client, alice: User, bob: User, outsider: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for owner in (alice, bob):
        CategoryFactory.create(owner=owner, name="Fun")
    of_category = f"{LISTS[3]}choices/"

    assert choices(as_staff, "/admin/autocomplete/", "owner", term="O") == ["bob", "outsider"]
    assert choices(as_staff, of_category, "category", term="fun") == ["Fun (alice)", "Fun (bob)"]
    assert choices(as_staff, of_category, "category", term="bob fu") == ["Fun (bob)"]
    assert choices(as_staff, of_category, "category", owner=alice.pk) == ["Fun (alice)"]
    assert choices(as_staff, of_category, "category", owner=outsider.pk) == []
    for _more in range(2):
        with django_assert_num_queries(4):
            choices(as_staff, of_category, "category")
        CategoryFactory.create_batch(9, owner=bob)


def test_an_entrys_page_offers_its_owners_categories(as_staff: Client, alice: User) -> None:
    for model, row in (("expense", ExpenseFactory.create(owner=alice)), ("transaction", Transaction.objects.get())):
        page = as_staff.get(f"{ADMIN}/{model}/{row.pk}/change/").content.decode()
        assert f'data-ajax--url="{LISTS[3]}choices/?owner={alice.pk}"' in page


# -- Wrong and forged input -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("?q=%00", 200),
        ("?p=9999999999999999999999", 200),
        ("?o=99999999999999999999.-x", 200),
        ("?date__year=0", 302),
        ("?date__year=9999", 302),
        ("?date__year=9999&date__month=12", 302),
        ("?date__year=99999999999999999999", 302),
        ("?date__year=2026&date__month=13", 302),
        ("?date__month=99999999999999999999", 200),
        ("?date__day=x", 302),
        ("?owner__id__exact=x", 302),
        ("?category__id__exact=%00", 400),
        ("?currency=%00", 400),
        ("?currency__regex=(", 400),
        ("?description__regex=(", 400),
        ("?owner__password__startswith=a", 400),
        ("?amount__gte=x", 400),
        ("?nothing=1", 400),
        ("?_to_field=x", 400),
        ("add/?owner=x&category=x&amount=x&date=x", 200),
        ("x/change/", 302),
        ("%00/delete/", 302),
        ("/admin/autocomplete/?app_label=transactions&model_name=transaction&field_name=owner&term=%00", 200),
        ("/admin/autocomplete/?app_label=transactions&model_name=transaction&field_name=amount", 403),
        (f"{LISTS[3]}choices/?app_label=transactions&model_name=transaction&field_name=category&owner=x", 404),
        (f"{LISTS[3]}choices/", 403),
    ],
)
def test_no_url_makes_it_crash(path: str, status: int, as_staff: Client, alice: User) -> None:
    ExpenseFactory.create(owner=alice)

    response = as_staff.get(path if path.startswith("/") else LISTS[0] + path)

    assert response.status_code == status


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("", {"action": "delete_selected", "_selected_action": "x"}, 400),
        ("", {"action": "delete_selected", "_selected_action": "\0"}, 400),
        ("", {"action": "drop", "_selected_action": "x"}, 400),
        ("", {"action": "delete_selected", "select_across": "x", "index": "x", "_selected_action": "x"}, 400),
        ("add/", {"owner": "\0", "category": "\0", "type": "\0", "date": "\0", "description": "\0"}, 200),
        ("add/", {}, 200),
    ],
)
def test_no_form_makes_it_crash(path: str, data: dict[str, str], status: int, as_staff: Client, alice: User) -> None:
    ExpenseFactory.create(owner=alice)

    assert as_staff.post(LISTS[0] + path, data).status_code == status
    assert Transaction.objects.count() == 1


@pytest.mark.parametrize("key", ["x", "\0", "9" * 40])
def test_no_key_of_a_group_makes_it_crash(key: str, as_staff: Client) -> None:
    """Groups have whole numbers as keys, which other rows have not."""
    response = as_staff.post(
        "/admin/auth/group/", {"action": "delete_selected", "_selected_action": key, "post": "yes"}
    )

    assert response.status_code in (302, 400)


def test_no_page_loads_anything_from_elsewhere(as_staff: Client, alice: User) -> None:
    expense = ExpenseFactory.create(owner=alice)
    paths = [
        *("/admin/", LISTS[0], f"{LISTS[0]}add/", f"{LISTS[2]}{expense.pk}/change/", f"{LISTS[2]}{expense.pk}/delete/"),
        *(LISTS[3], "/admin/users/user/", "/admin/users/user/add/", f"/admin/users/user/{alice.pk}/change/"),
    ]
    for path in paths:
        page = as_staff.get(path).content.decode()
        links = re.findall(r'(?:src|href|action)="([^"]*)"', page)
        assert len(links) > 10
        assert [link for link in links if re.match(r"\w+:|//", link)] == []
