"""The pages of lists and sums: what is wrong with a filter, and what a page has no room for."""

import pytest
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser
from reports.summary_view import SummaryView
from transactions.tests import books
from transactions.tests.factories import CategoryFactory
from users.models import User


def test_a_wrong_filter_marks_no_field_of_the_form_for_a_new_row(alice: User, bob: User, outsider: User) -> None:
    for user in (alice, bob, outsider):
        page = Browser(user).get("/transactions?category=Nothing", 400)
        new, filters = page.main.all("form")

        assert "autofocus" in filters.one("select", name="category").attributes
        for name in ("aria-invalid", "autofocus"):
            assert name not in new.one("input", name="category").attributes


def test_the_form_of_filters_offers_the_owners_categories(alice: User, bob: User, outsider: User) -> None:
    for user in (alice, bob):
        CategoryFactory.create(owner=user, name=f"{user.username}'s food")

    for user, names in ((alice, ["alice's food"]), (bob, ["bob's food"]), (outsider, [])):
        for name in ("category", "exclude_category"):
            options = Browser(user).get("/transactions").main.one("select", name=name).all("option")
            assert [value for option in options if (value := option.attributes["value"])] == names


@pytest.mark.parametrize("name", ["description", "amount", "notes"])
def test_a_filter_with_the_name_of_a_field_is_told_above_the_list(name: str, alice: User) -> None:
    page = Browser(alice).get(f"/transactions?{name}=1", 400)

    assert page.main.one("div", role="alert").text == f"{name}: There is no such parameter here."
    assert page.errors() == {}


def test_the_summary_of_too_many_groups_shows_the_first_ones(
    as_alice: APIClient, alice: User, bob: User, outsider: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.fill(alice)
    everything = as_alice.get("/summary?group_by=category,type").json()["results"]
    for shown in (len(everything), len(everything) - 1):
        monkeypatch.setattr(SummaryView, "most_on_page", shown)
        page = Browser(alice).get("/summary?group_by=category,type")
        pivots = page.main.all("table", class_="pivot")
        assert bool(pivots) == (shown == len(everything))  # whose sums need all groups
        assert pivots or sum(len(body.all("tr")) for body in page.main.all("tbody")) == shown
        told = [node.text for node in page.main.all("p", role="status")]
        left_out = len(everything) - shown
        assert told == left_out * [
            f"Only the first {shown} groups are shown here, and 1 are not: filter further, or download all of them."
        ]
        assert as_alice.get("/summary?group_by=category,type").json()["results"] == everything
    monkeypatch.undo()
    assert SummaryView.most_on_page == 1_000
    for user in (bob, outsider):
        assert "Food" not in Browser(user).get("/summary?group_by=category,type").main.text
