"""Transactions and categories in Django's admin: those of all owners, only for staff, with the rules of the API."""

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cashman_project.money.amounts import format_amount
from transactions.models import Category, Expense, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from transactions.tests.pages import ADMIN, LISTS, add, books, change, errors_of
from users.models import User

# -- Access -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*LISTS, f"{LISTS[0]}add/", f"{LISTS[3]}choices/", "/admin/autocomplete/"])
def test_staff_alone_get_in(path: str, alice: User, bob: User, outsider: User) -> None:
    outsider.is_staff, outsider.is_active = True, False
    outsider.save()
    client = Client()
    for user in (None, alice, bob, outsider):
        if user:
            client.force_login(user)
        response = client.get(path)

        assert response.status_code == 302
        assert response["Location"] == f"/admin/login/?next={path}"


def test_who_may_only_look_sees_amounts_as_everybody_and_changes_nothing(alice: User, outsider: User) -> None:
    outsider.is_staff = True
    outsider.save()
    outsider.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    expense = ExpenseFactory.create(owner=alice, amount=Decimal("50"))
    client = Client()
    client.force_login(outsider)
    path = f"{ADMIN}/expense/{expense.pk}/change/"

    page = client.get(path)

    assert "\u221250.00" in page.content.decode()
    assert 'name="amount"' not in page.content.decode()
    assert client.post(path, {"description": "beer"}).status_code == 403
    assert client.get(f"{ADMIN}/expense/add/").status_code == 403
    assert client.post(f"{ADMIN}/expense/{expense.pk}/delete/", {"post": "yes"}).status_code == 403


# -- The lists --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "queries"),
    [(LISTS[0], 8), (LISTS[1], 8), (LISTS[2], 8), (LISTS[3], 4), (f"{LISTS[0]}?q=pizza&currency=USD", 8)],
)
def test_a_list_costs_the_same_queries_however_long_it_is(
    path: str,
    queries: int,
    as_staff: Client,
    alice: User,
    bob: User,
    outsider: User,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for rows in (10, 90):
        books(alice, bob, outsider, rows=rows)
        CategoryFactory.create_batch(rows - 10, owner=bob)  # which no transaction has

        with django_assert_num_queries(queries):
            response = as_staff.get(path)

        assert response.status_code == 200
    assert len(response.context["cl"].result_list) > 10


def sums(matches: Callable[[Any], bool]) -> list[tuple[str, str, str, str, int]]:
    """Return the sums that the page should show for the matching transactions, added up one by one."""
    entries = [entry for entry in Transaction.objects.select_related("category", "owner") if matches(entry)]
    lines = []
    for currency in sorted({entry.currency for entry in entries}):
        amounts = [entry.amount for entry in entries if entry.currency == currency]
        income = sum((amount for amount in amounts if amount > 0), Decimal(0))
        expense = sum((amount for amount in amounts if amount < 0), Decimal(0))
        written = [format_amount(amount, currency) for amount in (income, expense, income + expense)]
        lines.append((currency, written[0], written[1], written[2], len(amounts)))
    return lines


def shown_sums(response: Any) -> list[tuple[str, str, str, str, int]]:
    """Return the lines of the page's table of sums, without the commas and the real minus signs of English."""
    cells = r'<th scope="row">(\w+)</th>' + r"\s*<td[^>]*>([-.\d]+)</td>" * 4
    found = re.findall(cells, response.content.decode().replace("\u2212", "-").replace(",", ""))
    return [(*line[:4], int(line[4])) for line in found]


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("", lambda entry: True),
        ("type__exact=INCOME", lambda entry: entry.amount > 0),
        ("currency=JPY", lambda entry: entry.currency == "JPY"),
        ("category__id__exact={alices}", lambda entry: entry.category and entry.category.name == "Alice's"),
        ("owner__id__exact={bob}", lambda entry: entry.owner.username == "bob"),
        ("owner__id__exact=", lambda entry: True),
        ("date__year=2026", lambda entry: entry.date.year == 2026),
        ("date__year=2026&date__month=12", lambda entry: (entry.date.year, entry.date.month) == (2026, 12)),
        ("date__year=2026&date__month=12&date__day=31", lambda entry: entry.date == datetime.date(2026, 12, 31)),
        ("q=ZZA+Hot", lambda entry: entry.description == "pizza" and entry.notes == "hot"),
        (
            "q=pizza&type__exact=EXPENSE&currency=USD&owner__id__exact={bob}&date__year=2027&p=1&o=-3",
            lambda entry: (
                entry.description == "pizza"
                and (entry.currency, entry.owner.username, entry.date.year) == ("USD", "bob", 2027)
            ),
        ),
        ("q=nothing+at+all", lambda entry: False),
    ],
)
def test_the_sums_are_those_of_what_is_listed(
    query: str, matches: Callable[[Any], bool], as_staff: Client, alice: User, bob: User
) -> None:
    alices = CategoryFactory.create(owner=alice, name="Alice's")
    for owner, category in ((alice, alices), (bob, None)):
        for currency, amount in (("USD", "99999999999.99"), ("USD", "0.01"), ("JPY", "99999999999")):
            for date in ("2025-12-31", "2026-01-01", "2026-12-31", "2027-01-01"):
                for factory in (IncomeFactory, ExpenseFactory):
                    values = {"currency": currency, "amount": Decimal(amount), "date": date}
                    factory.create(owner=owner, category=category, notes="hot" if category else "", **values)
    IncomeFactory.create_batch(100, owner=alice, amount=Decimal("99999999999.9"), currency="USD", date="2025-01-01")

    response = as_staff.get(f"{LISTS[0]}?{query.format(alices=alices.pk, bob=bob.pk)}")

    assert shown_sums(response) == sums(matches)
    assert response.context["cl"].result_count == sum(line[4] for line in sums(matches))


def test_incomes_and_expenses_are_listed_and_summed_apart(as_staff: Client, alice: User, bob: User) -> None:
    books(alice, bob, rows=8)

    assert shown_sums(as_staff.get(LISTS[1])) == sums(lambda entry: entry.amount > 0)
    assert shown_sums(as_staff.get(LISTS[2])) == sums(lambda entry: entry.amount < 0)
    assert shown_sums(as_staff.get(LISTS[3])) == []


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_no_time_zone_shifts_a_date(zone: str, as_staff: Client, alice: User) -> None:
    IncomeFactory.create(owner=alice, date=datetime.date(2026, 11, 1))

    with timezone.override(zone):
        found = as_staff.get(f"{LISTS[0]}?date__year=2026&date__month=11&date__day=1")
        missed = as_staff.get(f"{LISTS[0]}?date__year=2026&date__month=10")

    assert "1 Nov 2026" in found.content.decode()
    assert found.context["cl"].result_count == 1
    assert missed.context["cl"].result_count == 0


def test_amounts_have_their_currencys_digits(as_staff: Client, alice: User) -> None:
    ExpenseFactory.create(owner=alice, amount=Decimal("1200"), currency="JPY")
    IncomeFactory.create(owner=alice, amount=Decimal("0.5"), currency="KWD")

    page = as_staff.get(LISTS[0]).content.decode()
    assert '<td class="field-signed_amount"><span class="expense">\u22121,200</span></td>' in page
    assert '<td class="field-signed_amount"><span class="income">0.500</span></td>' in page


# -- New transactions -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "kind", "typed", "stored"),
    [
        ("transaction", "INCOME", "12.50", "12.50"),
        ("transaction", "EXPENSE", "12.50", "-12.50"),
        ("transaction", "EXPENSE", "-12.50", "-12.50"),
        ("income", "INCOME", " 99999999999.99 ", "99999999999.99"),
        ("expense", "EXPENSE", "0.01", "-0.01"),
    ],
)
def test_a_new_entry_is_signed_by_its_kind(
    model: str, kind: str, typed: str, stored: str, as_staff: Client, alice: User
) -> None:
    fun = CategoryFactory.create(owner=alice, name="Fun")
    values = {"owner": alice.pk, "amount": typed, "currency": "USD", "date": "2026-11-22", "category": fun.pk}
    chosen = {"type": kind} if model == "transaction" else {}

    response = add(as_staff, model, description=" concert ", notes="one\r\ntwo", **values, **chosen)

    assert response["Location"] == f"{ADMIN}/{model}/"
    entry = Transaction.objects.get()
    assert (entry.owner, entry.type, entry.description, entry.category) == (alice, kind, "concert", fun)
    assert (entry.amount, entry.currency, entry.date) == (Decimal(stored), "USD", datetime.date(2026, 11, 22))
    assert (entry.external_id, entry.version, entry.updated_at) == (None, 1, entry.created_at)


def test_a_page_of_one_kind_does_not_ask_for_it(as_staff: Client) -> None:
    assert [b'name="type"' in as_staff.get(f"{path}add/").content for path in LISTS[:3]] == [True, False, False]


def test_a_new_entry_has_its_owners_currency_and_today(as_staff: Client, alice: User) -> None:
    alice.currency, alice.time_zone = "JPY", "Pacific/Kiritimati"  # where the next day begins first
    alice.save()
    days = {alice.today()}

    add(as_staff, "expense", owner=alice.pk, description="sushi", amount="1200")

    days.add(alice.today())
    entry = Expense.objects.get()
    assert (entry.currency, entry.amount) == ("JPY", -1200)
    assert entry.date in days


GOOD = {"type": "EXPENSE", "description": "pizza", "amount": "50", "currency": "USD", "date": "2026-11-22"}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": ""}, "amount"),
        ({"amount": "-1", "type": "INCOME"}, "amount"),
        ({"amount": "0.001"}, "amount"),
        ({"amount": "1.5", "currency": "JPY"}, "amount"),
        ({"amount": "100000000000"}, "amount"),
        ({"amount": "1,50"}, "amount"),
        ({"amount": "1_000"}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": "١٢"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "1\0"}, "amount"),
        ({"currency": "usd"}, "currency"),
        ({"currency": "XAU"}, "currency"),
        ({"date": "1899-12-31"}, "date"),
        ({"date": "2201-01-01"}, "date"),
        ({"date": "11/22/2026"}, "date"),
        ({"description": "  "}, "description"),
        ({"description": "\u200b"}, "description"),
        ({"description": "x" * 201}, "description"),
        ({"notes": "x" * 2001}, "notes"),
        ({"type": ""}, "type"),
        ({"type": "GIFT"}, "type"),
        ({"owner": ""}, "owner"),
        ({"owner": "nobody"}, "owner"),
        ({"category": "none"}, "category"),
        ({"category": "{bobs}"}, "category"),
        ({"category": "{bobs}", "owner": ""}, "owner"),
        ({"external_id": "bank-1"}, "external_id"),
    ],
)
def test_what_the_api_refuses_is_a_fault_beside_its_field(
    values: dict[str, str], field: str, as_staff: Client, alice: User, bob: User
) -> None:
    bobs = CategoryFactory.create(owner=bob)
    ExpenseFactory.create(owner=alice, external_id="bank-1")
    wrong = {name: value.format(bobs=bobs.pk) for name, value in values.items()}

    response = add(as_staff, "transaction", **({"owner": alice.pk} | GOOD | wrong))

    assert list(errors_of(response)) == [field]
    assert Transaction.objects.count() == 1


def test_another_owner_may_have_the_same_external_id_and_names(as_staff: Client, alice: User, bob: User) -> None:
    ExpenseFactory.create(owner=alice, external_id="bank-1")
    CategoryFactory.create(owner=alice, name="Fun")

    add(as_staff, "transaction", **GOOD, owner=bob.pk, external_id="bank-1")
    add(as_staff, "category", owner=bob.pk, name="Fun")

    assert Transaction.objects.for_owner(bob).count() == Category.objects.for_owner(bob).count() == 1


@pytest.mark.parametrize("name", ["École", "e\u0301COLE", " école "])
def test_a_category_has_one_name_of_its_own(name: str, as_staff: Client, alice: User) -> None:
    CategoryFactory.create(owner=alice, name="école")
    other = CategoryFactory.create(owner=alice, name="Other")

    for response in (add(as_staff, "category", owner=alice.pk, name=name), change(as_staff, other, name=name)):
        assert errors_of(response) == {"name": ["This owner already has it."]}
    assert set(Category.objects.values_list("name", flat=True)) == {"école", "Other"}


def test_no_language_changes_what_an_amount_or_a_date_means(as_staff: Client, alice: User) -> None:
    as_staff.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    values = {"owner": alice.pk, "description": "Kaffee", "currency": "EUR", "date": "2026-11-02"}

    assert list(errors_of(add(as_staff, "expense", **values, amount="2,50"))) == ["amount"]
    assert list(errors_of(add(as_staff, "expense", **(values | {"date": "02.11.2026"}), amount="2.50"))) == ["date"]
    add(as_staff, "expense", **values, amount="1002.50")

    page = as_staff.get(f"{LISTS[2]}{Expense.objects.get().pk}/change/").content.decode()
    assert 'name="amount" value="-1002.50"' in page
    assert 'name="date" value="2026-11-02"' in page
    page = as_staff.get(LISTS[2]).content.decode()
    assert (page.count(">02.11.2026<"), page.count(">\u22121.002,50<")) == (1, 3)  # two of the three are sums


# -- Changes ----------------------------------------------------------------------------------


def test_a_change_writes_what_was_changed_and_counts_the_version_up(as_staff: Client, alice: User) -> None:
    expense = ExpenseFactory.create(owner=alice, notes=" kept as it is\n", external_id=" kept too ")

    assert change(as_staff, expense).status_code == 302
    assert Transaction.objects.get().version == 1
    assert change(as_staff, expense, amount="60").status_code == 302

    after = Transaction.objects.get()
    assert (after.amount, after.notes, after.external_id) == (-60, " kept as it is\n", " kept too ")
    assert (after.version, after.created_at) == (2, expense.created_at)
    assert after.updated_at > expense.updated_at


@pytest.mark.parametrize("model", [Transaction, Expense])
def test_of_two_people_who_change_different_fields_both_win(model: Any, as_staff: Client, alice: User) -> None:
    fun = CategoryFactory.create(owner=alice, name="Fun")
    row = model.objects.get(pk=ExpenseFactory.create(owner=alice, notes="hot\n\ntoday", category=fun).pk)
    pages = [as_staff.get(f"{ADMIN}/{model._meta.model_name}/{row.pk}/change/") for _person in range(3)]

    changes: list[dict[str, str]] = [
        {"description": "calzone", "category": ""},
        {"notes": "cold", "date": "2026-11-30"},
        {"amount": "60.50"},
    ]
    for page, values in zip(pages, changes, strict=True):
        assert change(as_staff, row, page, **values).status_code == 302

    after = Transaction.objects.get()
    assert (after.description, after.notes, after.category_id) == ("calzone", "cold", None)
    assert (after.amount, after.date, after.version) == (Decimal("-60.5"), datetime.date(2026, 11, 30), 4)


def test_a_change_must_suit_what_others_wrote_meanwhile(as_staff: Client, alice: User) -> None:
    expense = ExpenseFactory.create(owner=alice, amount=Decimal(50), currency="USD")
    page = as_staff.get(f"{ADMIN}/expense/{expense.pk}/change/")
    change(as_staff, expense, currency="JPY")

    response = change(as_staff, expense, page, amount="50.25")

    assert errors_of(response) == {"amount": ["Too many decimals: JPY has 0."]}
    assert 'value="USD" id="initial-id_currency"' in response.content.decode()  # so that saving again asks again
    assert Transaction.objects.get().amount == -50


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"amount": "50.000"}, "amount"),  # fifty thousand to some
        ({"currency": "JPY"}, "amount"),
        ({"currency": ""}, "currency"),
        ({"date": ""}, "date"),
        ({"category": "{bobs}"}, "category"),
        ({"external_id": "bank-1"}, "external_id"),
    ],
)
def test_a_wrong_change_is_a_fault_beside_its_field(
    values: dict[str, str], field: str, as_staff: Client, alice: User, bob: User
) -> None:
    bobs = CategoryFactory.create(owner=bob)
    ExpenseFactory.create(owner=alice, external_id="bank-1")
    income = IncomeFactory.create(owner=alice, amount=Decimal("50.25" if "currency" in values else "50"))
    before = Transaction.objects.filter(pk=income.pk).values().get()

    response = change(as_staff, income, **{name: value.format(bobs=bobs.pk) for name, value in values.items()})

    assert list(errors_of(response)) == [field]
    assert Transaction.objects.filter(pk=income.pk).values().get() == before


def test_an_owner_never_changes(as_staff: Client, alice: User, bob: User) -> None:
    entry = Transaction.objects.get(pk=ExpenseFactory.create(owner=alice).pk)
    category = CategoryFactory.create(owner=alice)

    page = as_staff.get(f"{ADMIN}/transaction/{entry.pk}/change/").content.decode()
    change(as_staff, entry, owner=bob.pk, version="9", description="calzone")
    change(as_staff, category, owner=bob.pk, key="mine", name="Fun")

    assert 'name="owner"' not in page
    after, renamed = Transaction.objects.get(), Category.objects.get()
    assert (after.owner, after.version, after.description) == (alice, 2, "calzone")
    assert (renamed.owner, renamed.key, renamed.version) == (alice, "fun", 2)


def test_a_row_that_is_gone_is_said_to_be(as_staff: Client, alice: User) -> None:
    income = IncomeFactory.create(owner=alice)
    page = as_staff.get(f"{ADMIN}/income/{income.pk}/change/")
    Transaction.objects.all().delete()

    response = change(as_staff, income, page, description="wages")

    assert response["Location"] == "/admin/"
    assert Transaction.objects.count() == 0
