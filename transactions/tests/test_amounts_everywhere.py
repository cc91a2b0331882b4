"""Every resource with an amount refuses what it can't store, and what its currency does not have."""

from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver
from rest_framework.test import APIClient

from cashman_project.api.fastpath.checks import routes_of
from cashman_project.money.serializer_field import AmountField
from transactions.tests.test_permissions import BODIES
from transactions.urls import router
from users.models import User


def amounts() -> list[tuple[str, str]]:
    """Return the path of each list that rows are added to, and the name of each amount that such a row has."""
    writable = {route.cls for route in routes_of(get_resolver().url_patterns) if "create" in route.actions.values()}
    registry: list[tuple[str, Any, str]] = router.registry  # Any: one of our viewsets
    return [
        (f"/{prefix}", name)
        for prefix, viewset, _basename in registry
        if viewset in writable
        for name, field in viewset.serializer_class().fields.items()
        if isinstance(field, AmountField) and not field.read_only
    ]


@pytest.mark.parametrize(("path", "name"), amounts())
@pytest.mark.parametrize("amount", ["0.123", "1.123456", "99999999999999", "1e3", "NaN"])
def test_an_amount_that_the_currency_does_not_have_is_refused(
    path: str, name: str, amount: str, as_alice: APIClient
) -> None:
    answer = as_alice.post(path, {**BODIES[path], name: amount})
    assert answer.status_code == 400, answer.content
    assert [error["field"] for error in answer.json()["errors"]] == [name]


@pytest.mark.parametrize(("path", "name"), amounts())
def test_a_form_without_a_currency_is_no_bug(path: str, name: str, alice: User) -> None:
    browser = Client()
    browser.force_login(alice)
    answer = browser.post(path, {name: "1,234.50"}, headers={"Accept": "text/html"})
    assert answer.status_code == 400


def test_there_are_amounts() -> None:
    assert len(amounts()) >= 3
