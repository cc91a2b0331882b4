"""Users in Django's admin, with what they prefer."""

import datetime
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from cashman_project.api.tests.forms import fields_of
from transactions.models import Category, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, UserFactory
from users.models import User

LIST = "/admin/users/user/"
PASSWORD = "correct horse battery staple"


def change(client: Client, user: User, page: Any = None, **changes: Any) -> Any:
    """Open the user's page (or take the one given), change the fields and save; return the answer."""
    path = f"{LIST}{user.pk}/change/"
    return client.post(path, fields_of(page or client.get(path), "user_form") | changes)


def add(client: Client, **values: Any) -> Any:
    """Open the page for a new user, fill it and save; return the answer."""
    fields = fields_of(client.get(f"{LIST}add/"), "user_form")
    return client.post(f"{LIST}add/", fields | {"password1": PASSWORD, "password2": PASSWORD} | values)


def errors_of(response: Any) -> list[str]:
    """Return the fields beside which the page shows an error."""
    assert response.status_code == 200
    return list(response.context["adminform"].form.errors)


@pytest.fixture(autouse=True)
def fewer(few_time_zones: None) -> None:
    """Nearly all of these tests open a user's page."""


@pytest.mark.parametrize("path", [LIST, f"{LIST}add/"])
def test_staff_alone_get_in(path: str, alice: User, outsider: User) -> None:
    client = Client()
    for user in (None, alice, outsider):
        if user:
            client.force_login(user)
        assert client.get(path)["Location"] == f"/admin/login/?next={path}"


def test_the_list_costs_the_same_queries_however_long_it_is(
    as_staff: Client, alice: User, bob: User, outsider: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for more in (7, 90):
        UserFactory.create_batch(more, currency="EUR")
        for path in (LIST, f"{LIST}?q=user&currency=EUR&is_active__exact=1"):
            with django_assert_num_queries(6):
                response = as_staff.get(path)
            assert len(response.context["cl"].result_list) > 6


def test_a_new_user_logs_in_and_has_the_usual_preferences(as_staff: Client, alice: User) -> None:
    response = add(as_staff, username="carol", email="carol@example.org", time_zone="Asia/Tokyo")

    carol = User.objects.get(username="carol")
    assert response["Location"] == f"{LIST}{carol.pk}/change/"
    assert carol.check_password(PASSWORD)
    assert (carol.currency, carol.time_zone, carol.language) == ("USD", "Asia/Tokyo", None)
    assert (carol.email, carol.subject, carol.is_staff) == ("carol@example.org", str(carol.pk), False)


def test_a_new_user_may_have_no_password(as_staff: Client) -> None:
    add(as_staff, username="carol", usable_password="false", password1="", password2="")

    assert not User.objects.get(username="carol").has_usable_password()


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"username": "alice", "email": "nowhere"}, ["username", "email"]),
        ({"username": "ALICE"}, ["username"]),
        ({"username": "a b", "currency": "usd"}, ["username", "currency"]),
        ({"username": "", "currency": ""}, ["username", "currency"]),
        ({"password1": "12345678", "password2": "12345678"}, ["password2"]),
        ({"password2": "another"}, ["password2"]),
        ({"time_zone": "Mars/Phobos", "language": "xx"}, ["time_zone", "language"]),
    ],
)
def test_a_wrong_user_is_a_fault_beside_the_field(
    values: dict[str, str], fields: list[str], as_staff: Client, alice: User, bob: User
) -> None:
    assert set(errors_of(add(as_staff, **({"username": "carol"} | values)))) == set(fields)
    assert not User.objects.filter(username="carol").exists()
    if fields != ["password2"] and values != {"username": "ALICE"}:
        assert set(errors_of(change(as_staff, bob, **values))) == set(fields)
        assert User.objects.filter(username="bob").exists()


def test_a_change_writes_what_was_changed_and_nothing_else(as_staff: Client, alice: User) -> None:
    alice.set_password("the old one")
    alice.save()
    books, desk = Group.objects.create(name="Books"), Group.objects.create(name="Desk")
    pages = [as_staff.get(f"{LIST}{alice.pk}/change/") for _person in range(3)]
    alice.set_password(PASSWORD)
    alice.save()

    changes: list[dict[str, Any]] = [
        {"language": "de", "groups": [books.pk, desk.pk]},
        {"currency": "EUR", "is_active": []},
        {"time_zone": "Europe/Berlin"},
    ]
    for page, values in zip(pages, changes, strict=True):
        assert change(as_staff, alice, page, **values).status_code == 302

    after = User.objects.get(username="alice")
    assert (after.language, after.currency, after.time_zone, after.is_active) == ("de", "EUR", "Europe/Berlin", False)
    assert set(after.groups.all()) == {books, desk}
    assert after.check_password(PASSWORD)


def test_what_a_user_is_known_by_is_shown_and_never_written(as_staff: Client, alice: User) -> None:
    page = as_staff.get(f"{LIST}{alice.pk}/change/").content.decode()
    change(as_staff, alice, subject="somebody else", id=str(User().pk), password="x", date_joined_0="2001-01-01")

    assert alice.subject in page
    assert alice.password not in page
    assert User.objects.filter(username="alice").values().get() == User.objects.filter(pk=alice.pk).values().get()
    after = User.objects.get(pk=alice.pk)
    assert (after.subject, after.password, after.date_joined) == (alice.subject, alice.password, alice.date_joined)


def test_a_password_is_set_on_its_own_page(as_staff: Client, alice: User) -> None:
    path = f"{LIST}{alice.pk}/password/"
    assert as_staff.get(path).status_code == 200

    wrong = as_staff.post(path, {"password1": "12345678", "password2": "12345678"})
    assert not User.objects.get(pk=alice.pk).has_usable_password()
    as_staff.post(path, {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"})

    assert list(wrong.context["form"].errors) == ["password2"]
    assert User.objects.get(pk=alice.pk).check_password(PASSWORD)


@pytest.mark.parametrize("together", [False, True])
def test_a_deleted_user_takes_all_rows_along(together: bool, as_staff: Client, alice: User, bob: User) -> None:
    for owner in (alice, bob):
        category = CategoryFactory.create(owner=owner)
        ExpenseFactory.create_batch(2, owner=owner, category=category, date=datetime.date(2026, 11, 1))
    path = LIST if together else f"{LIST}{alice.pk}/delete/"
    sent: dict[str, Any] = {"action": "delete_selected", "_selected_action": alice.pk} if together else {}

    page = (as_staff.post(path, sent) if together else as_staff.get(path)).content.decode()
    for count in ("Users: 1", "Categories: 1", "Transactions: 2"):
        assert f"<li>{count}</li>" in page
    as_staff.post(path, sent | {"post": "yes"})

    assert set(User.objects.values_list("username", flat=True)) == {"bob", "staff"}
    assert Category.objects.get().owner == bob
    assert [entry.owner for entry in Transaction.objects.all()] == [bob, bob]
    assert LogEntry.objects.count() == 1


def test_who_may_delete_users_but_not_their_entries_is_refused(alice: User, bob: User) -> None:
    ExpenseFactory.create(owner=alice)
    bob.is_staff = True
    bob.save()
    bob.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "delete_user"]))
    client = Client()
    client.force_login(bob)
    path = f"{LIST}{alice.pk}/delete/"

    assert "permission to delete" in client.get(path).content.decode()
    assert client.post(path, {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=alice.pk).exists()
