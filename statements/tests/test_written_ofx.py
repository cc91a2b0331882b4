"""The OFX that Cashman writes, read by its own reader: the same rows, with the balances of their accounts."""

import io
from collections import defaultdict
from typing import Any
from xml.dom.minidom import parseString

from rest_framework.test import APIClient

from cashman_project.money.amounts import format_amount
from statements.formats.ofx import read_ofx
from statements.formats.results import Line, Options, Statement
from transactions.tests.test_api_books import fill, new
from transactions.tests.test_api_exports import text_of, walk
from users.models import User


def read(client: APIClient, query: str = "") -> tuple[list[Statement], list[Line]]:
    text = text_of(client.get(f"/transactions.ofx{query}"))
    parseString(text)  # noqa: S318  # our own text, which is XML
    items = list(read_ofx(io.BytesIO(text.encode()), Options()))
    statements = [item for item in items if isinstance(item, Statement)]
    lines = [item for item in items if isinstance(item, Line)]
    assert len(items) == len(statements) + len(lines)
    return statements, lines


def test_each_row_is_a_line_of_its_account(alice: User, bob: User, as_alice: APIClient, as_outsider: APIClient) -> None:
    for owner in (alice, bob):
        fill(owner)
    new(as_alice, "/accounts", name="<A> & B", identifier="DE02 1203 0000 0000 2020 51", currency="EUR")
    new(as_alice, "/expenses", description="x" * 40, amount=2, account="<A> & B", notes="a\nb \x01 <c>")

    statements, lines = read(as_alice)

    rows = {row["id"]: row for row in walk(as_alice, "/transactions")}
    names = {"DE02 1203 0000 0000 2020 51": "<A> & B", "Without an account": None}
    assert {line.bank_id for line in lines} == rows.keys()
    for line in lines:
        row = rows[str(line.bank_id)]
        account = str(line.statement.account)
        assert names.get(account, account) == row["account"]
        assert (str(line.date), line.currency) == (row["date"], row["currency"])
        assert format_amount(line.amount, row["currency"]) == row["amount"]
        assert line.description == row["description"][:32]
        assert (line.kind == "XFER") == (row["transfer"] is not None)
    [long] = [line for line in lines if line.description.startswith("xx")]
    assert long.memo == f"{40 * 'x'} a b <c>"  # the reader leaves out the second space
    balances = {one["name"]: one["balance"] for one in as_alice.get("/accounts").json()["results"]}
    sums: dict[Any, Any] = defaultdict(int)
    for line in lines:
        sums[line.statement.account] += line.amount
    for statement in statements:
        account = str(statement.account)
        assert statement.closing is not None
        wanted = balances[names.get(account, account)] if names.get(account, account) else str(sums[account])
        assert format_amount(statement.closing.amount, str(statement.currency)) == wanted
    assert len(statements) == 5
    assert read_nothing(as_outsider)


def read_nothing(client: APIClient) -> bool:
    text = text_of(client.get("/transactions.ofx"))
    parseString(text)  # noqa: S318  # as above
    return "STMTRS" not in text


def test_a_filtered_list_has_the_statements_that_it_needs(alice: User, as_alice: APIClient, bob: User) -> None:
    fill(bob)
    fill(alice)

    statements, lines = read(as_alice, "?account=Card")
    assert [statement.account for statement in statements] == ["Card"]
    assert len(lines) == 3
    statements, lines = read(as_alice, "?currency=JPY")
    assert [(one.account, one.currency) for one in statements] == [("Without an account", "JPY")]
