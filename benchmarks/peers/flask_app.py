"""Flask with SQLAlchemy's session over psycopg2, and marshmallow."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from flask import Flask, Response, abort, g, jsonify, request, url_for
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import scoped_session, sessionmaker

from .common import DATABASE_URL, PAGE_SIZE, bearer_of
from .schema import TransactionSchema
from .tables import Category, Transaction, User, rows_of, summary_of

engine = create_engine(DATABASE_URL.replace("postgres:", "postgresql+psycopg2:"))
session = scoped_session(sessionmaker(engine, expire_on_commit=False))
schema = TransactionSchema()
app = Flask(__name__)
app.json.sort_keys = False  # type: ignore[attr-defined]  # the stub knows the base alone


@app.before_request
def find_owner() -> None:
    query = select(User).where(User.subject == bearer_of(request.headers.get("Authorization")), User.is_active)
    g.owner = session.scalars(query).first() or abort(401)


@app.teardown_appcontext
def remove_session(_: BaseException | None) -> None:
    session.remove()


def row_from(values: dict[str, Any], categories: dict[str, Category]) -> Transaction:
    name = values.pop("category", None)
    if name is not None and name not in categories:
        abort(400, "You have no category with this name.")
    if values["type"] == "EXPENSE":
        values["amount"] = -abs(values["amount"])
    elif values["amount"] < 0:
        abort(400, "An income is above zero.")
    category = categories.get(name) if name else None
    return Transaction(**{"currency": g.owner.currency, **values}, owner_id=g.owner.id, category_row=category)


def valid(handler: Callable[[Any], Any]) -> Callable[[], Any]:
    """Call the handler with what the request's body holds, one or many."""

    @wraps(handler)
    def wrapper() -> Any:
        body = request.get_json()
        if faults := schema.validate(body, many=isinstance(body, list)):
            abort(400, str(faults))
        return handler(schema.load(body, many=isinstance(body, list)))

    return wrapper


@app.get("/transactions")
def list_transactions() -> Response:
    page = request.args.get("page", 1, int)
    start = (page - 1) * PAGE_SIZE
    count = session.scalar(select(func.count()).where(Transaction.owner_id == g.owner.id)) or 0
    rows = session.scalars(rows_of(g.owner).offset(start).limit(PAGE_SIZE)).all()

    def link(number: int) -> str:
        return url_for("list_transactions", page=number, _external=True)

    return jsonify(
        next=link(page + 1) if start + PAGE_SIZE < count else None,
        previous=link(page - 1) if page > 1 else None,
        results=schema.dump(rows, many=True),
    )


@app.get("/transactions/export")
def export() -> Response:
    return jsonify(schema.dump(session.scalars(rows_of(g.owner)).all(), many=True))


@app.get("/transactions/summary")
def summary() -> Response:
    rows = session.execute(summary_of(g.owner, int(request.args["year"]))).mappings()
    return jsonify(results=[dict(row) for row in rows])


@app.get("/transactions/<uuid:row_id>")
def retrieve(row_id: UUID) -> Any:
    return schema.dump(session.scalars(rows_of(g.owner).where(Transaction.id == row_id)).first() or abort(404))


@app.post("/transactions")
@valid
def create(values: dict[str, Any]) -> Any:
    query = select(Category).where(Category.owner_id == g.owner.id, Category.name == values.get("category"))
    found = session.scalars(query).all() if values.get("category") else ()
    row = row_from(values, {category.name: category for category in found})
    session.add(row)
    session.commit()
    return schema.dump(row), 201


@app.post("/transactions/bulk")
@valid
def create_many(payload: list[dict[str, Any]]) -> Any:
    found = session.scalars(select(Category).where(Category.owner_id == g.owner.id))
    categories = {category.name: category for category in found}
    rows = [row_from(values, categories) for values in payload]
    session.add_all(rows)
    session.commit()
    return jsonify(schema.dump(rows, many=True)), 201
