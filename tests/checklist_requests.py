"""What must work, through every door, once the checklists were followed. `test_checklists.py` runs it in a copy."""

import datetime
from typing import Any

from django.test import Client
from rest_framework.test import APIClient

from cashman_project.api.tests.forms import fields_of
from conftest import client_of
from moving.tests.books import exported, restored
from statements.tests.plans import CSV, commit, rows_of, undo, upload
from transactions.models import Transaction
from transactions.serializers import TransactionSerializer
from transactions.services.usual_notation import find_notation
from transactions.tests.test_api_spreadsheets import rows_of as cells_of
from users.models import User

PIZZA = {"description": "pizza", "amount": 50, "payee": "Luigi"}


def test_a_field_works_through_every_door(
    as_alice: APIClient, as_outsider: APIClient, as_staff: Client, alice: User
) -> None:
    assert "payee" in find_notation(TransactionSerializer).inserted  # creation is as fast as before
    row = as_alice.post("/expenses", PIZZA).json()
    path = f"/expenses/{row['id']}"
    many: Any = as_alice.post(
        "/expenses", [PIZZA, {"description": "x", "amount": 1}, PIZZA | {"payee": " Ada "}]
    ).json()
    assert [row["payee"], *(one["payee"] for one in many)] == ["Luigi", "Luigi", "", "Ada"]
    for wrong in ("two\nlines", 101 * "x", None, 5):
        refused = as_alice.post("/expenses", PIZZA | {"payee": wrong})
        assert (refused.status_code, [one["field"] for one in refused.json()["errors"]]) == (400, ["payee"])

    assert as_alice.patch(path, {"payee": "Mario"}).json()["payee"] == "Mario"
    changed = as_alice.patch("/transactions", [{"id": row["id"], "payee": "Toad"}]).json()
    listed = as_alice.get("/expenses").json()["results"]  # which the database writes
    assert changed[0] in listed
    assert sorted(one["payee"] for one in listed) == ["", "Ada", "Luigi", "Toad"]
    export: Any = as_alice.get("/expenses.csv")
    lines = b"".join(export.streaming_content).decode().splitlines()
    assert "payee" in lines[0].split(",")
    assert [line.count("Toad") for line in lines].count(1) == 1
    assert [one["payee"] for one in as_alice.get("/expenses?payee=Toad").json()["results"]] == ["Toad"]
    assert as_outsider.get("/expenses?payee=Toad").json()["results"] == []
    assert as_outsider.get(path).status_code == 404
    total = as_alice.get("/summary").json()["results"][0]
    assert (total["expense"], total["count"]) == ("-151.00", 4)  # so the triggers are there

    browser = Client()
    browser.force_login(alice)
    form = {"description": "calzone", "amount": "9", "payee": "Peach"}
    assert browser.post("/expenses", form, headers={"Accept": "text/html"}).status_code == 303
    rows: Any = Transaction.objects
    made = rows.get(payee="Peach")
    page = browser.get(f"/expenses/{made.pk}", headers={"Accept": "text/html"}).content.decode()
    assert "<dt>Payee</dt><dd>Peach</dd>" in page
    listed_page = browser.get("/expenses", headers={"Accept": "text/html"}).content.decode()
    assert {'name="payee"' in part for part in listed_page.split("Filter and sort")} == {True}  # new row, and filter

    admin = f"/admin/transactions/expense/{made.pk}/change/"
    sent = fields_of(as_staff.get(admin), "expense_form")
    as_staff.post(admin, sent | {"payee": "Bowser"})
    assert rows.get(pk=made.pk).payee == "Bowser"
    schema = as_alice.get("/schema", headers={"Accept": "application/json"}).json()["components"]["schemas"]
    assert schema["Expense"]["properties"]["payee"]["maxLength"] == 100


def test_a_field_is_kept_and_taken_back(as_alice: APIClient, alice: User, bob: User) -> None:
    as_alice.post("/accounts", {"name": "Bank"})
    plan = commit(as_alice, upload(as_alice, CSV, account="Bank"))
    rent = rows_of(as_alice, plan["id"])[0]["transaction"]
    path = f"/expenses/{rent}"
    as_alice.patch(path, {"payee": "Landlady"})
    assert undo(as_alice, plan)["kept"] == [rent]  # it was edited since

    assert as_alice.patch(path, {"payee": "Landlord"}).json()["payee"] == "Landlord"
    changed = {"field": "payee", "old": "Landlady", "new": "Landlord"}
    assert as_alice.get(f"{path}/history").json()["results"][0]["changes"] == [changed]
    number = as_alice.get("/revisions").json()["results"][0]["number"]
    assert as_alice.post(f"/revisions/{number}/undo", {}).status_code == 201
    row = as_alice.get(path).json()
    assert row["payee"] == "Landlady"
    assert as_alice.put(path, {name: row[name] for name in row if name != "payee"}).json()["payee"] == "Landlady"
    assert row in [one["data"] for one in as_alice.get("/changes").json()["changes"]]
    assert [one["payee"].value for one in cells_of(as_alice, "/expenses.xlsx")] == ["Landlady"]

    content = exported(alice)
    alice.delete()
    restored(bob, content)
    assert [one["payee"] for one in client_of(bob).get("/expenses").json()["results"]] == ["Landlady"]


def test_a_resource_works(as_alice: APIClient, as_bob: APIClient, as_outsider: APIClient, alice: User) -> None:
    row = as_alice.post("/labels", {"name": "Trip"}).json()
    path = f"/labels/{row['id']}"
    as_bob.post("/labels", {"name": "Trip"})
    for name, status in (("tRIP", 409), ("\u200b", 400), ("x" * 101, 400)):
        assert as_alice.post("/labels", {"name": name}).status_code == status
    changed = as_alice.patch(path, {"name": "Journey"}).json()
    assert as_alice.get("/labels").json()["results"] == [changed] == [as_alice.get(path).json()]
    for method in ("get", "patch", "delete"):
        assert getattr(as_outsider, method)(path).status_code == 404
    browser = Client()
    browser.force_login(alice)
    for place in ("/labels", path):
        assert "Journey" in browser.get(place, headers={"Accept": "text/html"}).content.decode()
    assert as_alice.delete(path).status_code == 204
    assert as_alice.get("/labels").json()["results"] == []
    assert len(as_bob.get("/labels").json()["results"]) == 1


def test_a_grouping_works(as_alice: APIClient, as_outsider: APIClient) -> None:
    first = datetime.date(2019, 12, 25)
    days = [first + datetime.timedelta(days=number) for number in range(0, 3000, 3)]
    as_alice.post("/expenses", [{"description": "x", "amount": 1, "date": str(day)} for day in days])

    rows = as_alice.get("/summary?group_by=weekday").json()["results"]

    weekdays = [f"{day:%u}" for day in days]
    assert {row["weekday"]: row["count"] for row in rows} == {day: weekdays.count(day) for day in weekdays}
    assert as_outsider.get("/summary?group_by=weekday").json()["results"] == []
