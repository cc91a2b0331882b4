"""The journey of the client that openapi-python-client makes."""

import datetime
import os
from typing import Any

from cashman_client import AuthenticatedClient, Client, models
from cashman_client.api.auth import sign_in
from cashman_client.api.incomes import (
    bulk_create_incomes,
    create_income,
    delete_income,
    get_income,
    list_incomes,
    replace_income,
    update_income,
)
from cashman_client.api.me import get_me

calls = 0


def got(status: int, operation: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the answer to a call that has to have that status."""
    global calls
    calls += 1
    answer = operation.sync_detailed(*args, **kwargs)
    assert answer.status_code == status, (calls, answer.content)
    if status >= 400:
        assert isinstance(answer.parsed, models.Problem)
    return answer


began = datetime.datetime.now(datetime.UTC)
url = os.environ["CASHMAN_URL"]
credentials = models.CredentialsRequest(
    username=os.environ["CASHMAN_USERNAME"], password=os.environ["CASHMAN_PASSWORD"]
)
pair = got(200, sign_in, client=Client(base_url=url), body=credentials).parsed
client = AuthenticatedClient(base_url=url, token=pair.access, raise_on_unexpected_status=True)

assert got(200, get_me, client=client).parsed.email == ""

body = models.IncomeRequest(description="salary", amount="5000.10")
created = got(201, create_income, client=client, body=body).parsed
assert created.amount == "5000.10"
two = [models.IncomeRequest(description="one of many", amount=amount) for amount in ("1", "2")]
assert len(got(201, bulk_create_incomes, client=client, body=two).parsed) == 2

assert len(got(200, list_incomes, client=client, updated_after=began).parsed.results) == 3
now = datetime.datetime.now(datetime.UTC)
assert got(200, list_incomes, client=client, updated_after=now).parsed.results == []
first = got(200, list_incomes, client=client, page_size=1).parsed
second = got(200, list_incomes, client=client, page_size=1, cursor=first.next_).parsed
assert first.results[0].id != second.results[0].id

etag = got(200, get_income, created.id, client=client).headers["ETag"]
change = models.PatchedIncomeRequest(notes="with Ada")
assert got(200, update_income, created.id, client=client, if_match=etag, body=change).parsed.notes == "with Ada"
late = got(412, update_income, created.id, client=client, if_match=etag, body=change)
assert late.parsed.code == "precondition_failed"

read = got(200, get_income, created.id, client=client).parsed
back = models.IncomeUpdateRequest.from_dict({**read.to_dict(), "notes": "with Bob"})
assert got(200, replace_income, created.id, client=client, body=back).parsed.notes == "with Bob"

bad = got(400, create_income, client=client, body=models.IncomeRequest(description="lottery", amount="0"))
assert [fault.field for fault in bad.parsed.errors] == ["amount"]
got(204, delete_income, created.id, client=client)
assert got(404, get_income, created.id, client=client).parsed.code == "not_found"
print(f"{calls} calls")
