"""Anyone can generate a client from /schema, and it works: openapi-python-client makes one, and it makes live calls."""

import datetime
import importlib
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings

from transactions.tests.live import LiveServer

pytestmark = pytest.mark.live

PACKAGE = "cashman_client"
CONFIGURATION = settings.BASE_DIR / "tests/clients/openapi_python_client.yaml"
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def generated(live: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The generated package, with all its modules imported."""
    directory = tmp_path_factory.mktemp("client")
    options = ["--url", f"{live.url}/schema", "--output-path", PACKAGE, "--meta", "none", "--fail-on-warning"]
    options += ["--config", str(CONFIGURATION)]
    done = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", *options],
        cwd=directory,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},  # it calls ruff by name
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(directory))
        package = importlib.import_module(PACKAGE)
        for module in pkgutil.walk_packages(package.__path__, f"{PACKAGE}."):
            importlib.import_module(module.name)
        yield package


def test_a_generated_client_logs_in(generated: ModuleType, live: LiveServer) -> None:
    models, auth = generated.models, generated.api.auth
    name = f"alice-{uuid4().hex}"
    registration = models.RegistrationRequest(username=name, password=PASSWORD)
    credentials = models.CredentialsRequest(username=name, password=PASSWORD)

    with generated.Client(base_url=live.url) as stranger:
        early = auth.sign_in.sync(client=stranger, body=credentials)
        user = auth.register.sync(client=stranger, body=registration)
        pair = auth.sign_in.sync(client=stranger, body=credentials)

    assert isinstance(early, models.Problem)
    assert early.code == "bad_credentials"
    assert (user.username, user.email) == (name, "")
    assert isinstance(pair, models.TokenPair)


def test_it_creates_and_lists(generated: ModuleType, live: LiveServer) -> None:
    api, models = generated.api, generated.models
    day = datetime.date(2026, 11, 20)
    income = models.IncomeRequest(description="salary", amount="5000", currency="JPY", date=day)
    expense = models.ExpenseRequest(description="pizza", amount="12.50")

    with logged_in(generated, live) as client:
        salary = api.incomes.create_income.sync(client=client, body=income)
        pizza = api.expenses.create_expense.sync(client=client, body=expense)
        first = api.transactions.list_transactions.sync(client=client, page_size=1)
        second = api.transactions.list_transactions.sync(client=client, page_size=1, cursor=first.next_)
        [found] = api.incomes.list_incomes.sync(client=client, date=day, uncategorized=True).results

    assert isinstance(salary, models.Income)
    assert (salary.amount, salary.currency, salary.date, salary.category) == ("5000", "JPY", day, None)
    assert isinstance(pizza, models.Expense)
    assert (pizza.amount, pizza.type_.value) == ("-12.50", "EXPENSE")
    assert {row.id for page in (first, second) for row in page.results} == {salary.id, pizza.id}
    assert second.next_ is None
    assert found == salary


def test_it_changes_and_deletes_what_it_has_read(generated: ModuleType, live: LiveServer) -> None:
    incomes, models = generated.api.incomes, generated.models

    with logged_in(generated, live) as client, logged_in(generated, live) as outsider:
        body = models.IncomeRequest(description="salary", amount="5000")
        first, second = incomes.bulk_create_incomes.sync(client=client, body=[body, body])
        tag = incomes.get_income.sync_detailed(first.id, client=client).headers["ETag"]
        change = models.PatchedIncomeRequest(notes="with Ada")
        changed = incomes.update_income.sync(first.id, client=client, if_match=tag, body=change)
        late = incomes.update_income.sync(first.id, client=client, if_match=tag, body=change)
        theirs = incomes.update_income.sync(first.id, client=outsider, body=change)
        deleted = incomes.delete_income.sync_detailed(second.id, client=client)
        left = incomes.list_incomes.sync(client=client).results

    assert changed.notes == "with Ada"
    assert (late.status, late.code) == (412, "precondition_failed")
    assert theirs.status == 404
    assert deleted.status_code == 204
    assert left == [changed]


def test_it_sums_up(generated: ModuleType, live: LiveServer) -> None:
    api, models = generated.api, generated.models
    dates = {"date_after": datetime.date(2026, 1, 1), "date_before": datetime.date(2026, 12, 31)}

    with logged_in(generated, live) as client, logged_in(generated, live) as outsider:
        for day in (datetime.date(2026, 11, 20), datetime.date(2025, 11, 20)):
            body = models.IncomeRequest(description="salary", amount="5000", currency="JPY", date=day)
            api.incomes.create_income.sync(client=client, body=body)
        parameters = get_summary_parameters(api.summary.get_summary, group_by="week", compare="year") | dates
        found = api.summary.get_summary.sync(client=client, **parameters)
        plain = api.summary.get_summary.sync(client=client, group_by=parameters["group_by"])
        theirs = api.summary.get_summary.sync(client=outsider, **parameters)

    [week] = [row for row in found.results if row.count]
    assert (week.week, week.net, week.from_) == ("2026-W47", "5000", datetime.date(2026, 11, 16))
    assert (week.previous.net, week.previous.to) == ("5000", datetime.date(2025, 11, 23))
    assert [(row.currency, row.net) for row in found.total] == [("JPY", "5000")]
    assert [row.net for row in plain.results] == ["5000", "5000"]
    assert theirs.results == theirs.total == []


def get_summary_parameters(operation: ModuleType, **words: str) -> dict[str, Any]:
    """Return the words as the enumerations that the generated function takes."""
    kinds = {"group_by": operation.GetSummaryGroupBy, "compare": operation.GetSummaryCompare}
    return {name: kinds[name](word) for name, word in words.items()}


def test_it_reads_problems(generated: ModuleType, live: LiveServer) -> None:
    incomes, models = generated.api.incomes, generated.models

    with logged_in(generated, live) as client, logged_in(generated, live) as outsider:
        bad = incomes.create_income.sync(
            client=client, body=models.IncomeRequest(description="salary", amount="1.005", currency="USD")
        )
        theirs = incomes.create_income.sync(client=client, body=models.IncomeRequest(description="salary", amount="1"))
        gone = incomes.get_income.sync(client=outsider, id=theirs.id)

    assert isinstance(bad, models.Problem)
    assert (bad.status, bad.code) == (400, "invalid")
    assert [(fault.field, fault.code) for fault in bad.errors] == [("amount", "too_many_decimals")]
    assert isinstance(gone, models.Problem)
    assert (gone.status, gone.code, gone.errors) == (404, "not_found", [])


def logged_in(generated: ModuleType, live: LiveServer) -> Any:
    """Return a client of a new user; one that raises on an answer that is not in the schema."""
    credentials = {"username": f"bob-{uuid4().hex}", "password": PASSWORD}
    assert live.request("POST", "/auth/register", credentials).status == 201
    token = live.request("POST", "/auth/token", credentials).json()["access"]
    return generated.AuthenticatedClient(base_url=live.url, token=token, raise_on_unexpected_status=True)
