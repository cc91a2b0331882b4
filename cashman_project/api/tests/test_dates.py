"""Moments as the libraries of other languages write them, in fields and in filters, and sent back as they were read."""

import datetime
import re

import pytest
from rest_framework.test import APIClient

from cashman_project.api.dates import TIMESTAMP_PATTERN, format_timestamp, parse_timestamp
from cashman_project.api.serializers import StrictTimestampField
from cashman_project.api.tests.problems import problem_of, stored
from conftest import client_of
from transactions.models import Income
from transactions.tests.factories import CategoryFactory, IncomeFactory
from users.models import PersonalToken, User

# A moment as it is written, and as it is read.
WRITTEN = [
    ("2026-11-30T08:15:00Z", "2026-11-30T08:15:00.000000Z"),  # JavaScript leaves no fraction out: .000Z
    ("2026-11-30T08:15:00.000Z", "2026-11-30T08:15:00.000000Z"),
    ("2026-11-30T08:15:00.1Z", "2026-11-30T08:15:00.100000Z"),  # Go's RFC3339Nano cuts zeros off
    ("2026-11-30T08:15:00.12Z", "2026-11-30T08:15:00.120000Z"),
    ("2026-11-30T08:15:00.1234Z", "2026-11-30T08:15:00.123400Z"),
    ("2026-11-30T08:15:00.12345Z", "2026-11-30T08:15:00.123450Z"),
    ("2026-11-30T08:15:00.123456+00:00", "2026-11-30T08:15:00.123456Z"),  # Python's isoformat
    ("2026-11-30T08:15:00.1234567Z", "2026-11-30T08:15:00.123456Z"),  # .NET's round trip format
    ("2026-11-30T08:15:00.1234569+00:00", "2026-11-30T08:15:00.123456Z"),
    ("2026-11-30T08:15:00.12345678Z", "2026-11-30T08:15:00.123456Z"),
    ("2026-11-30T08:15:00.999999999Z", "2026-11-30T08:15:00.999999Z"),  # Java's Instant; cut, not rounded
    ("2026-11-30T08:15:00.123456789+05:45", "2026-11-30T02:30:00.123456Z"),
    ("2026-11-30T08:15Z", "2026-11-30T08:15:00.000000Z"),  # Java's OffsetDateTime leaves zero seconds out
    ("2026-11-30T08:15+01:00", "2026-11-30T07:15:00.000000Z"),
    ("2026-11-30T08:15:00+0000", "2026-11-30T08:15:00.000000Z"),  # strftime's %z
    ("2026-11-30T08:15:00-0330", "2026-11-30T11:45:00.000000Z"),
    ("2026-11-30T08:15:00-00:00", "2026-11-30T08:15:00.000000Z"),
    ("2026-11-30T08:15:00+23:59", "2026-11-29T08:16:00.000000Z"),
]
WRONG = [
    "2026-11-30T08:15:00",
    "2026-11-30T08:15:00.Z",
    "2026-11-30T08:15:00.1234567890Z",
    "2026-11-30T08:15:00,5Z",
    "2026-11-30T08Z",
    "2026-11-30T08:15.5Z",
    "2026-11-30T0815Z",
    "2026-11-30T081500Z",
    "20261130T081500Z",
    "2026-11-30 08:15:00Z",
    "2026-11-30t08:15:00z",
    "2026-11-30T08:15:00 +00:00",
    "2026-11-30T08:15:00+00",
    "2026-11-30T08:15:00+0:00",
    "2026-11-30T08:15:00+24:00",
    "2026-11-30T08:15:00+00:60",
    "2026-11-30T08:15:00+00:00:00",
    "2026-11-30T08:15:00UTC",
    "2026-11-30T24:00:00Z",
    "2026-11-30T08:60:00Z",
    "2026-11-31T08:15:00Z",
    "2026-11-30T08:15:00.１Z",
    "2026-W48-1T08:15:00Z",
]


@pytest.mark.parametrize(("text", "read"), WRITTEN)
def test_a_moment_is_read(text: str, read: str, alice: User, bob: User) -> None:
    timestamp = parse_timestamp(text)
    assert format_timestamp(timestamp) == read
    assert re.match(TIMESTAMP_PATTERN, text)

    later = text.replace("2026", "2126")
    field = StrictTimestampField()
    assert field.to_representation(field.run_validation(later)) == read.replace("2026", "2126")
    for owner in (alice, bob):
        IncomeFactory.create(owner=owner, created_at=timestamp)
        IncomeFactory.create(owner=owner, created_at=timestamp - datetime.timedelta(microseconds=1))
    assert len(client_of(alice).get("/incomes", {"updated_after": text}).json()["results"]) == 1


@pytest.mark.parametrize("text", WRONG)
def test_another_form_is_no_moment(text: str, as_alice: APIClient) -> None:
    before = stored()
    with pytest.raises(ValueError, match=r"."):
        parse_timestamp(text)
    problem_of(as_alice.get("/incomes", {"updated_after": text}), 400, "invalid", ("updated_after", "invalid"))
    body = {"name": "x", "scope": "read", "expires_at": text.replace("2026", "2126")}
    problem_of(as_alice.post("/tokens", body), 400, "invalid", ("expires_at", "invalid"))
    assert stored() == before


MOMENT = datetime.datetime(2026, 11, 30, 8, 15, 0, 120_000, datetime.UTC)
SAME = [
    "2026-11-30T08:15:00.120000Z",
    "2026-11-30T08:15:00.12Z",
    "2026-11-30T08:15:00.120000+00:00",
    "2026-11-30T08:15:00.1200000Z",
    "2026-11-30T08:15:00.120000000Z",
    "2026-11-30T09:15:00.12+01:00",
    "2026-11-30T08:15:00.120+0000",
]
OTHER = ["2026-11-30T08:15:00Z", "2026-11-30T08:15:00.120001Z", "2026-11-30T08:15:00.12+01:00", "x", "", None, 1, True]


@pytest.fixture
def income(alice: User) -> Income:
    """An income of alice's, written at MOMENT."""
    income: Income = IncomeFactory.create(owner=alice, created_at=MOMENT, description="salary")  # type: ignore[assignment]
    return income


@pytest.mark.parametrize("text", SAME)
def test_a_kept_moment_is_sent_back_in_any_form(text: str, as_alice: APIClient, income: Income) -> None:
    read = as_alice.get(f"/incomes/{income.pk}").json()
    sent = read | {"created_at": text, "id": read["id"].upper(), "description": "bonus"}

    answer = as_alice.put(f"/incomes/{income.pk}", sent)

    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    assert answer.json()["created_at"] == read["created_at"]
    again = as_alice.patch(f"/transactions/{income.pk}", {"created_at": text, "notes": "x"})
    assert again.status_code == 200


@pytest.mark.parametrize("text", OTHER)
def test_another_value_is_a_change(text: object, as_alice: APIClient, as_outsider: APIClient, income: Income) -> None:
    before = stored()
    read = as_alice.get(f"/incomes/{income.pk}").json()

    answer = as_alice.put(f"/incomes/{income.pk}", read | {"created_at": text})

    problem_of(answer, 400, "invalid", ("created_at", "read_only"))
    problem_of(as_outsider.put(f"/incomes/{income.pk}", read), 404, "not_found")
    assert stored() == before


@pytest.mark.parametrize(
    ("field", "value", "same"),
    [
        ("id", str.upper, True),
        ("id", str.lower, True),
        ("id", str.title, True),
        ("id", lambda text: text[:-1] + "x", False),
        ("version", lambda number: number, True),
        ("version", str, False),
        ("version", bool, False),
        ("type", lambda text: text, True),
        ("type", str.lower, False),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_what_the_service_keeps_is_compared_by_value(
    field: str, value: object, same: bool, as_alice: APIClient, income: Income
) -> None:
    read = as_alice.get(f"/incomes/{income.pk}").json()

    answer = as_alice.put(f"/incomes/{income.pk}", read | {field: value(read[field])})  # type: ignore[operator]

    assert answer.status_code == (200 if same else 400), answer.content


def test_a_category_is_sent_back_in_any_form_too(as_alice: APIClient, alice: User) -> None:
    category = CategoryFactory.create(owner=alice, created_at=MOMENT)
    read = as_alice.get(f"/categories/{category.pk}").json()

    for text in SAME:
        sent = read | {"created_at": text, "id": read["id"].upper(), "name": text}
        current = as_alice.get(f"/categories/{category.pk}").json()
        sent |= {name: current[name] for name in ("version", "updated_at")}
        assert as_alice.put(f"/categories/{category.pk}", sent).status_code == 200, text


def test_a_user_is_sent_back_in_any_form_too(as_alice: APIClient, alice: User) -> None:
    assert as_alice.patch("/me", {"id": str(alice.pk).upper(), "currency": "EUR"}).status_code == 200
    assert PersonalToken.objects.count() == 0
