"""Rows to test with. Each factory takes the owner that its rows belong to."""

import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import factory

from statements.models import Import, ImportProfile
from statements.services.plans import Said, create_plan, draft, prepare
from statements.services.storage import pack
from transactions.models import Account, BalanceCheck, Category, Expense, Income, Rule, Tag, Transaction, Transfer
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


class TagFactory(factory.django.DjangoModelFactory[Tag]):
    class Meta:
        model = Tag

    name = factory.Sequence(lambda n: f"Tag {n}")


class RuleFactory(factory.django.DjangoModelFactory[Rule]):
    class Meta:
        model = Rule

    words = factory.Sequence(lambda n: f'["shop {n}"]')
    description = "Shop"
    position = None


class AccountFactory(factory.django.DjangoModelFactory[Account]):
    class Meta:
        model = Account

    name = factory.Sequence(lambda n: f"Account {n}")
    currency = "USD"


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


class CheckedAccountFactory:
    """An account with a check of a balance of zero on DAY."""

    DAY = datetime.date(2026, 11, 30)

    @classmethod
    def create(cls, owner: User) -> Account:
        account = AccountFactory.create(owner=owner)
        BalanceCheck.objects.create(owner=owner, account=account, date=cls.DAY, balance=0)
        return account


class PairFactory:
    """An expense of one account and an income of another, which look like a transfer. It returns the expense."""

    INCOME = "01a20000-0000-7000-8000-000000000001"

    @classmethod
    def create(cls, owner: User, **values: Any) -> Transaction:
        out, into = (AccountFactory.create(owner=owner) for _number in range(2))
        IncomeFactory.create(owner=owner, pk=cls.INCOME, account=into, amount=50, **values)
        return ExpenseFactory.create(owner=owner, account=out, amount=50, **values)


class TransferFactory:
    """A transfer between two accounts."""

    @classmethod
    def create(cls, owner: User) -> Transfer:
        transfer = Transfer.objects.create(owner=owner, date=datetime.date(2026, 11, 2))
        PairFactory.create(owner, transfer=transfer)
        return transfer


class ImportFactory:
    """A preview of a file with one line, whose account it makes."""

    FILE = b"Date,Description,Amount\n2026-11-02,lottery,-1.00\n"

    @classmethod
    def create(cls, owner: User) -> Import:
        said = Said({"account": "Lottery", "create_account": True, "currency": "USD"})
        plan = prepare(owner, draft(owner, BytesIO(cls.FILE), said))
        return create_plan(owner, pack(BytesIO(cls.FILE)), "lottery.csv", plan, said)


class ProfileFactory:
    """What is kept for the next file of an account."""

    @classmethod
    def create(cls, owner: User) -> ImportProfile:
        account = Account.objects.create(owner=owner, name="Lottery bank", currency="USD")
        profile = ImportProfile(owner=owner, account_id=account.pk, shape="ofx", options={"decimal": ","})
        profile.save(force_insert=True)
        return profile
