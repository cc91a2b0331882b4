"""The journey of the client that openapi-generator makes for Python."""

import datetime
import os
from collections.abc import Callable
from typing import Any

import cashman_og
from cashman_og.exceptions import ApiException
from cashman_og.models import CredentialsRequest, IncomeRequest, IncomeUpdateRequest, PatchedIncomeRequest, Problem

calls = 0


def got(status: int, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return the answer to a call that has to have that status."""
    global calls
    calls += 1
    answer = call(*args, **kwargs)
    assert answer.status_code == status, answer.status_code
    answer.headers = {name.lower(): value for name, value in answer.headers.items()}
    return answer


def refused(status: int, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Problem:
    """Return the problem, as parsed by the client, of a call that is refused with that status."""
    global calls
    calls += 1
    try:
        call(*args, **kwargs)
    except ApiException as error:
        assert error.status == status, error
        assert isinstance(error.data, Problem)
        return error.data
    raise AssertionError(f"call {calls}: no {status}")


began = datetime.datetime.now(datetime.UTC)
configuration = cashman_og.Configuration(host=os.environ["CASHMAN_URL"])
client = cashman_og.ApiClient(configuration)
credentials = CredentialsRequest(username=os.environ["CASHMAN_USERNAME"], password=os.environ["CASHMAN_PASSWORD"])
configuration.access_token = got(200, cashman_og.AuthApi(client).sign_in_with_http_info, credentials).data.access
incomes = cashman_og.IncomesApi(client)

assert got(200, cashman_og.MeApi(client).get_me_with_http_info).data.email == ""

body = IncomeRequest(description="salary", amount=cashman_og.IncomeAmountRequest("5000.10"))
created = got(201, incomes.create_income_with_http_info, body).data
assert created.amount == "5000.10"
two = [IncomeRequest(description="one of many", amount=cashman_og.IncomeAmountRequest(amount)) for amount in ("1", "2")]
assert len(got(201, incomes.bulk_create_incomes_with_http_info, two).data) == 2

assert len(got(200, incomes.list_incomes_with_http_info, updated_after=began).data.results) == 3
now = datetime.datetime.now(datetime.UTC)
assert got(200, incomes.list_incomes_with_http_info, updated_after=now).data.results == []
first = got(200, incomes.list_incomes_with_http_info, page_size=1).data
second = got(200, incomes.list_incomes_with_http_info, page_size=1, cursor=first.next).data
assert first.results[0].id != second.results[0].id

etag = got(200, incomes.get_income_with_http_info, created.id).headers["etag"]
change = PatchedIncomeRequest(notes="with Ada")
changed = got(200, incomes.update_income_with_http_info, created.id, if_match=etag, patched_income_request=change)
assert changed.data.notes == "with Ada"
late = refused(412, incomes.update_income_with_http_info, created.id, if_match=etag, patched_income_request=change)
assert late.code == "precondition_failed"

read = got(200, incomes.get_income_with_http_info, created.id).data
back = IncomeUpdateRequest.from_dict(
    {**read.to_dict(), "amount": cashman_og.IncomeAmountRequest(read.amount).to_dict(), "notes": "with Bob"}
)
assert got(200, incomes.replace_income_with_http_info, created.id, back).data.notes == "with Bob"

nothing = IncomeRequest(description="lottery", amount=cashman_og.IncomeAmountRequest("0.00"))
bad = refused(400, incomes.create_income_with_http_info, nothing)
assert [fault.var_field if hasattr(fault, "var_field") else fault.field for fault in bad.errors] == ["amount"]
got(204, incomes.delete_income_with_http_info, created.id)
assert refused(404, incomes.get_income_with_http_info, created.id).code == "not_found"
print(f"{calls} calls")
