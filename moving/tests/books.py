"""A ledger with rows of every kind, and what there is to compare of one."""

import datetime
import json
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import Model
from rest_framework.test import APIClient

from conftest import client_of
from ledgers.models import Ledger
from moving.files import FILES
from statements.models import ImportProfile
from statements.tests.plans import CSV, commit, undo, upload
from transactions.models import MonthTotal, TransactionTag
from transactions.triggers import differences
from users.models import User

NAMED = b"Date,Description,Amount,Balance,Category,Tags\n2026-11-05,Zoo,-3.00,7.00,Fun,new\n2026-11-06,a,x,,,\n"
MONDAY = datetime.date(2026, 11, 2)


def ok(response: Any) -> Any:
    """Return the JSON of a good response."""
    assert response.status_code < 300, response.content
    return response.json() if response.content else None


def fill(owner: User) -> None:
    """Write, change, delete and undo rows of every kind."""
    client = client_of(owner)
    ok(client.patch("/me", {"currency": "EUR", "month_start": 25, "language": "de", "time_zone": "Asia/Tokyo"}))
    ok(client.post("/accounts", {"name": "Bank", "opening": {"date": "2026-10-31", "balance": "100.50"}}))
    ok(client.post("/accounts", {"name": "Wörk", "kind": "card", "currency": "JPY", "identifier": "DE 1"}))
    ok(client.post("/categories", {"name": "Food", "group": "Living"}))
    ok(client.post("/categories", {"name": "Secret", "excluded": True}))
    for name in ("trip", "Ünïcode"):
        ok(client.post("/tags", {"name": name}))
    many = [
        {"description": "=1+1", "amount": "0.01", "notes": 'line\n"two"\\u0000', "category": "Food", "tags": ["trip"]},
        {"description": "日本", "amount": "99999999999.99", "external_id": "a\\b", "tags": ["Ünïcode", "trip"]},
        {"description": "gone", "amount": 3, "account": "Bank", "date": "2026-11-05"},
        {"description": "whole", "amount": 10, "account": "Bank", "date": "2026-11-06"},
        {"description": "yen", "amount": 1200, "account": "Wörk", "category": "Secret"},
    ]
    rows = ok(client.post("/expenses/bulk", many))
    ok(client.post("/incomes", {"description": "Pay", "amount": "2000.00", "currency": "KWD", "date": "1900-01-01"}))
    ok(client.put(f"/transactions/{rows[3]['id']}/split", {"parts": [{"amount": 4}, {"amount": 6, "tags": ["trip"]}]}))
    ok(client.patch(f"/transactions/{rows[0]['id']}", {"amount": "0.02", "category": None}))
    ok(client.delete(f"/transactions/{rows[2]['id']}"))
    ok(client.patch(f"/categories/{client.get('/categories').json()['results'][0]['id']}", {"name": "Meals"}))
    ok(client.post("/transfers", {"from": "Bank", "to": None, "amount": 5, "date": str(MONDAY)}))
    ok(client.post("/transfers", {"from": "Bank", "to": "Wörk", "amount": 5, "received": 800}))
    ok(client.put("/accounts/" + _id(client, "Bank") + "/checks/2026-10-31", {"balance": "100.50", "locked": True}))
    ok(client.put("/accounts/" + _id(client, "Wörk") + "/checks/2026-11-20", {"balance": 1}))
    ok(client.patch("/me", {"account": "Bank"}))
    when = {"words": ["tram"], "account": "Bank", "amount_max": "3.50"}
    rule = ok(client.post("/rules", {"when": when, "set": {"category": "Meals", "tags": ["trip"]}}))
    ok(client.patch(f"/rules/{rule['id']}", {"name": "Trams"}))
    kept = upload(client, CSV, account="Bank")
    commit(client, kept)
    undo(client, commit(client, upload(client, CSV.replace(b"Coffee", b"Tea"), account="Bank")))
    upload(client, CSV.replace(b"Coffee", b"Draft"), account="Bank")
    made = {"account": "Giro", "create_account": "true", "currency": "EUR", "create_categories": "true"}
    commit(client, upload(client, NAMED, **made))
    commit(client, upload(client, NAMED.replace(b"Zoo", b"Pub"), account="Bank", decimal=".", save_profile="true"))
    ImportProfile.objects.create(
        owner=owner, account_id=UUID(_id(client, "Bank")), shape="csv", options={"date_order": "DMY", "header": 0}
    )
    out, into = (
        ok(client.post(path, {"description": "pair", "amount": 7, "account": account, "date": str(MONDAY)}))
        for path, account in (("/expenses", "Bank"), ("/incomes", _other(client)))
    )
    ok(client.post("/transfers/rejections", {"expense": out["id"], "income": into["id"]}))
    ok(client.post("/rules", {"when": {"words": ["rewe"], "account": "Bank"}, "set": {"tags": ["trip"]}}))
    last = ok(client.get("/revisions?page_size=1"))["results"][0]["number"]
    ok(client.post(f"/revisions/{last}/undo", {}))
    ok(client.post("/revisions/" + str(last + 1) + "/undo", {}))


def _other(client: APIClient) -> str:
    ok(client.post("/accounts", {"name": "Purse"}))
    return "Purse"


def _id(client: APIClient, name: str) -> str:
    return str(next(row["id"] for row in ok(client.get("/accounts"))["results"] if row["name"] == name))


def exported(owner: User) -> bytes:
    """Return the zip of everything of the owner."""
    response: Any = client_of(owner).get("/me/export")
    assert response.status_code == 200, response.content
    return b"".join(response)


def restored(owner: User, content: bytes, status: int = 200, **headers: str) -> Any:
    """Send the zip as the owner; return the response."""
    client = client_of(owner)
    file = SimpleUploadedFile("cashman.zip", content, "application/zip")
    response = client.post("/me/import", {"file": file}, format="multipart", headers=headers)
    assert response.status_code == status, response.content
    return response


def everything(owner: User) -> dict[str, Any]:
    """Return all that there is of the owner's ledger: rows, history, totals, and what /changes tells from nothing."""
    owner.refresh_from_db()
    found: dict[str, Any] = {}
    models: list[type[Model]] = [*(file.model for file in FILES), MonthTotal, TransactionTag]
    for model in models:
        field = "ledger" if hasattr(model, "ledger_id") else "owner"
        rows = model._base_manager.filter(**{field: owner.pk}).order_by("pk").values()
        found[model.__name__] = [
            {key: row[key] for key in row.keys() - {"owner_id", "ledger_id", "by_id"}} for row in rows
        ]
    for change in found["Change"]:
        change["before"] = _comparable(change["before"])
    found["ledger"] = list(Ledger.objects.filter(pk=owner.pk).values_list("revision", "kept_from")) or [(0, 0)]
    found["user"] = [getattr(owner, name) for name in ("currency", "time_zone", "month_start", "language", "account")]
    client, path = client_of(owner), "/changes?limit=50"
    found["changes"] = []
    while path:
        page = ok(client.get(path))
        found["changes"] += page["changes"]
        path = f"/changes?limit=50&since={page['cursor']}" if page["more"] else ""
    found["history"] = ok(client.get("/revisions?page_size=100"))["results"]
    assert differences(connection) == []
    return found


def _comparable(before: str) -> Any:
    """Return what a row was, whichever database has written it."""
    values = json.loads(before) if before else {}
    for name, value in values.items():
        if name.endswith("_at"):
            values[name] = datetime.datetime.fromisoformat(value).replace(tzinfo=None)
        elif isinstance(value, str):
            values[name] = value.replace("-", "")
        elif isinstance(value, bool):
            values[name] = int(value)
    return values


def contents(content: bytes) -> dict[str, bytes]:
    """Return the files of a zip."""
    with ZipFile(BytesIO(content)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def packed(files: dict[str, bytes], compression: int = ZIP_DEFLATED) -> bytes:
    """Return a zip of the files."""
    target = BytesIO()
    with ZipFile(target, "w", compression) as into:
        for name, content in files.items():
            into.writestr(name, content)
    return target.getvalue()
