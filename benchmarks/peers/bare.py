"""The limit: a WSGI function and one statement by psycopg2, which checks the user and lets PostgreSQL write the JSON.

It keeps no rule but the owner's: no validation, no error has a body, nothing but these four requests is answered.
"""

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import psycopg2
from uuid_utils.compat import uuid7

from .common import DATABASE_URL, KEY, PAGE_SIZE

SHOWN = """
SELECT string_agg(row_to_json(shown)::text, ',' {order}) FROM {rows} t
LEFT JOIN transactions_category c ON c.id = t.category_id
CROSS JOIN LATERAL (
    SELECT t.id, t.type, t.description, (t.amount / 10000.0)::numeric(15, 2)::text AS amount, t.currency, t.date,
           c.name AS category, t.notes, t.external_id, t.version, t.created_at, t.updated_at
) shown
"""
OWNER = "SELECT id, currency FROM users_user WHERE subject = %s AND is_active"
NEWEST = "ORDER BY t.date DESC, t.id DESC"
PAGE = f"""
WITH u AS ({OWNER}), page AS (
    SELECT t.*, row_number() OVER ({NEWEST}) AS place
    FROM u, transactions_transaction t WHERE t.owner_id = u.id {NEWEST} LIMIT {PAGE_SIZE} + 1
) {
    SHOWN.format(rows="page", order=NEWEST).replace(
        " FROM page",
        ''' FILTER (WHERE place <= %s),
    (SELECT '"/transactions?before=' || date || ',' || id || '"' FROM page WHERE place = %s
     AND EXISTS (SELECT FROM page WHERE place > %s)) FROM page''',
    )
}
"""
ROW = f"""
WITH u AS ({OWNER}), found AS (
    SELECT t.* FROM u, transactions_transaction t WHERE t.owner_id = u.id AND t.id = %s
) {SHOWN.format(rows="found", order="")}
"""
CREATE = f"""
WITH u AS ({OWNER}), made AS (
    INSERT INTO transactions_transaction (
        id, owner_id, type, description, amount, currency, date, category_id, notes, version, created_at, updated_at
    )
    SELECT {{id}}, u.id, sent.type, description,
           CASE sent.type WHEN 'EXPENSE' THEN -abs(sent.amount) ELSE sent.amount END * 10000,
           coalesce(sent.currency, u.currency), coalesce(sent.date, current_date), c.id, coalesce(sent.notes, ''), 1,
           now(), now()
    FROM u CROSS JOIN json_to_recordset({{sent}}) AS sent(
        type text, description text, amount numeric, currency text, date date, category text, notes text
    )
    LEFT JOIN transactions_category c ON c.owner_id = u.id AND c.name = sent.category
    RETURNING *
) {SHOWN.format(rows="made", order="")}
"""
CREATE_ONE = CREATE.format(id="%s", sent="json_build_array(%s::json)")
CREATE_MANY = CREATE.format(id="gen_random_uuid()", sent="%s")

local = threading.local()


def run(sql: str, *parameters: Any) -> Any:
    if not hasattr(local, "cursor"):
        connection = psycopg2.connect(DATABASE_URL)
        connection.autocommit = True
        local.cursor = connection.cursor()
    local.cursor.execute(sql, parameters)
    return local.cursor.fetchone()


def subject_of(header: str) -> str | None:
    """Return the subject of a Bearer token signed with HS256, None if it isn't valid."""
    signed, _, signature = header.removeprefix("Bearer ").rpartition(".")
    expected = base64.urlsafe_b64encode(hmac.digest(KEY.encode(), signed.encode(), "sha256")).rstrip(b"=")
    if not hmac.compare_digest(expected, signature.encode()):
        return None
    claims = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
    return claims["sub"] if claims["exp"] > time.time() else None


def answer(environ: dict[str, Any]) -> str | None:
    subject = subject_of(environ.get("HTTP_AUTHORIZATION", ""))
    path = environ["PATH_INFO"]
    if environ["REQUEST_METHOD"] == "POST":
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
        if body.startswith("["):
            return f"[{run(CREATE_MANY, subject, body)[0]}]"
        return run(CREATE_ONE, subject, str(uuid7()), body)[0]
    if path == "/transactions":
        rows, url = run(PAGE, subject, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE)
        return rows and f'{{"next":{url or "null"},"previous":null,"results":[{rows}]}}'
    return run(ROW, subject, str(UUID(path.removeprefix("/transactions/"))))[0]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    content = (answer(environ) or "").encode()
    if not content:  # no such user or row
        start_response("404 Not Found", [("Content-Length", "0")])
        return []
    status = "201 Created" if environ["REQUEST_METHOD"] == "POST" else "200 OK"
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
    return [content]
