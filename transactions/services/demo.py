"""The demo: two users whose passwords anyone knows, and three years of transactions that are the same at every run.

Only for an empty database that nobody else can reach; the `demo` command checks that.
"""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.db import transaction

from ..choices import TransactionType
from ..models import Category, Transaction

PASSWORDS = {"demo": "demo", "admin": "admin"}  # of the demo's users, by their names: meant to be known

DAY = datetime.timedelta(days=1)
FIRST_DAY = datetime.date(2023, 11, 5)  # after the tutorial's transactions
LAST_DAY = datetime.date(2026, 11, 20)
RISES_FROM = 2024


class Entry(NamedTuple):
    """A transaction of the demo: `amount` is above zero for an income and below zero for an expense."""

    date: datetime.date
    description: str
    amount: Decimal
    category: str | None
    currency: str = "USD"
    notes: str = ""
    external_id: str | None = None


class Regular(NamedTuple):
    """A transaction on one day of each of `months`; `amount` grows by `rise` every January."""

    description: str
    amount: str
    category: str
    day: int
    rise: str = "0"
    months: range = range(1, 13)
    reference: str | None = None  # with the month, the external id


class Habit(NamedTuple):
    """Something that money is spent on with `chance` every day; `cents` are the lowest and the highest price."""

    description: str
    category: str | None
    cents: tuple[int, int]
    chance: float
    step: int = 1  # prices are multiples of so many cents
    returned: float = 0  # how often it goes back to the shop
    notes: str = ""


class Journey(NamedTuple):
    place: str
    first_day: datetime.date
    days: int
    currency: str
    rate: int = 1  # what a price in euros is multiplied by


# The transactions of the tutorial that Cashman began with.
TUTORIAL = [
    Entry(datetime.date(2023, 11, 1), "Salary", Decimal(5000), "Salary"),
    Entry(datetime.date(2023, 11, 2), "Dividends", Decimal(200), "Investments"),
    Entry(datetime.date(2023, 11, 3), "pizza", Decimal(-50), "Eating out"),
    Entry(datetime.date(2023, 11, 4), "Rock Concert", Decimal(-100), "Leisure"),
]

REGULARS = [
    Regular("Salary", "5000", "Salary", day=1, rise="180", reference="payroll"),
    Regular("Rent", "-1450", "Housing", day=1, rise="-35", reference="rent"),
    Regular("Transit pass", "-49", "Transport", day=1, rise="-4"),
    Regular("Dividends", "205", "Investments", day=2, rise="11.25", months=range(2, 12, 3)),
    Regular("Internet", "-39.90", "Housing", day=5),
    Regular("Electricity", "-71.30", "Housing", day=8, rise="-6.15"),
    Regular("Mobile phone", "-15", "Housing", day=12),
    Regular("Streaming", "-11.99", "Leisure", day=15, rise="-1"),
    Regular("Home insurance", "-236.40", "Insurance", day=10, rise="-9.80", months=range(1, 2)),
    Regular("Liability insurance", "-58.50", "Insurance", day=10, months=range(3, 4)),
    Regular("Tax refund", "412.37", "Taxes", day=18, rise="-27.05", months=range(6, 7)),
    Regular("Bonus", "1500", "Salary", day=14, rise="250", months=range(12, 13), reference="bonus"),
]

HABITS = [
    Habit("Supermarket", "Groceries", (1240, 9650), 0.19),
    Habit("Farmers' market", "Groceries", (650, 3400), 0.06, 10),
    Habit("Bakery", "Groceries", (240, 890), 0.10, 10),
    Habit("Coffee", "Eating out", (280, 520), 0.14, 10),
    Habit("pizza", "Eating out", (1100, 2900), 0.05, 50),
    Habit("Ramen", "Eating out", (1350, 2100), 0.05, 50),
    Habit("Burrito", "Eating out", (950, 1450), 0.04, 50),
    Habit("Dinner with friends", "Eating out", (2800, 6900), 0.04, 100, notes="Split the bill"),
    Habit("Taxi", "Transport", (850, 3900), 0.04, 10),
    Habit("Train ticket", "Transport", (1240, 5800), 0.03, 10),
    Habit("Bike repair", "Transport", (1500, 8900), 0.01, 50),
    Habit("Cinema", "Leisure", (1150, 1650), 0.03, 50),
    Habit("Concert", "Leisure", (3200, 11000), 0.01, 100),
    Habit("Books", "Leisure", (899, 4590), 0.03),
    Habit("Shoes", "Clothing", (4900, 15900), 0.01, 100, returned=0.3),
    Habit("Shirt", "Clothing", (1990, 5990), 0.02, 100, returned=0.3),
    Habit("Winter coat", "Clothing", (14900, 28900), 0.002, 1000, returned=0.3),
    Habit("Pharmacy", "Health", (450, 3890), 0.02),
    Habit("Dentist", "Health", (6500, 18000), 0.004, 50),
    Habit("Birthday present", "Gifts", (1900, 8500), 0.012, 50),
    Habit("Cash withdrawal", None, (2000, 20001), 0.02, 2000),
]

JOURNEYS = [
    Journey("Lisbon", datetime.date(2024, 5, 18), 8, "EUR"),
    Journey("Kyoto", datetime.date(2025, 4, 5), 12, "JPY", rate=160),
    Journey("Berlin", datetime.date(2025, 9, 26), 4, "EUR"),
    Journey("Rome", datetime.date(2026, 6, 13), 9, "EUR"),
]
ON_A_JOURNEY = [("Hotel", (8500, 15500)), ("Lunch", (900, 2600)), ("Dinner", (1800, 5200)), ("Tickets", (600, 3800))]


def create_demo() -> None:
    """Create the user `demo` with its transactions, and the superuser `admin`; all or nothing.

    Raises IntegrityError where there is such a user already.
    """
    users = get_user_model().objects
    with transaction.atomic():
        demo = users.create_user("demo", password=PASSWORDS["demo"], currency="USD")
        users.create_superuser("admin", password=PASSWORDS["admin"])
        lines = entries()
        names = dict.fromkeys(line.category for line in lines if line.category)
        categories = {name: Category(owner=demo, name=name) for name in names}
        Category.objects.bulk_create(categories.values())
        Transaction.objects.bulk_create(
            Transaction(
                owner=demo,
                type=TransactionType.INCOME if line.amount > 0 else TransactionType.EXPENSE,
                description=line.description,
                amount=line.amount,
                currency=line.currency,
                date=line.date,
                category=categories[line.category] if line.category else None,
                notes=line.notes,
                external_id=line.external_id,
            )
            for line in lines
        )


def entries() -> list[Entry]:
    """Return the transactions in the order of their dates: the tutorial's four, then the rest."""
    # Of Random's methods, random() alone gives the same numbers in every version of Python.
    random = Random(20231105)  # noqa: S311  # nothing secret
    made_up = [*_regular(), *_everyday(random), *_journeys(random)]
    return [*TUTORIAL, *sorted(made_up, key=lambda line: line.date)]


def _days(first: datetime.date = FIRST_DAY, last: datetime.date = LAST_DAY) -> Iterator[datetime.date]:
    while first <= last:
        yield first
        first += DAY


def _regular() -> Iterator[Entry]:
    for day in _days():
        for line in REGULARS:
            if day.day == line.day and day.month in line.months:
                amount = Decimal(line.amount) + Decimal(line.rise) * max(0, day.year - RISES_FROM)
                external_id = f"{line.reference}-{day:%Y-%m}" if line.reference else None
                yield Entry(day, line.description, amount, line.category, external_id=external_id)


def _everyday(random: Random) -> Iterator[Entry]:
    away = {day for trip in JOURNEYS for day in _days(trip.first_day, trip.first_day + (trip.days - 1) * DAY)}
    for day in _days():
        for habit in HABITS:
            if random.random() >= habit.chance or day in away:
                continue
            price = _price(random, habit.cents, habit.step)
            yield Entry(day, habit.description, -price, habit.category, notes=habit.notes)
            if random.random() < habit.returned and day + 9 * DAY <= LAST_DAY:
                yield Entry(day + 9 * DAY, f"Refund: {habit.description}", price, habit.category, notes="Did not fit")


def _journeys(random: Random) -> Iterator[Entry]:
    for trip in JOURNEYS:
        for day in _days(trip.first_day, trip.first_day + (trip.days - 1) * DAY):
            for what, cents in ON_A_JOURNEY:
                price = _price(random, cents, step=50) * trip.rate
                yield Entry(day, what, -price, "Holidays", trip.currency, notes=trip.place)


def _price(random: Random, cents: tuple[int, int], step: int) -> Decimal:
    least, most = cents
    return Decimal(int(least + random.random() * (most - least)) // step * step) / 100
