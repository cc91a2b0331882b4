"""Authentication, the errors of wrong tokens, and /auth/register."""

import http.client
import json
from typing import Any

import pytest
from django.conf import settings
from pytest_django import Settings
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of, stored
from transactions.tests.factories import IncomeFactory
from transactions.tests.live import PATIENCE, LiveServer
from users.models import User
from users.sessions import start_session
from users.tests.tokens import HEADER, PASSWORD, claims_of, signed

CHALLENGE = 'Bearer realm="cashman"'

# What is changed of a good token's claims (None: taken out), and the code of its refusal.
WRONG_CLAIMS: list[tuple[dict[str, Any], str]] = [
    ({"exp": 1}, "token_expired"),
    ({"exp": 0}, "token_expired"),
    ({"exp": -(10**30)}, "token_expired"),
    ({"exp": 10**17}, "invalid_token"),
    ({"exp": 10**30}, "invalid_token"),
    ({"exp": 1e30}, "invalid_token"),
    ({"exp": float("nan")}, "invalid_token"),
    ({"exp": float("inf")}, "invalid_token"),
    ({"exp": "tomorrow"}, "invalid_token"),
    ({"exp": []}, "invalid_token"),
    ({"exp": None}, "invalid_token"),
    ({"iat": 2**33}, "invalid_token"),
    ({"iat": 10**30}, "invalid_token"),
    ({"iat": "x"}, "invalid_token"),
    ({"nbf": 2**33}, "invalid_token"),
    ({"nbf": {}}, "invalid_token"),
    ({"aud": "another"}, "invalid_claims"),
    ({"aud": ["another"]}, "invalid_claims"),
    ({"aud": 5}, "invalid_claims"),
    ({"aud": None}, "invalid_token"),
    ({"iss": "another"}, "invalid_claims"),
    ({"iss": ["cashman"]}, "invalid_claims"),
    ({"iss": None}, "invalid_token"),
    ({"sub": 5}, "invalid_token"),
    ({"sub": ["x"]}, "invalid_token"),
    ({"sub": True}, "invalid_token"),
    ({"sub": None}, "invalid_token"),
    ({"sub": ""}, "invalid_token"),
    ({"sub": "nobody"}, "invalid_token"),
    ({"sub": "\0"}, "invalid_token"),
    ({"sub": "\ud800"}, "invalid_token"),
    ({"sub": 5_000 * "x"}, "invalid_token"),
    ({"jti": None}, "invalid_token"),
    ({"sid": None}, "invalid_token"),
    ({"sid": ""}, "invalid_token"),
    ({"sid": 5}, "invalid_token"),
    ({"sid": ["x"]}, "invalid_token"),
    ({"sid": "\0"}, "invalid_token"),
    ({"sid": "01a20000-0000-7000-8000-000000000000"}, "invalid_token"),
    ({"token_type": "another"}, "invalid_token"),
    ({"token_type": 5}, "invalid_token"),
    ({"token_type": None}, "invalid_token"),
]
WRONG_TOKENS = {
    "no token": "garbage",
    "empty parts": "..",
    "four parts": "a.b.c.d",
    "no JSON": "YQ.YQ.YQ",
    "a number as header": signed({}, header=5),
    "a list as header": signed({}, header=[]),
    "no alg": signed({}, header={}),
    "alg as a number": signed({}, header={"alg": 5}),
    "alg as a list": signed({}, header={"alg": ["HS256"]}),
    "kid as a number": signed({}, header=HEADER | {"kid": 5}),
    "header nested deep": signed({}, header=9_000 * b"["),
    "header with a number of 5,000 digits": signed({}, header=b'{"alg": ' + 5_000 * b"9" + b"}"),
    "critical extensions": signed({}, header=HEADER | {"crit": ["x"]}),
    "claims as a list": signed([]),
    "claims as null": signed(None),
    "claims as text": signed("x"),
    "claims that are no JSON": signed(b"{"),
    "claims nested deep": signed(9_000 * b"["),
    "a number of 5,000 digits": signed(b'{"exp": ' + 5_000 * b"9" + b"}"),
    "bytes that are no text": "\xff",
    "16,000 characters": 16_000 * "a",
    "a prefix alone": "cashman_",
    "a prefix and no base64": "cashman_" + 64 * "?",
    "a prefix and letters of another alphabet": "cashman_" + 64 * "\xe9",
    "a prefix and too little": "cashman_" + 63 * "a",
    "a prefix and too much": "cashman_" + 65 * "a",
    "a prefix and what was never given": "cashman_" + 64 * "a",
    "a prefix in capitals": "CASHMAN_" + 64 * "a",
}


def get_with(header: str | None) -> Any:
    headers = {} if header is None else {"Authorization": header}
    return APIClient(raise_request_exception=False).get("/secured/ping", headers=headers)


def changed(claims: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (claims | changes).items() if value is not None}


def test_a_token_made_by_hand_is_good(alice: User) -> None:
    """So what the tests below change is what is wrong with theirs."""
    for claims in (claims_of(alice), claims_of(alice) | {"aud": ["another", "cashman"]}):
        assert get_with(f"Bearer {signed(claims)}").json() == {"status": "ok"}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_may_be_in_any_case(scheme: str, alice: User) -> None:
    assert get_with(f"{scheme} {start_session(alice).access_token}").status_code == 200


@pytest.mark.parametrize("header", [None, "", " "])
def test_no_header_is_told_from_a_wrong_one(header: str | None, db: None) -> None:
    response = get_with(header)

    problem_of(response, 401, "authorization_header_missing")
    assert response["WWW-Authenticate"] == CHALLENGE


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "bearer", "{token}", "Bearer {token} x", "Bearer a b", "Basic YTpi", "basic YTpi"]
)
def test_a_header_of_another_form_is_invalid(header: str, alice: User) -> None:
    response = get_with(header.replace("{token}", str(start_session(alice).access_token)))

    problem_of(response, 401, "invalid_header")
    assert response["WWW-Authenticate"] == CHALLENGE


@pytest.mark.live
def test_two_headers_are_as_one_of_another_form(live: LiveServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=PATIENCE)
    connection.putrequest("GET", "/secured/ping")
    for token in ("first", "second"):
        connection.putheader("Authorization", f"Bearer {token}")
    connection.endheaders()
    response = connection.getresponse()
    problem = json.load(response)
    connection.close()

    assert (response.status, problem["code"]) == (401, "invalid_header")


@pytest.mark.parametrize("scheme", ["Token", "Digest", "JWT", "token", "Bearer:", "Negotiate"])
def test_another_scheme_is_not_overlooked(scheme: str, alice: User) -> None:
    response = get_with(f"{scheme} {start_session(alice).access_token}")

    problem_of(response, 401, "invalid_header")
    assert response["WWW-Authenticate"] == CHALLENGE


@pytest.mark.parametrize(("changes", "code"), WRONG_CLAIMS, ids=[ascii(case[0])[:40] for case in WRONG_CLAIMS])
def test_a_token_of_wrong_claims_is_refused(changes: dict[str, Any], code: str, alice: User, nobody: APIClient) -> None:
    response = get_with(f"Bearer {signed(changed(claims_of(alice), changes))}")

    problem_of(response, 401, code)
    assert response["WWW-Authenticate"] == f'{CHALLENGE}, error="invalid_token"'
    refresh = nobody.post("/auth/token/refresh", {"refresh": signed(changed(claims_of(alice, "refresh"), changes))})
    problem_of(refresh, 401, code)
    assert refresh["WWW-Authenticate"] == CHALLENGE


@pytest.mark.parametrize("token", WRONG_TOKENS.values(), ids=WRONG_TOKENS.keys())
def test_a_token_of_another_form_is_refused(token: str, alice: User, nobody: APIClient) -> None:
    response = get_with(f"Bearer {token}")

    problem_of(response, 401, "invalid_token")
    assert response["WWW-Authenticate"] == f'{CHALLENGE}, error="invalid_token"'
    problem_of(nobody.post("/auth/token/refresh", {"refresh": token}), 401, "invalid_token")


def test_a_token_that_the_service_did_not_sign_is_refused(alice: User) -> None:
    claims = claims_of(alice)
    head, payload, signature = signed(claims).split(".")
    unsigned = signed(claims, header={"alg": "none", "typ": "JWT"}).rpartition(".")[0]

    for token in (
        signed(claims, key=32 * "x"),
        signed(claims, key=settings.SECRET_KEY),
        signed(claims, header=HEADER | {"alg": "HS512"}, digest="sha512"),
        *(signed(claims, header=HEADER | {"alg": alg}) for alg in ("RS256", "ES256", "hs256", "none", "None", "nOnE")),
        signed(claims, header=HEADER | {"alg": None}),
        *(signed(claims, header=HEADER | {"typ": typ}) for typ in ("jwt", "at+jwt", "", None, 5)),
        signed(claims, header={"alg": "HS256"}),
        *(signed(claims, header=HEADER | {"kid": kid}) for kid in ("another", "../../dev/null", "' OR 1=1 --")),
        signed(claims, header=HEADER | {"jwk": {"kty": "oct", "k": "AAAA"}}),
        signed(claims, header=HEADER | {"jku": "http://127.0.0.1/keys"}),
        f"{unsigned}.",
        f"{unsigned}.{signature}",
        f"{head}.{payload}.",
        f"{head}.{payload}.{signature[::-1]}",
        f"{head}.{signed(claims | {'sub': 'x'}).split('.')[1]}.{signature}",
    ):
        problem_of(get_with(f"Bearer {token}"), 401, "invalid_token")


def test_one_kind_of_token_is_not_used_as_the_other(alice: User, nobody: APIClient) -> None:
    problem_of(get_with(f"Bearer {start_session(alice)}"), 401, "invalid_token")
    response = nobody.post("/auth/token/refresh", {"refresh": str(start_session(alice).access_token)})
    problem_of(response, 401, "invalid_token")


def test_a_token_of_one_users_session_is_no_other_users(alice: User, bob: User, nobody: APIClient) -> None:
    for kind in ("access", "refresh"):
        token = signed(claims_of(alice, kind) | {"sub": bob.subject})
        response = get_with(f"Bearer {token}") if kind == "access" else nobody.post("/auth/logout", {"refresh": token})
        problem_of(response, 401, "invalid_token")


def test_a_stale_token_is_no_matter_where_none_is_needed(nobody: APIClient) -> None:
    nobody.credentials(HTTP_AUTHORIZATION="Bearer garbage")

    assert nobody.get("/ping").status_code == 200
    problem_of(nobody.get("/incomes"), 401, "invalid_token")


def test_sign_up_is_closed_unless_it_is_opened(nobody: APIClient) -> None:
    for body in ({"username": "zoe", "password": PASSWORD}, {}):
        problem_of(nobody.post("/auth/register", body), 403, "permission_denied")
    assert not User.objects.exists()


@pytest.fixture
def open_for_all(settings: Settings) -> None:
    settings.ALLOW_SIGNUP = True


def test_who_signs_up_gets_books_of_its_own(open_for_all: None, nobody: APIClient, alice: User) -> None:
    IncomeFactory.create(owner=alice)

    response = nobody.post("/auth/register", {"username": "zoe", "password": PASSWORD, "email": "zoe@home.example"})

    zoe = User.objects.get(username="zoe")
    assert response.status_code == 201
    assert response.json() == {
        "id": str(zoe.pk),
        "username": "zoe",
        "email": "zoe@home.example",
        "currency": "USD",
        "time_zone": "UTC",
        "month_start": 1,
        "language": None,
        "account": None,
    }
    assert (zoe.is_staff, zoe.is_superuser) == (False, False)
    pair = nobody.post("/auth/token", {"username": "zoe", "password": PASSWORD}).json()
    nobody.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    assert nobody.get("/incomes").json()["results"] == []


@pytest.mark.parametrize("username", ["alice", " alice ", "ａｌｉｃｅ", "ⓐlice"])
def test_a_name_that_is_taken_is_a_conflict(username: str, open_for_all: None, nobody: APIClient, alice: User) -> None:
    before = stored()

    response = nobody.post("/auth/register", {"username": username, "password": PASSWORD})

    problem_of(response, 409, "conflict", ("username", "conflict"))
    assert stored() == before


def test_a_name_logs_in_however_it_is_written(open_for_all: None, nobody: APIClient) -> None:
    assert nobody.post("/auth/register", {"username": "ﬁona", "password": PASSWORD}).json()["username"] == "fiona"

    for username in ("fiona", "ﬁona"):
        assert nobody.post("/auth/token", {"username": username, "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"username": None}, [("username", "null")]),
        ({"username": ""}, [("username", "blank")]),
        ({"username": 5}, [("username", "invalid")]),
        ({"username": "a b"}, [("username", "invalid")]),
        ({"username": "a/b"}, [("username", "invalid")]),
        ({"username": 151 * "x"}, [("username", "max_length")]),
        ({"username": 10 * "ﷺ"}, [("username", "invalid"), ("username", "max_length")]),
        ({"password": "short"}, [("password", "password_too_short")]),
        ({"password": " "}, [("password", "password_too_short")]),
        ({"password": "password123"}, [("password", "password_too_common")]),
        ({"password": "8473920183746"}, [("password", "password_entirely_numeric")]),
        ({"password": "zoe.miller1"}, [("password", "password_too_similar")]),
        ({"password": "zoe@home.example"}, [("password", "password_too_similar")]),
        ({"password": ""}, [("password", "blank")]),
        ({"password": 12345678}, [("password", "invalid")]),
        ({"password": 1_001 * "x"}, [("password", "max_length")]),
        ({"password": "x\0yzabcdefg"}, [("password", "null_characters_not_allowed")]),
        ({"email": "zoe"}, [("email", "invalid")]),
        ({"email": 5}, [("email", "invalid")]),
        ({"email": None}, [("email", "null")]),
        ({"email": 250 * "x" + "@home.example"}, [("email", "max_length")]),
        ({"is_staff": True}, [("is_staff", "unknown_field")]),
        ({"is_superuser": True}, [("is_superuser", "unknown_field")]),
        ({"id": "01a20000-0000-7000-8000-000000000000"}, [("id", "unknown_field")]),
    ],
)
def test_a_wrong_sign_up_is_refused_by_its_field(
    changes: dict[str, Any], faults: list[tuple[str | None, str]], open_for_all: None, nobody: APIClient
) -> None:
    body = {"username": "zoe.miller", "password": PASSWORD, "email": "zoe@home.example"} | changes

    response = nobody.post("/auth/register", json.dumps(body), content_type="application/json")

    problem_of(response, 400, "unknown_field" if faults[0][1] == "unknown_field" else "invalid", *faults)
    assert not User.objects.exists()
