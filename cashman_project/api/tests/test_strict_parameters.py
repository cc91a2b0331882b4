"""Strict input: query parameters. An empty one counts as absent; any other is understood, or named and refused."""

from urllib.parse import quote

import pytest
from django.core.signing import Signer
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of, stored
from transactions.tests.factories import AccountFactory, CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User

LISTS = ["/incomes", "/expenses", "/transactions"]

# A parameter of the lists and of the summary, its wrong value, and the code of its refusal.
FILTER_FAULTS = [
    ("date", "2026-W01-1", "invalid"),
    ("date", "20260101", "invalid"),
    ("date", "2026-1-1", "invalid"),
    ("date", "2026-02-30", "invalid"),
    ("date", "２０２６-01-01", "invalid"),
    ("date", "0001-01-01", "invalid"),
    ("date", "0000-01-01", "invalid"),
    ("date", "10000-01-01", "invalid"),
    ("date", "1899-12-31", "invalid"),
    ("date", "2026-01-01T00:00:00Z", "invalid"),
    ("date", "today", "invalid"),
    ("date", "\0", "invalid"),
    ("date_after", "x", "invalid"),
    ("date_after", "2201-01-01", "invalid"),
    ("date_before", "x", "invalid"),
    ("date_before", "0001-01-01", "invalid"),
    ("amount_min", "-1", "invalid"),
    ("amount_min", "+1", "invalid"),
    ("amount_min", "1e5", "invalid"),
    ("amount_min", "1_000", "invalid"),
    ("amount_min", "１", "invalid"),
    ("amount_min", "NaN", "invalid"),
    ("amount_min", "1,5", "invalid"),
    ("amount_min", " 1", "invalid"),
    ("amount_min", 5_000 * "9", "invalid"),
    ("amount_max", "Infinity", "invalid"),
    ("amount_max", "x", "invalid"),
    ("category", "nonesuch", "does_not_exist"),
    ("category", "secret", "does_not_exist"),
    ("category", "a\0", "invalid"),
    ("exclude_category", "nonesuch", "does_not_exist"),
    ("exclude_category", "secret", "does_not_exist"),
    ("exclude_category", "a\0", "invalid"),
    ("group", "nonesuch", "does_not_exist"),
    ("group", "secret", "does_not_exist"),
    ("group", "a\0", "invalid"),
    ("exclude_account", "nonesuch", "does_not_exist"),
    ("exclude_account", "secret", "does_not_exist"),
    ("exclude_account", "a\0", "invalid"),
    ("uncategorized", "perhaps", "invalid"),
    ("uncategorized", "True", "invalid"),
    ("uncategorized", "1", "invalid"),
    ("currency", "usd", "invalid_currency"),
    ("currency", "XXX", "invalid_currency"),
    ("currency", "840", "invalid_currency"),
    ("currency", " USD", "invalid_currency"),
    ("type", "income", "invalid_choice"),
    ("type", "X", "invalid_choice"),
    ("type", "\0", "invalid_choice"),
    ("external_id", 256 * "x", "max_length"),
    ("external_id", "\0", "null_characters_not_allowed"),
    ("updated_after", "2026-01-01", "invalid"),
    ("updated_after", "2026-01-01T00:00:00", "invalid"),
    ("updated_after", "2026-01-01 00:00:00Z", "invalid"),
    ("updated_after", "2026-01-01T00:00:00 02:00", "invalid"),
    ("updated_after", "2026-01-01T25:00:00Z", "invalid"),
    ("updated_after", "2026-01-01T00:00:60Z", "invalid"),
    ("updated_after", "2026-01-01T00:00:00+99:00", "invalid"),
    ("updated_after", "0001-01-01T00:00:00+01:00", "invalid"),
    ("updated_after", "9999-12-31T23:59:59-01:00", "invalid"),
    ("updated_after", "now", "invalid"),
    ("search", 201 * "x", "max_length"),
    ("search", "\0", "null_characters_not_allowed"),
]
PAGE_FAULTS = [
    ("page_size", "0", "invalid"),
    ("page_size", "501", "invalid"),
    ("page_size", "-1", "invalid"),
    ("page_size", "+5", "invalid"),
    ("page_size", " 5", "invalid"),
    ("page_size", "abc", "invalid"),
    ("page_size", "1.0", "invalid"),
    ("page_size", "1e2", "invalid"),
    ("page_size", "１０", "invalid"),
    ("page_size", "²", "invalid"),
    ("page_size", "9223372036854775808", "invalid"),
    ("page_size", 5_000 * "1", "invalid"),
    ("ordering", "x", "invalid_choice"),
    ("ordering", "-", "invalid_choice"),
    ("ordering", "--date", "invalid_choice"),
    ("ordering", "+date", "invalid_choice"),
    ("ordering", "Date", "invalid_choice"),
    ("ordering", "id", "invalid_choice"),
    ("ordering", "owner", "invalid_choice"),
    ("ordering", "owner__password", "invalid_choice"),
    ("ordering", "description_folded", "invalid_choice"),
    ("ordering", "category__key", "invalid_choice"),
    ("ordering", "absolute-amount", "invalid_choice"),
    ("ordering", "--absolute_amount", "invalid_choice"),
    ("ordering", "date,amount", "invalid_choice"),
    ("cursor", "x", "invalid_cursor"),
    ("cursor", "a.b.c", "invalid_cursor"),
    ("cursor", "\0", "invalid_cursor"),
    ("cursor", "é", "invalid_cursor"),
    ("cursor", 5_000 * "x", "invalid_cursor"),
]
OTHER_FAULTS = [
    ("GET", "/summary", "group_by", "x", "invalid"),
    ("GET", "/summary", "group_by", "owner", "invalid"),
    ("GET", "/summary", "group_by", "month,month", "invalid"),
    ("GET", "/summary", "group_by", "month,year,type", "invalid"),
    ("GET", "/summary", "group_by", "Month", "invalid"),
    ("GET", "/summary", "fill", "1", "invalid"),
    ("GET", "/summary?group_by=month", "fill", "True", "invalid"),
    ("GET", "/summary?group_by=category,type", "fill", "true", "needs_period"),
    ("GET", "/summary?group_by=month", "balance", "yes", "invalid"),
    ("GET", "/summary?group_by=month,category", "balance", "true", "needs_period"),
    ("GET", "/summary?date_after=2026-01-01&date_before=2026-12-31", "compare", "month", "invalid_choice"),
    ("GET", "/summary", "compare", "year", "needs_dates"),
    ("GET", "/summary?pivot=false", "value", "net", "needs_pivot"),
    ("GET", "/summary.csv", "value", "count", "needs_pivot"),
    ("GET", "/summary.csv?pivot=true&group_by=month,year", "value", "balance", "invalid_choice"),
    ("GET", "/summary?group_by=month,category", "pivot", "true", "needs_export"),
    ("GET", "/summary.csv?group_by=month", "pivot", "true", "needs_two_groupings"),
    ("GET", "/summary.xlsx?group_by=month", "pivot", "1", "invalid"),
    (
        "GET",
        "/summary.xlsx?group_by=month,type&pivot=true&date_after=2026-01-01&date_before=2026-12-31",
        "compare",
        "year",
        "not_in_pivot",
    ),
    ("GET", "/summary?date_after=2026-01-01", "compare", "previous", "needs_dates"),
    ("GET", "/changes", "limit", "1001", "invalid"),
    ("GET", "/changes", "limit", "１", "invalid"),
    ("GET", "/changes", "since", "x", "invalid_cursor"),
    ("GET", "/changes", "since", 5_000 * "x", "invalid_cursor"),
    ("GET", "/revisions", "page_size", "0", "invalid"),
    ("GET", "/revisions", "ordering", "at", "invalid_choice"),
    ("GET", "/revisions", "cursor", "x", "invalid_cursor"),
    ("GET", "/categories/%s/history", "page_size", "0", "invalid"),
    ("GET", "/categories/%s/history", "ordering", "at", "invalid_choice"),
    ("GET", "/categories/%s/history", "cursor", "x", "invalid_cursor"),
    ("GET", "/categories", "page_size", "0", "invalid"),
    ("GET", "/categories", "ordering", "date", "invalid_choice"),
    ("GET", "/categories", "cursor", "x", "invalid_cursor"),
    ("DELETE", "/categories/%s", "force", "yes", "invalid"),
    ("DELETE", "/categories/%s", "force", "1", "invalid"),
    ("POST", "/transactions", "existing", "keep", "invalid_choice"),
    ("POST", "/expenses/bulk", "existing", "true", "invalid_choice"),
]


def named(fault: tuple[str, ...]) -> str:
    return f"{'?'.join(fault[1:-3])} {fault[-3]}={ascii(fault[-2])[:30]}, {len(fault[-2])} long"


@pytest.fixture
def books(alice: User, bob: User) -> str:
    """Eight incomes and an expense of alice's; bob's category "secret". Returns the id of alice's category."""
    CategoryFactory.create(owner=bob, name="secret", group="secret")
    AccountFactory.create(owner=bob, name="secret")
    category = CategoryFactory.create(owner=alice, name="food")
    IncomeFactory.create_batch(8, owner=alice, category=category)
    ExpenseFactory.create(owner=alice)
    return str(category.pk)


@pytest.mark.parametrize(("name", "value", "code"), FILTER_FAULTS, ids=map(named, FILTER_FAULTS))
def test_a_wrong_filter_is_refused_by_its_name(
    name: str, value: str, code: str, as_alice: APIClient, books: str
) -> None:
    for path in (*LISTS, "/summary"):
        problem_of(as_alice.get(path, {name: value}), 400, "invalid", (name, code))
        page = as_alice.get(path, {name: value}, headers={"Accept": "text/html"})
        assert (page.status_code, page["Content-Type"]) == (400, "text/html; charset=utf-8")


@pytest.mark.parametrize(("name", "value", "code"), PAGE_FAULTS, ids=map(named, PAGE_FAULTS))
def test_a_page_that_is_none_is_refused(name: str, value: str, code: str, as_alice: APIClient, books: str) -> None:
    for path in LISTS:
        problem_of(as_alice.get(path, {name: value}), 400, "invalid", (name, code))


@pytest.mark.parametrize(("method", "path", "name", "value", "code"), OTHER_FAULTS, ids=map(named, OTHER_FAULTS))
def test_a_parameter_of_one_path_is_as_strict(
    method: str, path: str, name: str, value: str, code: str, as_alice: APIClient, books: str
) -> None:
    before = stored()
    address = path.replace("%s", books)

    mark = "&" if "?" in address else "?"

    problem_of(as_alice.generic(method, f"{address}{mark}{name}={value}"), 400, "invalid", (name, code))
    assert stored() == before


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/ping"),
        ("GET", "/secured/ping"),
        ("GET", "/livez"),
        ("GET", "/readyz"),
        ("GET", "/schema"),
        ("GET", "/docs"),
        ("GET", "/me"),
        ("PATCH", "/me"),
        ("POST", "/auth/token"),
        ("GET", "/summary"),
        ("GET", "/incomes"),
        ("POST", "/incomes"),
        ("OPTIONS", "/incomes"),
        ("GET", "/categories"),
        ("GET", "/categories/%s"),
        ("PATCH", "/categories/%s"),
        ("DELETE", "/categories/%s"),
    ],
)
@pytest.mark.parametrize("name", ["zzz", "Date", "format", "page", "limit", "owner", "date__gte", "é", "[]"])
def test_an_unknown_parameter_is_named(method: str, path: str, name: str, as_alice: APIClient, books: str) -> None:
    before = stored()

    for value in ("1", ""):
        response = as_alice.generic(method, path.replace("%s", books), "{}", QUERY_STRING=f"{quote(name)}={value}")
        problem_of(response, 400, "unknown_parameter", (name, "unknown_parameter"))
    assert stored() == before


def test_a_parameter_that_belongs_elsewhere_is_unknown(as_alice: APIClient, books: str) -> None:
    for method, path, name in [
        ("GET", "/summary", "page_size"),
        ("GET", "/summary", "ordering"),
        ("GET", "/categories", "category"),
        ("GET", "/incomes", "group_by"),
        ("GET", "/incomes", "force"),
        ("POST", "/incomes", "page_size"),
        ("PATCH", f"/categories/{books}", "force"),
    ]:
        response = as_alice.generic(method, f"{path}?{name}=1", "{}", content_type="application/json")
        problem_of(response, 400, "unknown_parameter", (name, "unknown_parameter"))


@pytest.mark.parametrize(
    "name", ["date", "amount_min", "currency", "search", "page_size", "ordering", "cursor", "type"]
)
def test_a_parameter_is_given_once(name: str, as_alice: APIClient, books: str) -> None:
    for values in (("", ""), ("x", "x"), ("", "x")):
        response = as_alice.get(f"/incomes?{name}={values[0]}&{name}={values[1]}")
        problem_of(response, 400, "invalid", (name, "repeated_parameter"))


def test_a_category_may_be_repeated(as_alice: APIClient, alice: User, books: str) -> None:
    ExpenseFactory.create(owner=alice, category=CategoryFactory.create(owner=alice, name="fun"))

    counts = {"category=food&category=fun": 9, "category=FOOD&category= food ": 8, "category=&category=fun": 1}
    for query, count in counts.items():
        assert len(as_alice.get(f"/transactions?{query}").json()["results"]) == count
    answer = as_alice.get("/transactions?category=food&category=nonesuch")
    problem_of(answer, 400, "invalid", ("category", "does_not_exist"))


@pytest.mark.parametrize("name", sorted({name for name, _value, _code in (*FILTER_FAULTS, *PAGE_FAULTS)}))
def test_an_empty_parameter_counts_as_absent(name: str, as_alice: APIClient, books: str) -> None:
    for path in LISTS:
        assert as_alice.get(f"{path}?{name}=").content == as_alice.get(path).content


def test_every_fault_of_a_query_is_named(as_alice: APIClient, books: str) -> None:
    faults = [("date", "invalid"), ("amount_min", "invalid"), ("currency", "invalid_currency")]
    problem_of(as_alice.get("/incomes?date=x&amount_min=x&currency=x"), 400, "invalid", *faults)
    unknown = [("a", "unknown_parameter"), ("b", "unknown_parameter")]
    problem_of(as_alice.get("/incomes?a=1&b=2&date=x"), 400, "unknown_parameter", *unknown)


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.123456+05:45",
        "1900-01-01T00:00:00+23:59",
        "2026-01-01T00:00:00-15:59",
    ],
)
def test_a_moment_may_have_any_offset(value: str, as_alice: APIClient, books: str) -> None:
    assert len(as_alice.get("/incomes", {"updated_after": value}).json()["results"]) == 8


def test_a_size_past_every_amount_is_no_fault(as_alice: APIClient, books: str) -> None:
    assert as_alice.get("/incomes?amount_min=99999999999999999999").json()["results"] == []
    assert as_alice.get("/incomes?amount_max=0.0000000000000000001").json()["results"] == []
    assert len(as_alice.get("/incomes?amount_min=0&amount_max=99999999999999999999").json()["results"]) == 8


@pytest.fixture
def cursor(as_alice: APIClient, books: str) -> str:
    """The cursor of the second page of alice's incomes of 2026."""
    following: str = as_alice.get("/incomes?page_size=3&date_after=2026-01-01").json()["next"]
    return following.partition("cursor=")[2].partition("&")[0]


@pytest.mark.parametrize(
    "query",
    [
        "/incomes?page_size=3&cursor=%s",
        "/incomes?page_size=3&date_after=2026-01-02&cursor=%s",
        "/incomes?page_size=3&date_before=2026-01-01&cursor=%s",
        "/incomes?page_size=3&date_after=2026-01-01&search=x&cursor=%s",
        "/incomes?page_size=3&date_after=2026-01-01&category=food&cursor=%s",
        "/incomes?page_size=3&date_after=2026-01-01&ordering=date&cursor=%s",
        "/incomes?page_size=3&date_after=2026-01-01&ordering=amount&cursor=%s",
        "/transactions?page_size=3&date_after=2026-01-01&cursor=%s",
        "/expenses?page_size=3&date_after=2026-01-01&cursor=%s",
    ],
)
def test_a_cursor_is_good_for_its_list_filters_and_ordering_alone(query: str, as_alice: APIClient, cursor: str) -> None:
    problem_of(as_alice.get(query.replace("%s", cursor)), 400, "invalid", ("cursor", "invalid_cursor"))


def test_a_cursor_of_the_same_list_is_good(as_alice: APIClient, cursor: str) -> None:
    for query in (
        "/incomes?page_size=3&date_after=2026-01-01&cursor=%s",
        "/incomes/?cursor=%s&date_after=2026-01-01&page_size=100",
        "/incomes?cursor=%s&search=&date_after=2026-01-01&ordering=-date&currency=",
    ):
        assert as_alice.get(query.replace("%s", cursor)).status_code == 200


def test_a_cursor_that_was_tampered_with_is_refused(as_alice: APIClient, cursor: str) -> None:
    data, _sep, signature = cursor.rpartition(".")
    forged = Signer(sep=".").sign_object([False, "2026-11-01", "x"])

    for text in (cursor[:-1], cursor[1:], cursor + "x", cursor.swapcase(), data, f"{data}.", f".{signature}", forged):
        response = as_alice.get(f"/incomes?page_size=3&date_after=2026-01-01&cursor={text}")
        problem_of(response, 400, "invalid", ("cursor", "invalid_cursor"))


def test_a_query_of_too_many_parameters_is_refused(as_alice: APIClient) -> None:
    problem_of(as_alice.get("/incomes?" + "&".join(f"a{n}=1" for n in range(1_001))), 400, "parse_error")


@pytest.mark.parametrize(
    "query",
    ["cursor=x", "cursor=%00", "page_size=0", "ordering=x", "x=1", "%ff", "&".join(f"x{n}" for n in range(1_200))],
    ids=lambda query: query[:12],
)
def test_who_asks_comes_before_what_is_wrong_with_the_question(
    query: str, nobody: APIClient, as_outsider: APIClient
) -> None:
    for path in (*LISTS, "/categories", "/expenses/x"):
        problem_of(nobody.get(f"{path}?{query}"), 401, "authorization_header_missing")
        assert as_outsider.get(f"{path}?{query}").status_code == 400


def test_a_text_that_is_not_utf_8_is_refused(as_alice: APIClient, as_outsider: APIClient) -> None:
    """Django would search for another text than the one that was sent."""
    for client in (as_alice, as_outsider):
        assert client.get("/transactions?search=caf%C3%A9").status_code == 200
        answer = client.get("/transactions?search=caf%E9")
        assert (answer.status_code, answer.json()["detail"]) == (400, "The query is not UTF-8.")
