"""FastAPI with SQLAlchemy's async session over asyncpg."""

import datetime
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from .common import DATABASE_URL, PAGE_SIZE, subject_of
from .tables import Category, Transaction, User, rows_of, summary_of, today

engine = create_async_engine(DATABASE_URL.replace("postgres:", "postgresql+asyncpg:"))
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class TransactionIn(BaseModel):
    type: Literal["INCOME", "EXPENSE"]
    description: str = Field(min_length=1, max_length=200)
    amount: Decimal = Field(max_digits=15, decimal_places=2)
    currency: str | None = Field(None, pattern="^[A-Z]{3}$")
    date: datetime.date | None = None
    category: str | None = None
    notes: str = Field("", max_length=2000)
    external_id: str | None = Field(None, min_length=1, max_length=255)


class TransactionOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

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


class Page(BaseModel):
    next: str | None
    previous: str | None
    results: list[TransactionOut]


async def session_of() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(session_of)]


async def owner_of(
    session: Session, credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]
) -> User:
    query = select(User).where(User.subject == subject_of(credentials.credentials), User.is_active)
    owner = (await session.scalars(query)).first()
    if owner is None:
        raise HTTPException(401, "The token is not valid.")
    return owner


Owner = Annotated[User, Depends(owner_of)]


def row_from(owner: User, payload: TransactionIn, categories: dict[str, Category]) -> Transaction:
    values = payload.model_dump(exclude={"category"})
    if payload.category is not None and payload.category not in categories:
        raise HTTPException(400, "You have no category with this name.")
    if payload.type == "INCOME" and payload.amount < 0:
        raise HTTPException(400, "An income is above zero.")
    values["category_row"] = categories.get(payload.category) if payload.category else None
    values["amount"] = payload.amount if payload.type == "INCOME" else -abs(payload.amount)
    values["currency"] = payload.currency or owner.currency
    values["date"] = payload.date or today()
    return Transaction(owner_id=owner.id, **values)


@app.get("/transactions")
async def list_transactions(
    request: Request, session: Session, owner: Owner, page: Annotated[int, Query(ge=1)] = 1
) -> Page:
    start = (page - 1) * PAGE_SIZE
    count = await session.scalar(select(func.count()).where(Transaction.owner_id == owner.id)) or 0
    rows = (await session.scalars(rows_of(owner).offset(start).limit(PAGE_SIZE))).all()
    return Page(
        next=str(request.url.include_query_params(page=page + 1)) if start + PAGE_SIZE < count else None,
        previous=str(request.url.include_query_params(page=page - 1)) if page > 1 else None,
        results=[TransactionOut.model_validate(row) for row in rows],
    )


@app.get("/transactions/export", response_model=list[TransactionOut])
async def export(session: Session, owner: Owner) -> Any:
    return (await session.scalars(rows_of(owner))).all()


@app.get("/transactions/summary")
async def summary(session: Session, owner: Owner, year: int) -> dict[str, Any]:
    return {"results": [dict(row) for row in (await session.execute(summary_of(owner, year))).mappings()]}


@app.get("/transactions/{row_id}", response_model=TransactionOut)
async def retrieve(session: Session, owner: Owner, row_id: UUID) -> Any:
    row = (await session.scalars(rows_of(owner).where(Transaction.id == row_id))).first()
    if row is None:
        raise HTTPException(404, "There is no such transaction.")
    return row


@app.post("/transactions", status_code=201, response_model=TransactionOut)
async def create(session: Session, owner: Owner, payload: TransactionIn) -> Any:
    query = select(Category).where(Category.owner_id == owner.id, Category.name == payload.category)
    found = (await session.scalars(query)).all() if payload.category else ()
    row = row_from(owner, payload, {category.name: category for category in found})
    session.add(row)
    await session.commit()
    return row


@app.post("/transactions/bulk", status_code=201, response_model=list[TransactionOut])
async def create_many(session: Session, owner: Owner, payload: list[TransactionIn]) -> Any:
    found = await session.scalars(select(Category).where(Category.owner_id == owner.id))
    categories = {category.name: category for category in found}
    rows = [row_from(owner, one, categories) for one in payload]
    session.add_all(rows)
    await session.commit()
    return rows
