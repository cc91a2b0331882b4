"""django-bolt: a server in Rust that checks the tokens, handlers over Django's models, answers by msgspec.

The handlers are coroutines, as its documentation wants them; rows are read by one hop into a thread.
"""

import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django_bolt import BoltAPI
from django_bolt.auth import IsAuthenticated, JWTAuthentication
from django_bolt.exceptions import HTTPException
from msgspec import Meta, Struct

from .common import KEY, PAGE_SIZE
from .models import Category, Transaction, User

api = BoltAPI(enable_logging=False)
urlpatterns: list[Any] = []
read = sync_to_async(list)
SECURED: dict[str, Any] = {"auth": [JWTAuthentication(secret=KEY)], "guards": [IsAuthenticated()]}


class TransactionIn(Struct):
    type: Literal["INCOME", "EXPENSE"]
    description: Annotated[str, Meta(min_length=1, max_length=200)]
    amount: Decimal
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] | None = None
    date: datetime.date | None = None
    category: str | None = None
    notes: Annotated[str, Meta(max_length=2000)] = ""
    external_id: Annotated[str, Meta(min_length=1, max_length=255)] | None = None


class TransactionOut(Struct):
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


class Page(Struct):
    next: str | None
    previous: str | None
    results: list[TransactionOut]


async def owner_of(request: Any) -> User:
    user = await User.objects.filter(subject=request["context"]["user_id"], is_active=True).afirst()
    if user is None:
        raise HTTPException(401, "The user of this token is gone.")
    return user


async def rows_of(request: Any) -> QuerySet:
    return Transaction.objects.filter(owner=await owner_of(request)).select_related("category")


def shown(row: Transaction) -> TransactionOut:
    return TransactionOut(
        id=row.id,
        type=row.type,
        description=row.description,
        amount=row.amount,
        currency=row.currency,
        date=row.date,
        category=row.category.name if row.category else None,
        notes=row.notes,
        external_id=row.external_id,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def row_from(owner: User, payload: TransactionIn, categories: dict[str, Category]) -> Transaction:
    exponent = payload.amount.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -2 or (payload.type == "INCOME" and payload.amount < 0):
        raise HTTPException(400, "Not an amount.")
    if payload.category is not None and payload.category not in categories:
        raise HTTPException(400, "You have no category with this name.")
    return Transaction(
        owner=owner,
        type=payload.type,
        description=payload.description,
        amount=payload.amount if payload.type == "INCOME" else -abs(payload.amount),
        currency=payload.currency or owner.currency,
        date=payload.date or timezone.localdate(),
        category=categories.get(payload.category) if payload.category else None,
        notes=payload.notes,
        external_id=payload.external_id,
    )


@api.get("/transactions", response_model=Page, **SECURED)
async def list_transactions(request: Any, page: int = 1) -> Any:
    rows = await rows_of(request)
    start, count = (page - 1) * PAGE_SIZE, await rows.acount()
    return Page(
        next=f"/transactions?page={page + 1}" if start + PAGE_SIZE < count else None,
        previous=f"/transactions?page={page - 1}" if page > 1 else None,
        results=[shown(row) for row in await read(rows[start : start + PAGE_SIZE])],
    )


@api.get("/transactions/export", response_model=list[TransactionOut], **SECURED)
async def export(request: Any) -> Any:
    return [shown(row) for row in await read(await rows_of(request))]


@api.get("/transactions/summary", **SECURED)
async def summary(request: Any, year: int) -> Any:
    rows = (
        (await rows_of(request))
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
    results = await read(rows)
    return {
        "results": [{"category": row.pop("category__name"), **row, "month": f"{row['month']:%Y-%m}"} for row in results]
    }


@api.get("/transactions/{row_id}", response_model=TransactionOut, **SECURED)
async def retrieve(request: Any, row_id: str) -> Any:
    row = await (await rows_of(request)).filter(id=UUID(row_id)).afirst()
    if row is None:
        raise HTTPException(404, "There is no such transaction.")
    return shown(row)


@api.post("/transactions", status_code=201, response_model=TransactionOut, **SECURED)
async def create(request: Any, payload: TransactionIn) -> Any:
    owner = await owner_of(request)
    names = await read(Category.objects.filter(owner=owner, name=payload.category)) if payload.category else ()
    row = row_from(owner, payload, {category.name: category for category in names})
    await row.asave(force_insert=True)
    return shown(row)
