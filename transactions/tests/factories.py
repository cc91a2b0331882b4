"""Rows to test with. Each factory takes the owner that its rows belong to."""

import datetime
from decimal import Decimal

import factory

from transactions.models import Category, Expense, Income, Transaction
from users.models import PersonalToken, User


class UserFactory(factory.django.DjangoModelFactory[User]):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"user{n}")


class PersonalTokenFactory(factory.django.DjangoModelFactory[PersonalToken]):
    class Meta:
        model = PersonalToken

    name = factory.Sequence(lambda n: f"script {n}")
    scope = "read_write"


class CategoryFactory(factory.django.DjangoModelFactory[Category]):
    class Meta:
        model = Category

    name = factory.Sequence(lambda n: f"Category {n}")


class IncomeFactory(factory.django.DjangoModelFactory[Transaction]):
    class Meta:
        model = Income

    description = "salary"
    amount = Decimal("5000")
    currency = "USD"
    date = datetime.date(2026, 11, 1)


class ExpenseFactory(factory.django.DjangoModelFactory[Transaction]):
    class Meta:
        model = Expense

    description = "pizza"
    amount = Decimal("50")
    currency = "USD"
    date = datetime.date(2026, 11, 2)
