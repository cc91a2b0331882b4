"""The way from page to page, for programs: the header `Link`, and a `cursor` that need not be cut out of a URL."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils.http import urlencode
from rest_framework.test import APIClient

from transactions.models import Category
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from users.models import User

PLAIN: dict[str, Any] = {"page_size": 1}
FILTERED: dict[str, Any] = {"page_size": 1, "search": "a coffee", "category": ["Food", "Fun"], "ordering": "amount"}


@pytest.fixture
def expenses(alice: User, bob: User) -> list[Any]:
    """Three of alice's; bob has some too."""
    for owner in (bob, alice):
        CategoryFactory.create(owner=owner, name="Fun")
        food = CategoryFactory.create(owner=owner, name="Food")
        rows = ExpenseFactory.create_batch(3, owner=owner, category=food, description="a coffee, or tea")
    return rows


def links_of(response: Any) -> dict[str, str]:
    """Return the URLs of a header `Link` by their relation."""
    parts = (part.split("; ") for part in response.headers.get("Link", "").split(", ") if part)
    return {relation.removeprefix('rel="').removesuffix('"'): url.strip("<>") for url, relation in parts}


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize("query", [PLAIN, FILTERED])
def test_the_header_has_the_links_of_the_body(
    as_alice: APIClient, alice: User, expenses: list[Any], query: dict[str, Any], accept: str
) -> None:
    browser = APIClient()
    browser.force_login(alice)
    first = as_alice.get("/expenses", query)
    second = as_alice.get(first.json()["next"])
    third = as_alice.get(second.json()["next"])
    paths = ["/expenses?" + urlencode(query, doseq=True), first.json()["next"], second.json()["next"]]

    for answer, path, names in zip((first, second, third), paths, ({"next"}, {"next", "prev"}, {"prev"}), strict=True):
        seen = links_of(answer if accept == "application/json" else browser.get(path, headers={"Accept": accept}))
        assert seen.keys() == names
        for name, link in (("next", answer.json()["next"]), ("prev", answer.json()["previous"])):
            if name in names:
                assert as_alice.get(seen[name]).json()["results"] == as_alice.get(link).json()["results"] != []


@pytest.mark.parametrize("path", ["/expenses", "/categories", "/tokens"])
def test_a_list_of_one_page_has_no_header(as_outsider: APIClient, expenses: list[Any], path: str) -> None:
    assert "Link" not in as_outsider.get(path)


def test_a_link_that_a_proxy_would_not_let_through_is_in_the_body_alone(
    as_alice: APIClient, alice: User, expenses: list[Any]
) -> None:
    names = [f"{number:050}" for number in range(40)]
    for name in names:
        CategoryFactory.create(owner=alice, name=name)
    answer = as_alice.get("/expenses", PLAIN | {"category": ["Food", *names]})

    assert len(answer.json()["next"]) > 2_000
    assert "Link" not in answer


@pytest.mark.parametrize("query", [PLAIN, FILTERED])
def test_a_cursor_may_be_the_whole_link(as_alice: APIClient, expenses: list[Any], query: dict[str, Any]) -> None:
    first = as_alice.get("/expenses", query).json()
    [cursor] = parse_qs(urlsplit(first["next"]).query)["cursor"]

    second = as_alice.get("/expenses", query | {"cursor": cursor}).json()
    assert as_alice.get("/expenses", query | {"cursor": first["next"]}).json() == second
    assert as_alice.get("/expenses", query | {"cursor": second["previous"]}).json()["results"] == first["results"]
    assert second["results"] != first["results"]


@pytest.mark.parametrize("cursor", ["?", "?cursor=", "?cursor=x", "http://testserver/expenses", "?x=1&cursor=%FF"])
def test_what_has_no_cursor_is_refused(as_alice: APIClient, expenses: list[Any], cursor: str) -> None:
    answer = as_alice.get("/expenses", PLAIN | {"cursor": cursor})

    assert answer.status_code == 400
    assert [(fault["field"], fault["code"]) for fault in answer.json()["errors"]] == [("cursor", "invalid_cursor")]


def test_the_link_of_other_filters_or_of_somebody_elses_list_shows_nothing_else(
    as_alice: APIClient, as_outsider: APIClient, expenses: list[Any]
) -> None:
    link = as_alice.get("/expenses", PLAIN).json()["next"]

    assert as_alice.get("/expenses", PLAIN | {"cursor": link, "search": "tea"}).status_code == 400
    assert as_alice.get("/transactions", PLAIN | {"cursor": link}).status_code == 400
    assert as_outsider.get("/expenses", PLAIN | {"cursor": link}).json()["results"] == []
    assert Category.objects.for_owner(expenses[0].owner).count() == 2
