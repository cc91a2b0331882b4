"""The Flask app that tutorials begin with: a list in memory, without users, filters or pages.

It starts with SEED's newest rows, so that it answers what the others do. What it is sent lives as long as its process,
and each process has a list of its own.
"""

import os
from typing import Any

import psycopg2
from flask import Flask, abort, jsonify, request
from psycopg2.extras import RealDictCursor

from .common import DATABASE_URL, PAGE_SIZE, bearer_of
from .schema import TransactionSchema

SEED = """
SELECT t.id, t.type, t.description, (t.amount / 10000.0)::numeric(15, 2) AS amount, t.currency, t.date,
       c.name AS category, t.notes, t.external_id, t.version, t.created_at, t.updated_at
FROM transactions_transaction t JOIN users_user u ON u.id = t.owner_id
LEFT JOIN transactions_category c ON c.id = t.category_id
WHERE u.subject = %s ORDER BY t.date DESC, t.id DESC LIMIT %s
"""

schema = TransactionSchema()
app = Flask(__name__)
app.json.sort_keys = False  # type: ignore[attr-defined]  # the stub knows the base alone

with psycopg2.connect(DATABASE_URL) as connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
    cursor.execute(SEED, [os.environ["SEED"], PAGE_SIZE])
    transactions: list[Any] = cursor.fetchall()
connection.close()


@app.before_request
def check_token() -> None:
    if bearer_of(request.headers.get("Authorization")) is None:
        abort(401)


@app.get("/transactions")
def list_transactions() -> Any:
    return jsonify(results=schema.dump(transactions, many=True))


@app.post("/transactions")
def create() -> Any:
    transactions.append(schema.load(request.get_json()))
    return "", 204
