"""The demo: two users with passwords that anyone knows, and three years of transactions that are the same at each run.

It is only for an empty database that nobody else can reach, which the `demo` command checks.
"""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.db import transaction

from ..choices import TransactionType
from ..models import Category, Rule, Tag, Transaction
from ..models.rule import stored_texts
from ..names import tags_text
from .demo_accounts import CARD, CHECKING, EUROS, create_accounts, create_transfers, demo_transfers

PASSWORDS = {"demo": "demo", "admin": "admin"}  # by user name; anyone may know them

DAY = datetime.timedelta(days=1)
FIRST_DAY = datetime.date(2023, 11, 5)  # after the tutorial's transactions
LAST_DAY = datetime.date(2026, 11, 20)
FIRST_INCREASE = 2024  # the year of the first increase
# Receipts of a supermarket that are split: of at least that amount, since that day.
HOUSEHOLD, LARGE, FIRST_SPLIT = "Household", Decimal(-70), datetime.date(2026, 1, 1)


class DemoTransaction(NamedTuple):
    """A transaction of the demo: `amount` is above zero for an income and below zero for an expense."""

    date: datetime.date
    description: str
    amount: Decimal
    category: str | None
    currency: str = "USD"
    notes: str = ""
    external_id: str | None = None
    account: str | None = CHECKING
    tag: str | None = None


class MonthlyTransaction(NamedTuple):
    """A transaction on the same day of each of the `months`. Each January, `amount` changes by `increase`."""

    description: str
    amount: str
    category: str
    day: int
    increase: str = "0"
    months: range = range(1, 13)
    reference: str | None = None  # reference and month are the external id


class Purchase(NamedTuple):
    """Something that is bought on any day with the probability `chance`."""

    description: str
    category: str | None
    cents: tuple[int, int]  # the lowest and the highest price
    chance: float
    step: int = 1  # prices are multiples of this number of cents
    returned: float = 0  # the probability that it is returned to the shop
    notes: str = ""
    account: str = CARD


class Trip(NamedTuple):
    place: str
    first_day: datetime.date
    days: int
    currency: str
    rate: int = 1  # prices in euros are multiplied by it

    @property
    def tag(self) -> str:
        return f"{self.place} {self.first_day.year}"


# The transactions of the tutorial that Cashman began with.
TUTORIAL = [
    DemoTransaction(datetime.date(2023, 11, 1), "Salary", Decimal(5000), "Salary"),
    DemoTransaction(datetime.date(2023, 11, 2), "Dividends", Decimal(200), "Investments"),
    DemoTransaction(datetime.date(2023, 11, 3), "pizza", Decimal(-50), "Eating out"),
    DemoTransaction(datetime.date(2023, 11, 4), "Rock Concert", Decimal(-100), "Leisure"),
]

MONTHLY_TRANSACTIONS = [
    MonthlyTransaction("Salary", "5000", "Salary", day=1, increase="180", reference="payroll"),
    MonthlyTransaction("Rent", "-1450", "Housing", day=1, increase="-35", reference="rent"),
    MonthlyTransaction("Transit pass", "-49", "Transport", day=1, increase="-4"),
    MonthlyTransaction("Dividends", "205", "Investments", day=2, increase="11.25", months=range(2, 12, 3)),
    MonthlyTransaction("Internet", "-39.90", "Housing", day=5),
    MonthlyTransaction("Electricity", "-71.30", "Housing", day=8, increase="-6.15"),
    MonthlyTransaction("Mobile phone", "-15", "Housing", day=12),
    MonthlyTransaction("Streaming", "-11.99", "Leisure", day=15, increase="-1"),
    MonthlyTransaction("Home insurance", "-236.40", "Insurance", day=10, increase="-9.80", months=range(1, 2)),
    MonthlyTransaction("Liability insurance", "-58.50", "Insurance", day=10, months=range(3, 4)),
    MonthlyTransaction("Tax refund", "412.37", "Taxes", day=18, increase="-27.05", months=range(6, 7)),
    MonthlyTransaction("Bonus", "1500", "Salary", day=14, increase="250", months=range(12, 13), reference="bonus"),
]

PURCHASES = [
    Purchase("Supermarket", "Groceries", (1240, 9650), 0.19),
    Purchase("Farmers' market", "Groceries", (650, 3400), 0.06, 10),
    Purchase("Bakery", "Groceries", (240, 890), 0.10, 10),
    Purchase("Coffee", "Eating out", (280, 520), 0.14, 10),
    Purchase("pizza", "Eating out", (1100, 2900), 0.05, 50),
    Purchase("Ramen", "Eating out", (1350, 2100), 0.05, 50),
    Purchase("Burrito", "Eating out", (950, 1450), 0.04, 50),
    Purchase("Dinner with friends", "Eating out", (2800, 6900), 0.04, 100, notes="Split the bill"),
    Purchase("Taxi", "Transport", (850, 3900), 0.04, 10),
    Purchase("Train ticket", "Transport", (1240, 5800), 0.03, 10),
    Purchase("Bike repair", "Transport", (1500, 8900), 0.01, 50),
    Purchase("Cinema", "Leisure", (1150, 1650), 0.03, 50),
    Purchase("Concert", "Leisure", (3200, 11000), 0.01, 100),
    Purchase("Books", "Leisure", (899, 4590), 0.03),
    Purchase("Shoes", "Clothing", (4900, 15900), 0.01, 100, returned=0.3),
    Purchase("Shirt", "Clothing", (1990, 5990), 0.02, 100, returned=0.3),
    Purchase("Winter coat", "Clothing", (14900, 28900), 0.002, 1000, returned=0.3),
    Purchase("Pharmacy", "Health", (450, 3890), 0.02),
    Purchase("Dentist", "Health", (6500, 18000), 0.004, 50),
    Purchase("Birthday present", "Gifts", (1900, 8500), 0.012, 50),
    Purchase("Cash withdrawal", None, (2000, 20001), 0.02, 2000, account=CHECKING),
]

TRIPS = [
    Trip("Lisbon", datetime.date(2024, 5, 18), 8, "EUR"),
    Trip("Kyoto", datetime.date(2025, 4, 5), 12, "JPY", rate=160),
    Trip("Berlin", datetime.date(2025, 9, 26), 4, "EUR"),
    Trip("Rome", datetime.date(2026, 6, 13), 9, "EUR"),
]
GROUPS = {  # of categories
    "Income": ("Investments", "Salary"),
    "Living": ("Clothing", "Groceries", "Health", "Household", "Housing", "Insurance", "Transport"),
    "Free time": ("Eating out", "Gifts", "Holidays", "Leisure"),
}
RULES = [(("cinema", "concert", "streaming"), "Leisure"), (("taxi", "train"), "Transport")]  # words and category
ON_A_TRIP = [("Hotel", (8500, 15500)), ("Lunch", (900, 2600)), ("Dinner", (1800, 5200)), ("Tickets", (600, 3800))]


def create_demo() -> None:
    """Create the user `demo` with its transactions, and the superuser `admin`; all or nothing.

    Raises IntegrityError if one of the users exists already.
    """
    users = get_user_model().objects
    with transaction.atomic():
        demo = users.create_user("demo", password=PASSWORDS["demo"], currency="USD")
        users.create_superuser("admin", password=PASSWORDS["admin"])
        rows = demo_transactions()
        names = dict.fromkeys([*(row.category for row in rows if row.category), HOUSEHOLD])
        groups = {name: group for group, members in GROUPS.items() for name in members}
        categories = {name: Category(owner=demo, name=name, group=groups.get(name)) for name in names}
        Category.objects.bulk_create(categories.values())
        accounts = create_accounts(demo)
        Tag.objects.bulk_create(Tag(owner=demo, name=trip.tag) for trip in TRIPS)
        created = [
            Transaction(
                owner=demo,
                type=TransactionType.INCOME if row.amount > 0 else TransactionType.EXPENSE,
                description=row.description,
                amount=row.amount,
                currency=row.currency,
                date=row.date,
                category=categories[row.category] if row.category else None,
                notes=row.notes,
                external_id=row.external_id,
                account=accounts[row.account] if row.account else None,
                tags=tags_text([row.tag] if row.tag else []),
            )
            for row in rows
        ]
        parts = [part for row in created for part in _parts(row, categories[HOUSEHOLD])]
        Transaction.objects.parts().bulk_create(parts)
        create_transfers(demo, accounts, demo_transfers(rows, LAST_DAY))
        for words, category in RULES:
            Rule.objects.create(owner=demo, words=stored_texts(words), category=categories[category])


def _parts(row: Transaction, household: Category) -> list[Transaction]:
    """Return the row, or the two parts of it if it is a large receipt: not all that a supermarket sells is food."""
    if row.description != "Supermarket" or row.amount > LARGE or row.date < FIRST_SPLIT:
        return [row]
    part = Transaction(
        owner=row.owner,
        type=row.type,
        description="Soap and paper",
        amount=(row.amount / 4).quantize(Decimal("0.1")),
        currency=row.currency,
        date=row.date,
        category=household,
        account=row.account,
        split=row.pk,
    )
    row.amount, row.split = row.amount - part.amount, row.pk
    return [row, part]


def demo_transactions() -> list[DemoTransaction]:
    """Return the transactions, sorted by date: the four of the tutorial, then the others."""
    # Only the method random() gives the same numbers in every version of Python.
    random = Random(20231105)  # noqa: S311  # nothing secret
    generated = [*_monthly_transactions(), *_purchases(random), *_trips(random)]
    return [*TUTORIAL, *sorted(generated, key=lambda row: row.date)]


def _days(first: datetime.date = FIRST_DAY, last: datetime.date = LAST_DAY) -> Iterator[datetime.date]:
    while first <= last:
        yield first
        first += DAY


def _monthly_transactions() -> Iterator[DemoTransaction]:
    for day in _days():
        for row in MONTHLY_TRANSACTIONS:
            if day.day == row.day and day.month in row.months:
                amount = Decimal(row.amount) + Decimal(row.increase) * max(0, day.year - FIRST_INCREASE)
                external_id = f"{row.reference}-{day:%Y-%m}" if row.reference else None
                yield DemoTransaction(day, row.description, amount, row.category, external_id=external_id)


def _purchases(random: Random) -> Iterator[DemoTransaction]:
    away = {day for trip in TRIPS for day in _days(trip.first_day, trip.first_day + (trip.days - 1) * DAY)}
    for day in _days():
        for purchase in PURCHASES:
            if random.random() >= purchase.chance or day in away:
                continue
            price = _price(random, purchase.cents, purchase.step)
            yield DemoTransaction(
                day, purchase.description, -price, purchase.category, notes=purchase.notes, account=purchase.account
            )
            if random.random() < purchase.returned and day + 9 * DAY <= LAST_DAY:
                yield DemoTransaction(
                    day + 9 * DAY,
                    f"Refund: {purchase.description}",
                    price,
                    purchase.category,
                    notes="Did not fit",
                    account=purchase.account,
                )


def _trips(random: Random) -> Iterator[DemoTransaction]:
    for trip in TRIPS:
        for day in _days(trip.first_day, trip.first_day + (trip.days - 1) * DAY):
            for description, cents in ON_A_TRIP:
                price = _price(random, cents, step=50) * trip.rate
                yield DemoTransaction(
                    day,
                    description,
                    -price,
                    "Holidays",
                    trip.currency,
                    notes=trip.place,
                    account=EUROS if trip.currency == "EUR" else None,
                    tag=trip.tag,
                )


def _price(random: Random, cents: tuple[int, int], step: int) -> Decimal:
    lowest, highest = cents
    return Decimal(int(lowest + random.random() * (highest - lowest)) // step * step) / 100
