"""Plans: what is read from a file, what is asked, and what a file may not be."""

from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from statements.formats import reading
from statements.models import Import, ImportFile, ImportRow
from statements.services import plans
from statements.services.plans import MOST_PREVIEWS, Said, create_plan, draft, prepare
from statements.services.retention import KEPT, delete_old_plans
from statements.services.storage import pack
from statements.tests.compared import OWN
from statements.tests.plans import CSV, HEADER, commit, rows_of, undo, upload, verdicts
from transactions.models import Account, Category, Tag, Transaction
from users.models import User

AMBIGUOUS = HEADER + b"01/02/2026,BAKERY,-3.00\n02/03/2026,SHOES,-9.00\n"


@pytest.fixture
def bank(alice: User) -> Account:
    return Account.objects.create(owner=alice, name="Bank", currency="EUR")


# -- Questions --------------------------------------------------------------------------------


def test_what_is_ambiguous_is_asked_and_answered(as_alice: APIClient, bank: Account) -> None:
    plan = upload(as_alice, AMBIGUOUS, account="Bank").json()
    [question] = plan["questions"]
    assert question["option"] == "date_format"
    assert {choice["value"]: choice["reading"] for choice in question["choices"]} == {
        "DMY": "2026-02-01",
        "MDY": "2026-01-02",
    }
    refused = as_alice.post(f"/imports/{plan['id']}/commit", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "unanswered")

    changed = as_alice.patch(f"/imports/{plan['id']}", {"date_format": "MDY"})

    assert changed.status_code == 200
    assert changed.json()["questions"] == []
    assert changed.json()["options"] == {"account": "Bank", "date_format": "MDY"}
    assert [row["date"] for row in rows_of(as_alice, plan["id"])] == ["2026-01-02", "2026-02-03"]
    back = as_alice.patch(f"/imports/{plan['id']}", {"date_format": None})
    assert [question["option"] for question in back.json()["questions"]] == ["date_format"]


def test_the_account_is_asked(as_alice: APIClient, alice: User, bob: User, bank: Account) -> None:
    Account.objects.create(owner=alice, name="Old", currency="EUR", archived=True)
    Account.objects.create(owner=bob, name="Bobs", currency="EUR")

    for options in ({}, {"account": "Bobs"}):
        plan = upload(as_alice, CSV, **options).json()
        [question] = plan["questions"]
        assert (question["option"], [choice["value"] for choice in question["choices"]]) == ("account", ["Bank"])
    changed = as_alice.patch(f"/imports/{plan['id']}", {"account": "Bank"}).json()
    assert (changed["account"], changed["counts"]["new"]) == ("Bank", 4)


def test_an_account_is_made_if_that_is_asked(as_alice: APIClient, alice: User) -> None:
    plan = upload(as_alice, CSV, account="Giro", create_account="true").json()
    assert [question["option"] for question in plan["questions"]] == ["currency"]
    plan = as_alice.patch(f"/imports/{plan['id']}", {"currency": "CHF"}).json()
    opening = {"date": "2026-10-31", "balance": "1000.00"}
    made = {"name": "Giro", "currency": "CHF", "identifier": None, "opening": opening}
    assert plan["makes"]["accounts"] == [made]
    assert not Account.objects.filter(owner=alice).exists()

    commit(as_alice, plan)

    account = Account.objects.get(owner=alice)
    assert (account.name, account.currency) == ("Giro", "CHF")
    assert {row.currency for row in Transaction.objects.filter(owner=alice)} == {"CHF"}


def test_a_line_in_another_currency_is_an_error(as_alice: APIClient, bank: Account) -> None:
    content = b"Date,Description,Amount,Currency\n2026-11-02,BAKERY,-3.00,USD\n"
    plan = upload(as_alice, content, account="Bank").json()
    row = rows_of(as_alice, plan["id"])[0]
    assert row["verdict"] == "error"
    assert "USD" in row["message"]
    assert as_alice.patch(f"/imports/{plan['id']}/rows/1", {"verdict": "new"}).status_code == 400


def test_names_are_left_out_or_made(as_alice: APIClient, alice: User, bank: Account) -> None:
    as_alice.post("/categories", {"name": "Food"})
    qif = b"!Type:Bank\nD31/12/2025\nT-5.10\nPTea\nLfood\n^\nD30/12/2025\nT-7\nPBus\nLTravel\n^\n"

    plan = upload(as_alice, qif, account="Bank").json()
    assert [row["category"] for row in rows_of(as_alice, plan["id"])] == ["Food", None]
    assert plan["left_out"] == {"categories": ["Travel"], "tags": []}

    changed = as_alice.patch(f"/imports/{plan['id']}", {"create_categories": True}).json()
    assert changed["makes"]["categories"] == ["Travel"]
    assert [row["category"] for row in rows_of(as_alice, plan["id"])] == ["Food", "Travel"]
    commit(as_alice, changed)
    assert set(Category.objects.filter(owner=alice).values_list("name", flat=True)) == {"Food", "Travel"}
    assert not Tag.objects.filter(owner=alice).exists()


# -- What is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\n", "empty"), (b"%PDF-1.7", "PDF"), (b"hello", "cell"), (b"\x00\x01\x02" * 50, "text")],
)
def test_what_is_no_statement_is_refused(content: bytes, words: str, as_alice: APIClient) -> None:
    response = as_alice.post("/imports", content, content_type="application/octet-stream")

    assert response.status_code == 400, response.content
    [error] = response.json()["errors"]
    assert (error["field"], error["code"]) == ("file", "unreadable")
    assert words in error["detail"]


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("decimal=;", "decimal", "invalid_choice"),
        ("format=xls", "format", "invalid_choice"),
        ("create_account=1", "create_account", "invalid"),
        ("currency=EU", "currency", "invalid_currency"),
        ("columns=date", "columns", "invalid"),
        ("columns=[]", "columns", "not_a_dict"),
        ("header=-1", "header", "invalid"),
        ("encoding=klingon", "file", "unreadable"),
        ("colour=red", "colour", "unknown_parameter"),
    ],
)
def test_options_are_strict(query: str, field: str, code: str, as_alice: APIClient) -> None:
    response = as_alice.post(f"/imports?{query}", CSV, content_type="text/csv")

    assert response.status_code == 400, response.content
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]


def test_a_form_has_one_file(as_alice: APIClient) -> None:
    for data in ({}, {"file": [BytesIO(CSV), BytesIO(CSV)]}):
        response = as_alice.post("/imports", data, format="multipart")
        assert [error["field"] for error in response.json()["errors"]] == ["file"]
    response = as_alice.post("/imports", {"file": BytesIO(CSV), "other": BytesIO(CSV)}, format="multipart")
    assert response.json()["code"] == "unknown_field"


def test_a_browser_may_send_forms(alice: User, bank: Account) -> None:
    browser = Client(headers={"Accept": "text/html"})
    browser.force_login(alice)
    sent: Any = browser.post("/imports", {"file": BytesIO(CSV), "account": "Bank"})
    assert (sent.status_code, sent["Location"].rpartition("/")[0]) == (303, "http://testserver/imports")
    path = sent["Location"].removeprefix("http://testserver")
    for page in ("/imports", path, f"{path}/rows", f"{path}/rows/1"):
        assert browser.get(page).status_code == 200, page
    assert browser.post("/imports", {"account": "Bank"}).status_code == 400
    for data in ({"_method": "PATCH", "decimal": "."}, {"_method": "DELETE"}):
        assert browser.post(path, data).status_code == 303, data

    path = browser.post("/imports", {"file": BytesIO(CSV), "account": "Bank"})["Location"]
    committed: Any = browser.post(f"{path}/commit", {})
    assert (committed.status_code, committed["Location"]) == (303, path)
    assert browser.post(path, {"_method": "DELETE"}).status_code == 303
    assert not Transaction.objects.filter(owner=alice).exists()


def test_a_file_may_have_twenty_megabytes(as_alice: APIClient, bank: Account) -> None:
    long = b"2026-11-01,%s,-1.00,1.00\n" % (b"x" * 9_000)
    content = CSV + long * ((settings.FILE_LIMIT - len(CSV)) // len(long))
    content += b" " * (settings.FILE_LIMIT - len(content))
    assert len(content) == 20_000_000
    for is_form in (True, False):
        path = "/imports?account=Bank"
        for data, status in ((content, 201), (content + b" ", 413)):
            body = {"file": BytesIO(data)} if is_form else data
            kind: Any = {"format": "multipart"} if is_form else {"content_type": "text/csv"}
            response = as_alice.post(path, body, **kind)
            assert response.status_code == status, response.content
        assert response.json()["code"] == "too_large"


def test_a_file_of_empty_lines_takes_little_time(as_alice: APIClient, bank: Account) -> None:
    content = CSV + b"\n" * 2_000_000
    response = as_alice.post("/imports?account=Bank", content, content_type="text/csv")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "file")


def test_a_file_may_have_as_many_lines_as_the_limit_says(
    as_alice: APIClient, bank: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS", 4)
    for content, status in ((CSV, 201), (CSV + b"2026-11-30,Tax,-1.00,2492.00\n", 400)):
        assert as_alice.post("/imports?account=Bank", content, content_type="text/csv").status_code == status


def test_larger_bodies_are_taken_by_no_other_path(as_alice: APIClient) -> None:
    large = b" " * (settings.BODY_LIMIT + 1)
    assert as_alice.post("/imports", large, content_type="text/csv").status_code == 400  # read, and empty
    for path in ("/expenses", "/imports/01a20000-0000-7000-8000-000000000000/commit"):
        assert as_alice.post(path, large, content_type="application/json").status_code == 413


def test_previews_are_few(as_alice: APIClient, alice: User, bob: User, bank: Account) -> None:
    said = Said({"account": "Bank"})
    for _time in range(MOST_PREVIEWS):
        create_plan(alice, pack(BytesIO(CSV)), "", prepare(alice, draft(alice, BytesIO(CSV), said)), said)

    response = as_alice.post("/imports?account=Bank", CSV, content_type="text/csv")

    assert (response.status_code, response.json()["code"]) == (409, "too_many_plans")
    assert not Import.objects.filter(owner=bob).exists()


# -- Lists, and who sees them -----------------------------------------------------------------


def test_plans_and_rows_are_paged(as_alice: APIClient, bank: Account) -> None:
    plans = [upload(as_alice, CSV, account="Bank").json()["id"] for _time in range(3)]
    seen, path = [], "/imports?page_size=2"
    while path:
        page = as_alice.get(path).json()
        seen += [plan["id"] for plan in page["results"]]
        path = page["next"]
    assert seen == plans[::-1]

    numbers, path = [], f"/imports/{plans[0]}/rows?page_size=3"
    while path:
        page = as_alice.get(path).json()
        numbers += [row["number"] for row in page["results"]]
        path, back = page["next"], page["previous"]
    assert numbers == [1, 2, 3, 4]
    assert [row["number"] for row in as_alice.get(back).json()["results"]] == [1, 2, 3]
    assert [row["number"] for row in rows_of(as_alice, plans[0], "&ordering=-number")] == [4, 3, 2, 1]
    as_alice.patch(f"/imports/{plans[0]}/rows/2", {"verdict": "skipped"})
    assert [row["number"] for row in rows_of(as_alice, plans[0], "&verdict=skipped")] == [2]
    assert as_alice.get(f"/imports/{plans[0]}/rows?verdict=good").status_code == 400


def test_nobody_else_sees_or_changes_an_import(
    as_alice: APIClient, as_bob: APIClient, as_outsider: APIClient, alice: User, bob: User, bank: Account
) -> None:
    Account.objects.create(owner=bob, name="Bank", currency="EUR")
    plan = upload(as_alice, CSV, account="Bank").json()
    path = f"/imports/{plan['id']}"
    for client in (as_bob, as_outsider):
        assert client.get("/imports").json()["results"] == []
        for method, below in (
            ("get", ""),
            ("get", "/rows"),
            ("get", "/rows/1"),
            ("patch", ""),
            ("patch", "/rows/1"),
            ("post", "/commit"),
            ("delete", ""),
        ):
            response = getattr(client, method)(f"{path}{below}", {} if method != "get" else None)
            assert response.status_code == 404, (method, below)
    commit(as_alice, plan)

    own = upload(as_bob, CSV, account="Bank").json()  # the same lines, and an account of the same name
    assert verdicts(as_bob, own["id"]) == ["new"] * 4
    row = rows_of(as_alice, plan["id"])[0]["transaction"]
    foreign = as_bob.patch(f"/imports/{own['id']}/rows/1", {"verdict": "match", "transaction": row})
    nobodys = as_bob.patch(
        f"/imports/{own['id']}/rows/1", {"verdict": "match", "transaction": "01a20000-0000-7000-8000-000000000000"}
    )
    assert (foreign.status_code, foreign.content) == (400, nobodys.content)
    undo(as_alice, plan)
    commit(as_bob, own)
    assert Transaction.objects.filter(owner=bob).count() == 4
    assert not Transaction.objects.filter(owner=alice).exists()


def test_old_previews_are_swept(as_alice: APIClient, as_bob: APIClient, alice: User, bob: User, bank: Account) -> None:
    Account.objects.create(owner=bob, name="Bank", currency="EUR")
    done, old, new = (upload(as_alice, CSV, account="Bank").json() for _time in range(3))
    bobs = upload(as_bob, CSV, account="Bank").json()
    commit(as_alice, done)
    for plan in (done, old, bobs):
        Import.objects.filter(pk=plan["id"]).update(created_at=timezone.now() - KEPT)

    assert delete_old_plans(wait=lambda seconds: None) == {"import plans": 2}

    assert {str(key) for key in Import.objects.values_list("pk", flat=True)} == {done["id"], new["id"]}
    assert {str(key) for key in ImportFile.objects.values_list("import_id", flat=True)} == {new["id"]}
    assert {str(key) for key in ImportRow.objects.values_list("import_id", flat=True)} == {done["id"], new["id"]}


def test_a_message_quotes_only_the_start_of_a_long_currency(as_alice: APIClient) -> None:
    content = (OWN / "ofx" / "xml-bank-and-card.ofx").read_bytes().replace(b"CHF", b"C" * 5_000)

    plan = upload(as_alice, content, create_account="true").json()

    found = [row["message"] for row in rows_of(as_alice, plan["id"]) if "CCC" in row["message"]]
    assert [len(message) < 200 for message in found] == [True]


@pytest.mark.django_db(transaction=True)
def test_lines_are_made_ready_before_others_wait(
    as_alice: APIClient, bank: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite, nobody else can write while a transaction is open."""
    is_open: list[bool] = []
    for name in ("prepare_rows", "run_insert"):
        original = getattr(plans, name)

        def watched(*given: Any, original: Any = original) -> Any:
            is_open.append(connection.in_atomic_block)
            return original(*given)

        monkeypatch.setattr(plans, name, watched)

    plan = upload(as_alice, CSV, account="Bank").json()
    as_alice.patch(f"/imports/{plan['id']}", {"decimal": "."})

    assert is_open == [False, True, False, True]
