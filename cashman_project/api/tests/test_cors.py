"""Pages of other origins: CORS_ALLOWED_ORIGINS alone says which of them may read the API."""

import json
import os
import subprocess
import sys
from functools import cache

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of

LISTED = "https://app.example"
PATHS = ["/ping", "/secured/ping", "/incomes", "/auth/token", "/nope"]
UNLISTED = ["https://evil.example", "http://app.example", "https://app.example:1", "https://app.example.evil", "null"]
EXPOSED = [
    *("Content-Disposition", "ETag", "Idempotency-Replayed", "Link", "Location", "Preference-Applied", "Retry-After"),
    *("Ledger-Revision", "WWW-Authenticate", "X-Request-ID"),
]
SENT = (
    "authorization, cache-control, content-type, idempotency-key, if-match, if-none-match, min-revision, prefer, "
    "traceparent, tracestate"
)


@cache
def middleware() -> list[str]:
    """Return the settings if the environment lists the origin."""
    code = "import json; from django.conf import settings; print(json.dumps(settings.MIDDLEWARE))"
    environment = {**os.environ, "CORS_ALLOWED_ORIGINS": LISTED, "DJANGO_SETTINGS_MODULE": "cashman_project.settings"}
    found: list[str] = json.loads(subprocess.check_output([sys.executable, "-c", code], env=environment))
    return found


@pytest.fixture(autouse=True)
def listed(settings: Settings) -> None:
    settings.MIDDLEWARE = middleware()
    settings.CORS_ALLOWED_ORIGINS = [LISTED]


@pytest.mark.parametrize("path", PATHS)
def test_a_listed_origin_may_read(path: str, as_alice: APIClient) -> None:
    response = as_alice.get(path, headers={"Origin": LISTED})

    assert response["Access-Control-Allow-Origin"] == LISTED
    assert response["Access-Control-Expose-Headers"].split(", ") == EXPOSED
    assert "Access-Control-Allow-Credentials" not in response
    assert "origin" in response["Vary"].lower().split(", ")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", PATHS)
def test_a_listed_origin_may_ask_first(path: str, method: str, nobody: APIClient) -> None:
    headers = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": SENT}

    response = nobody.options(path, headers={"Origin": LISTED, **headers})

    assert (response.status_code, response.content) == (200, b"")
    assert response["Access-Control-Allow-Origin"] == LISTED
    assert method in response["Access-Control-Allow-Methods"].split(", ")
    assert set(SENT.split(", ")) <= set(response["Access-Control-Allow-Headers"].split(", "))


@pytest.mark.parametrize("origin", UNLISTED)
@pytest.mark.parametrize("path", PATHS)
def test_an_unlisted_origin_gets_nothing(path: str, origin: str, as_alice: APIClient) -> None:
    ask = {"Origin": origin, "Access-Control-Request-Method": "GET"}

    for response in (as_alice.get(path, headers={"Origin": origin}), as_alice.options(path, headers=ask)):
        assert not [name for name in response.headers if name.lower().startswith("access-control-allow-origin")]
        assert "origin" in response["Vary"].lower().split(", ")


def test_no_origin_is_listed_by_default(settings: Settings, as_alice: APIClient) -> None:
    settings.CORS_ALLOWED_ORIGINS = []
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "corsheaders" not in name]

    for path in PATHS:
        assert "Access-Control-Allow-Origin" not in as_alice.get(path, headers={"Origin": LISTED})


def test_a_listed_origin_may_read_its_errors_too(nobody: APIClient) -> None:
    """The early ones as well, which no view has seen."""
    answers = [
        (nobody.get("/secured/ping", headers={"Origin": LISTED}), 401, "authorization_header_missing"),
        (nobody.get("/nope", headers={"Origin": LISTED}), 404, "not_found"),
        (nobody.get("/ping", headers={"Origin": LISTED, "Transfer-Encoding": "chunked"}), 411, "length_required"),
        (
            nobody.post("/incomes", {"x": 6_000_000 * "x"}, headers={"Origin": LISTED}),
            413,
            "too_large",
        ),
    ]

    for response, status, code in answers:
        problem_of(response, status, code)
        assert response["Access-Control-Allow-Origin"] == LISTED
        assert "Retry-After" in response["Access-Control-Expose-Headers"]
