"""Cashman's tables as SQLAlchemy's peers see them."""

import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Select, String, Text, case, extract, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship
from sqlalchemy.types import TypeDecorator
from uuid_utils.compat import uuid7


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def today() -> datetime.date:
    return now().date()


class Amount(TypeDecorator[Decimal]):
    """Money in cents, which the database holds as ten-thousandths."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return int(value * 10_000) if isinstance(value, Decimal) else value

    def process_result_value(self, value: Any, dialect: Any) -> Decimal | None:
        return None if value is None else (Decimal(value) / 10_000).quantize(Decimal("0.01"))


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users_user"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(255))
    is_active: Mapped[bool]
    currency: Mapped[str] = mapped_column(String(3))


class Category(Base):
    __tablename__ = "transactions_category"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users_user.id"))
    name: Mapped[str] = mapped_column(String(100))


class Transaction(Base):
    __tablename__ = "transactions_transaction"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users_user.id"))
    type: Mapped[str] = mapped_column(String(7))
    description: Mapped[str] = mapped_column(String(200))
    amount: Mapped[Decimal] = mapped_column(Amount)
    currency: Mapped[str] = mapped_column(String(3))
    date: Mapped[datetime.date] = mapped_column(default=today)
    category_id: Mapped[UUID | None] = mapped_column(ForeignKey("transactions_category.id"))
    notes: Mapped[str] = mapped_column(Text, default="")
    external_id: Mapped[str | None] = mapped_column(String(255))
    version: Mapped[int] = mapped_column(BigInteger, default=1)
    created_at: Mapped[datetime.datetime] = mapped_column(DateTime(timezone=True), default=now)
    updated_at: Mapped[datetime.datetime] = mapped_column(DateTime(timezone=True), default=now)
    category_row: Mapped[Category | None] = relationship(lazy="raise")

    @property
    def category(self) -> str | None:
        return self.category_row.name if self.category_row else None


def rows_of(owner: User) -> Select[Any]:
    """Return the owner's rows, newest first, each with its category."""
    return (
        select(Transaction)
        .where(Transaction.owner_id == owner.id)
        .options(joinedload(Transaction.category_row))
        .order_by(Transaction.date.desc(), Transaction.id.desc())
    )


def summary_of(owner: User, year: int) -> Select[Any]:
    """Return the year's sums by month and category."""
    month = func.to_char(Transaction.date, "YYYY-MM").label("month")
    return (
        select(
            Transaction.currency,
            month,
            Category.name.label("category"),
            func.sum(case((Transaction.type == "INCOME", Transaction.amount), else_=0), type_=Amount).label("income"),
            func.sum(case((Transaction.type == "EXPENSE", Transaction.amount), else_=0), type_=Amount).label("expense"),
            func.sum(Transaction.amount, type_=Amount).label("net"),
            func.count(Transaction.id).label("count"),
        )
        .join(Category, Transaction.category_id == Category.id, isouter=True)
        .where(Transaction.owner_id == owner.id, extract("year", Transaction.date) == year)
        .group_by(Transaction.currency, month, Category.name)
        .order_by(month, Category.name, Transaction.currency)
    )
