"""django-ninja: pydantic schemas over Django's models."""

import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from ninja import Field, NinjaAPI, Schema
from ninja.errors import HttpError
from ninja.pagination import PaginationBase, paginate
from ninja.security import HttpBearer

from .common import PAGE_SIZE, subject_of
from .models import Category, Transaction, User


class Bearer(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        return User.objects.filter(subject=subject_of(token), is_active=True).first()


class TransactionIn(Schema):
    type: Literal["INCOME", "EXPENSE"]
    description: str = Field(min_length=1, max_length=200)
    amount: Decimal = Field(max_digits=15, decimal_places=2)
    currency: str | None = Field(None, pattern="^[A-Z]{3}$")
    date: datetime.date | None = None
    category: str | None = None
    notes: str = Field("", max_length=2000)
    external_id: str | None = Field(None, min_length=1, max_length=255)


class TransactionOut(Schema):
    id: UUID
    type: str
    description: str
    amount: Decimal
    currency: str
    date: datetime.date
    category: str | None
    notes: str
    external_id: str | None
    version: int
    created_at: datetime.datetime
    updated_at: datetime.datetime

    @staticmethod
    def resolve_category(row: Transaction) -> str | None:
        return row.category.name if row.category else None


class Pages(PaginationBase):
    class Input(Schema):
        page: int = Field(1, ge=1)

    class Output(Schema):
        next: str | None
        previous: str | None
        results: list[Any]

    items_attribute = "results"

    def paginate_queryset(self, queryset: QuerySet, pagination: Input, request: HttpRequest, **_: Any) -> Any:
        start, count = (pagination.page - 1) * PAGE_SIZE, queryset.count()
        url = request.build_absolute_uri(request.path)
        return {
            "next": f"{url}?page={pagination.page + 1}" if start + PAGE_SIZE < count else None,
            "previous": f"{url}?page={pagination.page - 1}" if pagination.page > 1 else None,
            "results": queryset[start : start + PAGE_SIZE],
        }


api = NinjaAPI(auth=Bearer(), docs_url=None)


def rows_of(request: Any) -> QuerySet:
    return Transaction.objects.filter(owner=request.auth).select_related("category")


def row_from(owner: User, payload: TransactionIn, categories: dict[str, Category]) -> Transaction:
    values = payload.dict()
    if payload.category is not None and payload.category not in categories:
        raise HttpError(400, "You have no category with this name.")
    if payload.type == "INCOME" and payload.amount < 0:
        raise HttpError(400, "An income is above zero.")
    values["category"] = categories.get(payload.category) if payload.category else None
    values["amount"] = payload.amount if payload.type == "INCOME" else -abs(payload.amount)
    values["currency"] = payload.currency or owner.currency
    values["date"] = payload.date or timezone.localdate()
    return Transaction(owner=owner, **values)


@api.get("/transactions", response=list[TransactionOut])
@paginate(Pages)
def list_transactions(request: Any) -> Any:
    return rows_of(request)


@api.get("/transactions/export", response=list[TransactionOut])
def export(request: Any) -> Any:
    return rows_of(request)


@api.get("/transactions/summary")
def summary(request: Any, year: int) -> Any:
    rows = (
        rows_of(request)
        .filter(date__year=year)
        .values("currency", "category__name", month=TruncMonth("date"))
        .annotate(
            income=Sum("amount", filter=Q(type="INCOME"), default=Decimal(0)),
            expense=Sum("amount", filter=Q(type="EXPENSE"), default=Decimal(0)),
            net=Sum("amount"),
            count=Count("id"),
        )
        .order_by("month", "category__name", "currency")
    )
    return {
        "results": [{"category": row.pop("category__name"), **row, "month": f"{row['month']:%Y-%m}"} for row in rows]
    }


@api.get("/transactions/{uuid:row_id}", response=TransactionOut)
def retrieve(request: Any, row_id: UUID) -> Any:
    return get_object_or_404(rows_of(request), id=row_id)


@api.post("/transactions", response={201: TransactionOut})
def create(request: Any, payload: TransactionIn) -> Any:
    names = Category.objects.filter(owner=request.auth, name=payload.category) if payload.category else ()
    row = row_from(request.auth, payload, {category.name: category for category in names})
    row.save(force_insert=True)
    return 201, row


@api.post("/transactions/bulk", response={201: list[TransactionOut]})
def create_many(request: Any, payload: list[TransactionIn]) -> Any:
    categories = {category.name: category for category in Category.objects.filter(owner=request.auth)}
    return 201, Transaction.objects.bulk_create([row_from(request.auth, one, categories) for one in payload])


urlpatterns = [path("", api.urls)]
