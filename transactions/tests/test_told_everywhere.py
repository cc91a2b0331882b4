"""What is declared once is in the documents and on the pages, too: fields, filters, groupings and resources."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client
from django.urls import get_resolver, reverse

from cashman_project.api import origin
from cashman_project.api.fastpath.checks import routes_of
from cashman_project.urls import ROOT_LINKS
from ledgers.checks import check_indexed, check_registered
from ledgers.resources import RESOURCES as FEED
from ledgers.serializers import VIA
from transactions.filters import TransactionFilterSet
from transactions.groupings import GROUPINGS
from transactions.models import BalanceCheck, OwnedModel, Tag, Transaction
from transactions.orderings import ORDERINGS
from transactions.serializers import TransactionSerializer
from transactions.urls import router
from users.models import User

API = (Path(settings.BASE_DIR) / "docs/api.md").read_text(encoding="utf-8")
LATER = {BalanceCheck}  # whose paths are not there yet
RESOURCES = [basename for _prefix, _viewset, basename in router.registry]


def listed(heading: str) -> set[str]:
    """Return the names in the first cells of the tables below the heading."""
    section = re.split(r"^##", API.partition(f"\n{heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    cells = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_every_field_of_a_transaction_is_documented() -> None:
    assert set(TransactionSerializer().fields) - {"type"} - listed("## Add transactions") == set()


def test_every_filter_is_documented() -> None:
    assert TransactionFilterSet.base_filters.keys() - listed("### Filters") == set()


def test_every_ordering_is_documented() -> None:
    assert ORDERINGS.keys() - listed("### Pages") == set()


def test_every_grouping_is_documented() -> None:
    sentence = " ".join(API.split()).partition("`group_by` is one or two of")[2].partition(", and the sums")[0]
    assert re.findall(r"`(\w+)`", sentence) == list(GROUPINGS)


def test_every_way_of_writing_is_documented() -> None:
    known = {value for name, value in vars(origin).items() if name.isupper() and isinstance(value, str)}
    sentence = " ".join(API.split()).partition("`via` is ")[2].partition(". ")[0]
    assert re.findall(r"`(\w+)`", sentence) == re.findall(r"`(\w+)`", VIA)
    assert {*re.findall(r"`(\w+)`", VIA)} == known


@pytest.mark.parametrize("basename", RESOURCES)
def test_every_resource_is_documented(basename: str) -> None:
    assert re.search(rf"\$API{reverse(f'{basename}-list')}\b", API)


def test_every_owned_model_has_a_path() -> None:
    """So none is forgotten in `urls.py`: what has no path has no page, no export and no check either."""
    owned = {model for model in apps.get_models() if issubclass(model, OwnedModel)}
    shown = {route.cls.queryset.model for route in routes_of(get_resolver().url_patterns)}
    assert owned - shown - LATER == set()
    assert Transaction in owned


def test_every_owned_model_is_in_the_feed() -> None:
    """A check refuses to start otherwise: /changes would miss its rows without a word."""
    assert check_registered() == []
    resource = FEED.pop(Transaction.resource)
    try:
        assert [message.id for message in check_registered()] == ["ledgers.E001"]
    finally:
        FEED[Transaction.resource] = resource


def test_every_owned_model_has_the_index_of_the_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_indexed() == []
    indexes = [index for index in Tag._meta.indexes if index.name != "tag_revision"]
    monkeypatch.setattr(Tag._meta, "indexes", indexes)
    assert [(found.id, found.obj) for found in check_indexed()] == [("ledgers.E002", Tag)]


def test_the_root_links_to_every_resource() -> None:
    lists = {route.initkwargs["basename"] for route in routes_of(get_resolver().url_patterns)}
    assert {f"{basename}-list" for basename in lists} - set(ROOT_LINKS.values()) == set()
    assert len(lists) > 4


def test_the_pages_link_to_every_resource(alice: User) -> None:
    browser = Client()
    stranger = browser.get("/", headers={"Accept": "text/html"}).content.decode()
    browser.force_login(alice)
    own = browser.get("/", headers={"Accept": "text/html"}).content.decode()
    for part in (stranger.partition("<main")[2], own.partition("<main")[0]):  # the start page, and the navigation
        linked = set(re.findall(r'href="(?:http://testserver)?(/\w+)"', part))
        assert {reverse(f"{basename}-list") for basename in RESOURCES} - linked == set()
