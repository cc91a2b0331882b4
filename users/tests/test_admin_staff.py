"""What the staff may do in the admin: nobody gains a right there that they don't have."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet
from django.test import Client

from cashman_project.api.tests.forms import fields_of
from users.models import PersonalToken, User
from users.sessions import start_session
from users.staff import users_above

LIST = "/admin/users/user/"
PASSWORD = "correct horse battery staple"


def staff_member(name: str, *permissions: str) -> User:
    """Return a new member of the staff who may do just that."""
    user = User.objects.create_user(name, password=PASSWORD, is_staff=True)
    user.user_permissions.set(found := Permission.objects.filter(codename__in=permissions))
    assert len(found) == len(permissions)
    return user


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def clerk(db: None) -> User:
    """Who may do anything to users and groups, but is no superuser."""
    names = [f"{what}_{model}" for what in ("add", "change", "delete", "view") for model in ("user", "group")]
    return staff_member("clerk", *names)


@pytest.fixture
def as_clerk(clerk: User) -> Client:
    return browser_of(clerk)


def superuser() -> User:
    return User.objects.create_superuser("root", password=PASSWORD)


def deactivated_superuser() -> User:
    return User.objects.create_superuser("root", password=PASSWORD, is_active=False)


def with_a_permission() -> User:
    return staff_member("root", "change_transaction")


def with_a_group() -> User:
    group = Group.objects.create(name="Books")
    group.permissions.set(Permission.objects.filter(codename="delete_category"))
    user = User.objects.create_user("root", password=PASSWORD)
    user.groups.add(group)
    return user


ABOVE = [superuser, deactivated_superuser, with_a_permission, with_a_group]


def everything() -> list[Any]:
    """Return all that the admin could change of users and groups, but for when they signed in last."""
    users = User.objects.order_by("pk")
    columns = [field.attname for field in User._meta.concrete_fields if field.name != "last_login"]
    links = [(set(user.groups.all()), set(user.user_permissions.all())) for user in users]
    groups = [(group.name, set(group.permissions.all())) for group in Group.objects.order_by("pk")]
    return [list(users.values(*columns)), links, groups]


# -- Who grants -------------------------------------------------------------------------------


@pytest.mark.parametrize("whom", ["alice", "clerk"])
def test_who_may_change_users_can_grant_nothing(
    whom: str, as_clerk: Client, clerk: User, alice: User, bob: User
) -> None:
    group = Group.objects.create(name="Books")
    user = {"alice": alice, "clerk": clerk}[whom]
    path = f"{LIST}{user.pk}/change/"
    before = everything()
    fields = fields_of(as_clerk.get(path), "user_form")
    assert not {"is_staff", "is_superuser", "groups", "user_permissions"} & fields.keys()

    privileges: dict[str, Any] = {"is_superuser": "on", "is_staff": "on", "groups": [group.pk]}
    everything_there_is = list(Permission.objects.values_list("pk", flat=True))
    privileges["user_permissions"] = everything_there_is
    privileges |= {f"initial-{name}": "" for name in privileges}
    response = as_clerk.post(path, fields | privileges)

    assert response.status_code == 302
    assert everything() == before
    assert as_clerk.post(path, fields | privileges | {"email": "new@example.org"}).status_code == 302
    user.refresh_from_db()
    assert (user.email, user.is_superuser) == ("new@example.org", False)


def test_a_new_user_gets_no_right_either(as_clerk: Client, clerk: User) -> None:
    fields: dict[str, Any] = fields_of(as_clerk.get(f"{LIST}add/"), "user_form") | {"username": "carol"}
    fields |= {"password1": PASSWORD, "password2": PASSWORD, "is_superuser": "on", "is_staff": "on"}
    fields["user_permissions"] = list(Permission.objects.values_list("pk", flat=True)[:5])

    assert as_clerk.post(f"{LIST}add/", fields).status_code == 302

    carol = User.objects.get(username="carol")
    assert (carol.is_staff, carol.is_superuser, carol.user_permissions.count()) == (False, False, 0)


def test_superusers_grant_what_they_like(as_staff: Client, alice: User) -> None:
    group = Group.objects.create(name="Books")
    path = f"{LIST}{alice.pk}/change/"
    sent = {"is_staff": "on", "is_superuser": "on", "groups": [group.pk]}

    assert as_staff.post(path, fields_of(as_staff.get(path), "user_form") | sent).status_code == 302

    alice.refresh_from_db()
    assert (alice.is_staff, alice.is_superuser, alice.groups.get()) == (True, True, group)


@pytest.mark.parametrize("how", ["change", "add", "delete", "delete together"])
def test_groups_are_for_superusers(how: str, as_clerk: Client, clerk: User, as_staff: Client) -> None:
    """Who could change a group of their own would have what they put into it."""
    group = Group.objects.create(name="Desk")
    clerk.groups.add(group)
    path = "/admin/auth/group/"
    every_permission: Any = Permission.objects.values_list("pk", flat=True)
    sent: dict[str, Any] = {"name": "Desk", "permissions": list(every_permission)}
    if how == "delete together":
        sent = {"action": "delete_selected", "_selected_action": group.pk, "post": "yes"}
    elif how == "add":
        path, sent = f"{path}add/", sent | {"name": "More"}
    else:
        path, sent = f"{path}{group.pk}/{how}/", sent | {"post": "yes"}
    before = everything()
    assert as_clerk.get("/admin/auth/group/").status_code == 200

    refused = as_clerk.post(path, sent)

    assert refused.status_code == 403
    assert everything() == before
    assert as_staff.post(path, sent).status_code == 302
    assert everything() != before


# -- Whose rows -------------------------------------------------------------------------------


def change(client: Client, user: User) -> Any:
    fields = {
        "username": "taken",
        "currency": "USD",
        "time_zone": "UTC",
        "month_start": "1",
        "language": "en",
        "email": "x@example.org",
    }
    initial = {f"initial-{name}": "" for name in fields}
    return client.post(f"{LIST}{user.pk}/change/", fields | initial | {"is_active": "on"})


def set_password(client: Client, user: User) -> Any:
    sent = {"password1": "sal volatile 47", "password2": "sal volatile 47", "usable_password": "true"}
    return client.post(f"{LIST}{user.pk}/password/", sent)


def take_password(client: Client, user: User) -> Any:
    return client.post(f"{LIST}{user.pk}/password/", {"usable_password": "false", "unset-password": "1"})


def delete(client: Client, user: User) -> Any:
    return client.post(f"{LIST}{user.pk}/delete/", {"post": "yes"})


def delete_together(client: Client, user: User) -> Any:
    chosen = [user.pk, User.objects.get(username="alice").pk]
    return client.post(LIST, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})


def delete_all(client: Client, user: User) -> Any:
    sent = {"action": "delete_selected", "_selected_action": user.pk, "select_across": "1", "post": "yes"}
    return client.post(LIST, sent)


WAYS = [change, set_password, take_password, delete, delete_together, delete_all]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("make", ABOVE, ids=lambda make: make.__name__)
def test_nobody_changes_who_may_do_more(
    make: Callable[[], User], way: Callable[[Client, User], Any], as_clerk: Client, alice: User, as_staff: Client
) -> None:
    user = make()
    before = everything()

    refused = way(as_clerk, user)

    assert refused.status_code == 403
    assert everything() == before
    if way is not delete_all:  # the superuser would go, too
        assert way(as_staff, user).status_code == 302
        assert everything() != before


@pytest.mark.parametrize("make", ABOVE, ids=lambda make: make.__name__)
def test_their_pages_can_be_looked_at(make: Callable[[], User], as_clerk: Client) -> None:
    user = make()

    page = as_clerk.get(f"{LIST}{user.pk}/change/")

    assert page.status_code == 200
    text = page.content.decode()
    assert "root" in text
    assert '<input type="submit"' not in text
    assert "deletelink" not in text
    assert user.password not in text
    assert user.password.split("$")[-1] not in text
    assert as_clerk.get(f"{LIST}{user.pk}/password/").status_code == 403
    assert as_clerk.get(f"{LIST}{user.pk}/delete/").status_code == 403


@pytest.mark.parametrize("way", WAYS[:-1], ids=lambda way: way.__name__)
def test_who_may_do_as_much_or_less_can_be_changed(
    way: Callable[[Client, User], Any], as_clerk: Client, alice: User
) -> None:
    colleague = staff_member("colleague", "view_user", "change_user")
    start_session(colleague)
    browser_of(colleague)
    PersonalToken.objects.create(owner=colleague, name="backup", scope="read")

    assert way(as_clerk, colleague).status_code == 302

    if way in (delete, delete_together):
        assert not User.objects.filter(pk=colleague.pk).exists()


def names(users: QuerySet[User]) -> list[str]:
    return sorted(users.values_list("username", flat=True))


def test_who_is_above_whom(alice: User, staff: User) -> None:
    one, two = staff_member("one", "view_user"), staff_member("two", "view_user", "change_user")
    group = Group.objects.create(name="Books")
    group.permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
    grouped = staff_member("grouped")
    grouped.groups.add(group)

    assert names(users_above(staff)) == []
    assert names(users_above(alice)) == ["grouped", "one", "staff", "two"]
    assert names(users_above(one)) == ["grouped", "staff", "two"]
    assert names(users_above(two)) == names(users_above(grouped)) == ["staff"]
