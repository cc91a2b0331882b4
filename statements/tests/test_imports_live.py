"""Imports at a real server: large files, and commits that race for the same lines."""

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from io import BytesIO
from json import loads
from typing import Any

import pytest
from django.db import connection

from statements.models import LineIdentity
from statements.services.plans import Said, create_plan, draft, prepare
from statements.services.storage import pack
from statements.tests.plans import HEADER
from transactions.models import Account, Transaction
from transactions.tests.live import PATIENCE, running, unchecked
from transactions.tests.test_bulk_changes_live import PASSWORD, database_url
from transactions.triggers import differences
from users.models import User

CLIENTS = 6
LINES = 300


def send(port: int, token: str, content: bytes) -> tuple[int, Any]:
    client = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv", "Accept": "application/json"}
    client.request("POST", "/imports?account=Bank", content, headers)
    response = client.getresponse()
    answer = response.status, loads(response.read())
    client.close()
    return answer


@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_one_of_many_commits_of_the_same_lines_succeeds(alice: User, bob: User) -> None:
    alice.set_password(PASSWORD)
    alice.save()
    Account.objects.create(owner=alice, name="Bank", currency="EUR")
    content = HEADER + b"".join(b"2026-11-%02d,Line %d,-%d.00\n" % (1 + n % 28, n, n + 1) for n in range(LINES))
    said = Said({"account": "Bank"})
    plans = [
        create_plan(alice, pack(BytesIO(content)), "", prepare(alice, draft(alice, BytesIO(content), said)), said)
        for _n in range(CLIENTS)
    ]
    server = unchecked({"DATABASE_URL": database_url(), "WORKERS": "2"})
    with running(server):
        token = server.request("POST", "/auth/token", {"username": "alice", "password": PASSWORD}).json()["access"]

        def commit(client: int) -> tuple[int, str]:
            server.request("POST", "/expenses", {"description": "x", "amount": 1}, token=token)
            answer = server.request("POST", f"/imports/{plans[client].pk}/commit", {}, token=token)
            return answer.status, answer.json().get("code", "")

        with ThreadPoolExecutor(CLIENTS) as pool:
            answers = list(pool.map(commit, range(CLIENTS)))
        large = HEADER + b"2026-11-01,%s,-1.00\n" % (b"x" * 9_000) * 800
        status, plan = send(server.port, token, large)
        too_large, problem = send(server.port, token, b" " * 20_100_000)

    assert sorted(answers) == [(200, ""), *[(409, "stale")] * (CLIENTS - 1)]
    assert Transaction.objects.filter(owner=alice, account__isnull=False).count() == LINES
    assert LineIdentity.objects.filter(owner=alice).count() == LINES
    assert Transaction.objects.filter(owner=alice, account__isnull=True).count() == CLIENTS
    assert differences(connection) == []
    assert not Transaction.objects.filter(owner=bob).exists()
    assert len(large) > 7_000_000
    assert (status, plan["counts"]["new"]) == (201, 800)
    assert (too_large, problem["code"]) == (413, "too_large")
