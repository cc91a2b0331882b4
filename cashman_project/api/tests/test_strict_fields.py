"""Strict input: what the fields of a body may hold. Every refusal names its field, and changes nothing."""

import json
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of, stored
from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User

LONG = 5_000 * "9"

# A field, its value as JSON, and the code of its refusal. The rest of the body is fine.
FAULTS = [
    ("amount", "0", "zero"),
    ("amount", "-0", "zero"),
    ("amount", "0.00", "zero"),
    ("amount", "-0.0", "zero"),
    ("amount", "0e5", "zero"),
    ("amount", '"0"', "zero"),
    ("amount", '"-0"', "zero"),
    ("amount", '"0.00"', "zero"),
    ("amount", "-5", "negative"),
    ("amount", '"-5.00"', "negative"),
    ("amount", '"1_000"', "invalid"),
    ("amount", '"１２"', "invalid"),
    ("amount", '"٣"', "invalid"),
    ("amount", '"1e-1000"', "invalid"),
    ("amount", '"1e3"', "invalid"),
    ("amount", '"1E3"', "invalid"),
    ("amount", '"NaN"', "invalid"),
    ("amount", '"Infinity"', "invalid"),
    ("amount", '"sNaN"', "invalid"),
    ("amount", "NaN", "invalid"),
    ("amount", "Infinity", "invalid"),
    ("amount", "-Infinity", "invalid"),
    ("amount", "true", "invalid"),
    ("amount", "false", "invalid"),
    ("amount", "null", "null"),
    ("amount", "[]", "invalid"),
    ("amount", "[5]", "invalid"),
    ("amount", "{}", "invalid"),
    ("amount", '""', "invalid"),
    ("amount", '"+5"', "invalid"),
    ("amount", '"--5"', "invalid"),
    ("amount", '"−5"', "invalid"),
    ("amount", '" 5"', "invalid"),
    ("amount", '"5 "', "invalid"),
    ("amount", r'"5\n"', "invalid"),
    ("amount", r'"5\u0000"', "invalid"),
    ("amount", r'"\ud800"', "invalid"),
    ("amount", '"5."', "invalid"),
    ("amount", '".5"', "invalid"),
    ("amount", '"007"', "invalid"),
    ("amount", '"1,5"', "invalid"),
    ("amount", '"1 000"', "invalid"),
    ("amount", '"1.2.3"', "invalid"),
    ("amount", '"0x10"', "invalid"),
    ("amount", '"$5"', "invalid"),
    ("amount", '"5 USD"', "invalid"),
    ("amount", '"five"', "invalid"),
    ("amount", f'"{LONG}"', "invalid"),
    ("amount", "1e99999999999999999999", "invalid"),
    ("amount", "1e400", "out_of_range"),
    ("amount", "100000000000", "out_of_range"),
    ("amount", '"100000000000.00"', "out_of_range"),
    ("amount", LONG, "out_of_range"),
    ("amount", LONG[:4_299], "out_of_range"),
    ("amount", "0.001", "too_many_decimals"),
    ("amount", '"0.001"', "too_many_decimals"),
    ("amount", '"1.000"', "too_many_decimals"),
    ("amount", "99999999999.999", "too_many_decimals"),
    ("amount", "1e-1000", "too_many_decimals"),
    ("amount", f"0.{LONG}", "too_many_decimals"),
    ("currency", '"XXX"', "invalid_currency"),
    ("currency", '"XAU"', "invalid_currency"),
    ("currency", '"usd"', "invalid_currency"),
    ("currency", '"ZZZ"', "invalid_currency"),
    ("currency", '"840"', "invalid_currency"),
    ("currency", '"US"', "invalid_currency"),
    ("currency", '"ＵＳＤ"', "invalid_currency"),
    ("currency", '""', "blank"),
    ("currency", "840", "invalid"),
    ("currency", "null", "null"),
    ("currency", '["USD"]', "invalid"),
    ("date", '"2026-W01-1"', "invalid"),
    ("date", '"2026-001"', "invalid"),
    ("date", '"20260101"', "invalid"),
    ("date", "20260101", "invalid"),
    ("date", '"2026-1-1"', "invalid"),
    ("date", '"2026-02-30"', "invalid"),
    ("date", '"2026-13-01"', "invalid"),
    ("date", '"2026-00-10"', "invalid"),
    ("date", '"２０２６-01-01"', "invalid"),
    ("date", '"10000-01-01"', "invalid"),
    ("date", '"0001-01-01"', "invalid"),
    ("date", '"0000-01-01"', "invalid"),
    ("date", '"1899-12-31"', "invalid"),
    ("date", '"2201-01-01"', "invalid"),
    ("date", '"-2026-01-01"', "invalid"),
    ("date", '"+2026-01-01"', "invalid"),
    ("date", '"2026-01-01T00:00:00Z"', "invalid"),
    ("date", '"2026-01-01 "', "invalid"),
    ("date", r'"2026-01-01\n"', "invalid"),
    ("date", '"01/02/2026"', "invalid"),
    ("date", '"today"', "invalid"),
    ("date", '""', "invalid"),
    ("date", "null", "null"),
    ("date", "true", "invalid"),
    ("date", '["2026-01-01"]', "invalid"),
    ("description", "5", "invalid"),
    ("description", "5.5", "invalid"),
    ("description", "true", "invalid"),
    ("description", "null", "null"),
    ("description", "[]", "invalid"),
    ("description", '{"a": 1}', "invalid"),
    ("description", '""', "blank"),
    ("description", r'" \t\n　"', "blank"),
    ("description", r'"\u200b"', "blank"),
    ("description", r'"\u200b \u200e\u2066\u2069\ufeff"', "blank"),
    ("description", r'"\u0001\u007f\u0085"', "not_one_line"),
    ("description", r'"\u2028\u00ad"', "blank"),
    ("description", f'"{201 * "x"}"', "max_length"),
    ("description", r'"a\u0000b"', "null_characters_not_allowed"),
    ("description", r'"a\ud800b"', "surrogate_characters_not_allowed"),
    ("description", r'"\udc00\ud800"', "surrogate_characters_not_allowed"),
    ("notes", "5", "invalid"),
    ("notes", "null", "null"),
    ("notes", f'"{2_001 * "x"}"', "max_length"),
    ("notes", r'"\u0000"', "null_characters_not_allowed"),
    ("notes", r'"\udfff"', "surrogate_characters_not_allowed"),
    ("external_id", '""', "blank"),
    ("external_id", "5", "invalid"),
    ("external_id", f'"{256 * "x"}"', "max_length"),
    ("external_id", r'"\u0000"', "null_characters_not_allowed"),
    ("external_id", r'"\ud800"', "surrogate_characters_not_allowed"),
    ("category", '"secret"', "does_not_exist"),
    ("category", '"nonesuch"', "does_not_exist"),
    ("category", f'"{LONG}"', "does_not_exist"),
    ("category", '""', "blank"),
    ("category", '"  "', "blank"),
    ("category", "5", "invalid"),
    ("category", "true", "invalid"),
    ("category", '["food"]', "invalid"),
    ("category", '{"name": "food"}', "invalid"),
    ("category", r'"food\u0000"', "null_characters_not_allowed"),
    ("category", r'"\ud800"', "surrogate_characters_not_allowed"),
    ("id", '"01a20000-0000-7000-8000-000000000000"', "read_only"),
    ("id", "null", "read_only"),
    ("version", "2", "read_only"),
    ("version", '"1"', "read_only"),
    ("version", "true", "read_only"),
    ("created_at", '"2026-01-01T00:00:00Z"', "read_only"),
    ("updated_at", "null", "read_only"),
    ("zzz", "1", "unknown_field"),
    ("zzz", "null", "unknown_field"),
    ("Amount", "1", "unknown_field"),
    ("amount ", "1", "unknown_field"),
    ("owner", "1", "unknown_field"),
    ("category_id", "null", "unknown_field"),
    ("csrfmiddlewaretoken", '"x"', "unknown_field"),
    ("__class__", "1", "unknown_field"),
    ("résumé", "1", "unknown_field"),
    (r"\ud800", "1", "unknown_field"),
]


@pytest.fixture
def income(alice: User, bob: User) -> Transaction:
    """An income of alice's; bob has a category "secret" beside it."""
    CategoryFactory.create(owner=bob, name="secret")
    income: Transaction = IncomeFactory.create(owner=alice, category=CategoryFactory.create(owner=alice, name="food"))
    return income


def post(client: APIClient, path: str, body: str, **headers: str) -> Any:
    return client.post(path, body, content_type="application/json", headers=headers)


def patch(client: APIClient, path: str, body: str) -> Any:
    return client.patch(path, body, content_type="application/json")


@pytest.mark.parametrize(
    ("field", "value", "code"),
    FAULTS,
    ids=[f"{field}={ascii(value)[1:25]}, {len(value)} long" for field, value, _code in FAULTS],
)
def test_a_wrong_value_is_refused_by_its_fields_name(
    field: str, value: str, code: str, as_alice: APIClient, income: Transaction
) -> None:
    before = stored()
    rest = "".join(f'"{name}": {right}, ' for name, right in (("description", '"x"'), ("amount", "1")) if name != field)
    whole = code if code == "unknown_field" else "invalid"

    problem_of(post(as_alice, "/incomes", f'{{{rest}"{field}": {value}}}'), 400, whole, (field, code))
    problem_of(patch(as_alice, f"/incomes/{income.pk}", f'{{"{field}": {value}}}'), 400, whole, (field, code))
    page = post(as_alice, "/incomes", f'{{{rest}"{field}": {value}}}', Accept="text/html")
    assert (page.status_code, page["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert stored() == before


@pytest.mark.parametrize(
    ("currency", "amount"), [("JPY", "1.5"), ("JPY", '"1.0"'), ("KWD", "1.2345"), ("USD", "1.005"), ("BGN", '"1.000"')]
)
def test_an_amount_has_no_more_decimals_than_its_currency(
    currency: str, amount: str, as_alice: APIClient, income: Transaction
) -> None:
    before = stored()
    body = f'{{"description": "x", "amount": {amount}, "currency": "{currency}"}}'

    for path in ("/incomes", "/expenses"):
        problem_of(post(as_alice, path, body), 400, "invalid", ("amount", "too_many_decimals"))
    problem_of(patch(as_alice, f"/incomes/{income.pk}", body), 400, "invalid", ("amount", "too_many_decimals"))
    assert stored() == before


def test_a_new_currency_is_held_against_the_present_amount(as_alice: APIClient, alice: User) -> None:
    expense = ExpenseFactory.create(owner=alice, amount=Decimal("12.50"))

    response = patch(as_alice, f"/expenses/{expense.pk}", '{"currency": "JPY"}')

    problem_of(response, 400, "invalid", ("amount", "too_many_decimals"))


@pytest.mark.parametrize(
    ("value", "stored_as"),
    [
        ("1000.0", "1000.00"),
        ("1000.000", "1000.00"),
        ("1e3", "1000.00"),
        ("10e-1", "1.00"),
        ('"0.10"', "0.10"),
        ("0.1", "0.10"),
        ('"5"', "5.00"),
        ("99999999999.99", "99999999999.99"),
        ("0.01", "0.01"),
    ],
)
def test_a_plain_number_is_read_exactly(value: str, stored_as: str, as_alice: APIClient) -> None:
    response = post(as_alice, "/incomes", f'{{"description": "x", "amount": {value}}}')

    assert response.status_code == 201
    assert response.json()["amount"] == stored_as


@pytest.mark.parametrize(
    ("path", "body", "faults"),
    [
        ("/incomes", "{}", [("description", "required"), ("amount", "required")]),
        ("/incomes", '{"amount": 1}', [("description", "required")]),
        ("/incomes", '{"description": "x"}', [("amount", "required")]),
        ("/transactions", '{"description": "x", "amount": 1}', [("type", "required")]),
        ("/categories", "{}", [("name", "required")]),
        ("/categories", '{"name": ""}', [("name", "blank")]),
        ("/categories", r'{"name": "\u200b"}', [("name", "blank")]),
        ("/tokens", r'{"name": "\u200b\u202e", "scope": "read"}', [("name", "blank")]),
        ("/categories", '{"name": null}', [("name", "null")]),
        ("/categories", '{"name": 5}', [("name", "invalid")]),
        ("/categories", f'{{"name": "{101 * "x"}"}}', [("name", "max_length")]),
        ("/categories", r'{"name": "\u0000"}', [("name", "null_characters_not_allowed")]),
        ("/categories", '{"name": "x", "key": "x"}', [("key", "unknown_field")]),
        (
            "/incomes",
            '{"zzz": 1, "amount": "x", "description": 5, "date": "x"}',
            [
                ("zzz", "unknown_field"),
                ("description", "invalid"),
                ("amount", "invalid"),
                ("date", "invalid"),
            ],
        ),
        (
            "/incomes",
            '{"description": "x", "amount": 1, "a": 1, "b": 2}',
            [("a", "unknown_field"), ("b", "unknown_field")],
        ),
        (
            "/incomes",
            '{"description": "x", "amount": 1, "currency": "USDX"}',
            [("currency", "invalid_currency"), ("currency", "max_length")],
        ),
    ],
)
def test_every_fault_of_a_body_is_named(
    path: str, body: str, faults: list[tuple[str | None, str]], as_alice: APIClient, income: Transaction
) -> None:
    before = stored()
    code = "unknown_field" if {code for _field, code in faults} == {"unknown_field"} else "invalid"

    problem_of(post(as_alice, path, body), 400, code, *faults)
    assert stored() == before


@pytest.mark.parametrize("value", ['"EXPENSE"', '"income"', '"Income"', '""', "5", "true", "[]", '["INCOME"]', "{}"])
def test_the_type_of_a_new_income_is_income(value: str, as_alice: APIClient) -> None:
    response = post(as_alice, "/incomes", f'{{"description": "x", "amount": 1, "type": {value}}}')

    problem_of(response, 400, "invalid", ("type", "invalid_choice"))


def test_the_type_of_an_income_stays(as_alice: APIClient, income: Transaction) -> None:
    before = stored()

    response = patch(as_alice, f"/incomes/{income.pk}", '{"type": "EXPENSE"}')

    problem_of(response, 400, "invalid", ("type", "read_only"))
    assert stored() == before


def test_a_large_wrong_value_is_not_repeated(as_alice: APIClient) -> None:
    for field in ("type", "amount", "date", "currency", "category", "external_id"):
        response = post(as_alice, "/incomes", f'{{"description": "x", "amount": 1, "{field}": "{60_000 * "x"}"}}')
        assert response.status_code == 400
        assert len(response.content) < 1_000, field


@pytest.mark.parametrize("path", ["incomes", "transactions"])
def test_what_was_read_can_be_changed_and_sent_back_whole(path: str, as_alice: APIClient, income: Transaction) -> None:
    read = as_alice.get(f"/{path}/{income.pk}").json()

    response = as_alice.put(f"/{path}/{income.pk}", read | {"description": "bonus", "amount": "17.10"})

    assert response.status_code == 200, response.content
    changed = {"description": "bonus", "amount": "17.10", "version": 2}
    assert response.json() == read | changed | {"updated_at": response.json()["updated_at"]}
    problem_of(
        as_alice.put(f"/{path}/{income.pk}", read),
        400,
        "invalid",
        ("version", "read_only"),
        ("updated_at", "read_only"),
    )


def test_fields_that_are_left_out_of_a_patch_stay(as_alice: APIClient, income: Transaction) -> None:
    read = as_alice.get(f"/incomes/{income.pk}").json()

    response = as_alice.patch(f"/incomes/{income.pk}", {"notes": " kept as it is \n", "category": None})

    assert response.json() == read | {
        "notes": " kept as it is \n",
        "category": None,
        "version": 2,
        "updated_at": response.json()["updated_at"],
    }


def test_a_description_is_trimmed_and_the_rest_is_kept(as_alice: APIClient, income: Transaction) -> None:
    body = {"description": " x\n", "amount": 1, "notes": " n ", "external_id": " e ", "category": " FOOD "}

    row = as_alice.post("/incomes", body).json()

    assert [row[name] for name in ("description", "notes", "external_id", "category")] == ["x", " n ", " e ", "food"]


@pytest.mark.parametrize("text", ["a\u200bb", "\u202eabc", "\u200f₪", "👨\u200d👩", "\ue000", "\U0010fffd", "́"])
def test_a_text_that_shows_something_is_kept_as_it_is(text: str, as_alice: APIClient) -> None:
    body = {"description": text, "amount": 1, "notes": "\u200b", "external_id": "\u200b"}

    row = as_alice.post("/incomes", body).json()

    assert (row["description"], row["notes"], row["external_id"]) == (text, "\u200b", "\u200b")


@pytest.mark.parametrize("name", ["👨‍👩‍👧 family", "no\u00a0break", "ΐ", "O'Neill; --", "%", 100 * "é"])
def test_a_category_is_linked_by_whatever_name_it_has(name: str, as_alice: APIClient) -> None:
    assert as_alice.post("/categories", {"name": name}).status_code == 201

    row = as_alice.post("/incomes", json.loads(json.dumps({"description": "x", "amount": 1, "category": name})))

    assert row.json()["category"] == name
    assert len(as_alice.get("/incomes", {"category": name}).json()["results"]) == 1
